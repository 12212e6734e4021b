"""A bundle as text: the same bundle gives the same bytes, and a person can read them."""

from __future__ import annotations

import json
import re

from ipdma.bundle.mapping import mapping_of
from ipdma.bundle.records import Bundle
from ipdma.provenance import digest_text

NUMBERS = re.compile(r"\[\s+((?:[-+\d.eE]+,?\s+)+)\]")


def bundle_text(bundle: Bundle) -> str:
    """Canonical JSON: keys sorted, numbers that read back to the same bits, a list of numbers on one line."""
    text = json.dumps(mapping_of(bundle), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    return NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def bundle_digest(bundle: Bundle) -> str:
    """SHA-256 of the canonical text."""
    return digest_text(bundle_text(bundle))
