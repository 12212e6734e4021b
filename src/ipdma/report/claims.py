"""The claim ledger as files."""

from __future__ import annotations

import csv
import io
import json

from ipdma.report.ledger import FIELDS, Claim, Ledger


def claims_csv(ledger: Ledger) -> bytes:
    """One printed number a line."""
    held = io.StringIO()
    writer = csv.DictWriter(held, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_line(claim) for claim in ledger.claims)
    return held.getvalue().encode("utf-8")


def claims_json(ledger: Ledger) -> bytes:
    """The same as a JSON list."""
    held = [as_line(claim) for claim in ledger.claims]
    return (json.dumps(held, indent=0, ensure_ascii=False) + "\n").encode("utf-8")


def as_line(claim: Claim) -> dict[str, object]:
    """A claim whose value is written with every digit that it has."""
    return {**claim.as_mapping(), "value": repr(claim.value)}
