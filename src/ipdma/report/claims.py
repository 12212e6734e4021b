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
    """The same as a JSON list, a field a line, which Python's fast encoder does not do by itself."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",\n", ": ")).encode
    held = [f"{{\n{encode(as_line(claim))[1:-1]}\n}}" for claim in ledger.claims]
    return ("[\n" + ",\n".join(held) + "\n]\n" if held else "[]\n").encode("utf-8")


def as_line(claim: Claim) -> dict[str, object]:
    """A claim whose value is written with every digit that it has."""
    return {**claim.as_mapping(), "value": repr(claim.value)}
