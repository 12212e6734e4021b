"""Confirmations: a finding that the site has looked at keeps its reason, and loses it when its count
changes."""

from __future__ import annotations

from typing import Any

from ipdma.site.entries import STUDY_YAML
from ipdma.site.findings import MUST_FIX, Finding, Findings


def apply_confirmations(confirmed: list[dict[str, Any]], findings: Findings) -> None:
    """Attach each confirmation to the findings of its code, variable and count; note those that fit none."""
    for entry in confirmed:
        code, variable, n = entry["code"], entry.get("variable"), entry["n"]
        alike = [f for f in findings.all if f.code == code and (variable is None or f.variable == variable)]
        fitting = [finding for finding in alike if finding.count == n]
        said = {"code": code, "variable": variable or "", "n": str(n), "found": say_counts(alike)}
        if any(finding.grade == MUST_FIX for finding in fitting or alike):
            findings.add("confirmation_refused", STUDY_YAML, variable, said=said)
            continue
        for finding in fitting:
            finding.confirmed = {key: (n if key == "n" else word) for key, word in entry.items()}
        if not fitting:
            findings.add(
                "confirmation_lapsed",
                STUDY_YAML,
                variable,
                said={**said, "found": ""},
                private={"now": say_counts(alike)},
            )


def say_counts(alike: list[Finding]) -> str:
    """The counts that these findings have now."""
    return " and ".join(str(finding.count) for finding in alike) or "0"
