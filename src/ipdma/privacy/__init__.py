"""What may leave a site and what may be printed: small cells, pseudonyms, columns that identify people."""

from ipdma.privacy.cells import needs_hiding, say_count
from ipdma.privacy.identifying import content_kind, name_kind
from ipdma.privacy.pseudonym import pseudonymise
from ipdma.privacy.release import row_level_reason
from ipdma.privacy.suppress import Suppressed, suppress_table

__all__ = [
    "Suppressed",
    "content_kind",
    "name_kind",
    "needs_hiding",
    "pseudonymise",
    "row_level_reason",
    "say_count",
    "suppress_table",
]
