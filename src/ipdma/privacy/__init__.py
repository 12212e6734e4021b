"""What may leave a site and what may be printed: small cells, pseudonyms, columns that identify people."""

from ipdma.privacy.cells import say_count
from ipdma.privacy.identifying import content_kind, name_kind
from ipdma.privacy.pseudonym import pseudonymise

__all__ = [
    "content_kind",
    "name_kind",
    "pseudonymise",
    "say_count",
]
