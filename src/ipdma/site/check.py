"""Checks one study's upload, raw or harmonised: everything wrong at once, as findings and as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, load_codebook
from ipdma.codebook.text_yaml import as_mapping, read_text_nodes
from ipdma.errors import IpdmaError, ReadError
from ipdma.site.catalogue import say
from ipdma.site.checks.arms import check_arms, check_counts, count_unresolved
from ipdma.site.checks.combinations import check_combinations
from ipdma.site.checks.published import check_published
from ipdma.site.checks.scores import check_dropouts, check_scores
from ipdma.site.checks.wording import check_wording
from ipdma.site.confirm import apply_confirmations
from ipdma.site.facts import Facts
from ipdma.site.findings import GRADES, MUST_FIX, Finding, Findings
from ipdma.site.harmonised import read_harmonised
from ipdma.site.lines import Lines, locate
from ipdma.site.raw import read_raw
from ipdma.site.read_study import read_study
from ipdma.site.study_file import StudyFile

LARGEST_YAML = 5_000_000
MOST_ENTRIES = 5_000  # of arms, variables, assessments and confirmations together; a workbook has as many


@dataclass
class CheckResult:
    """What a check found.

    Attributes
    ----------
    study : str
        The study's identifier, or the folder's name where there is none.
    error : str or None
        Why the upload cannot be read at all (exit 2).
    findings : list of Finding
        By grade, code and place.
    not_checked : list of dict
        `check`, `what`, `why`, and `outcome` (not_checked, tool_failed).
    rows : dict
        Rows read, kept and excluded.
    file, facts, codebook
        What was read, for `harmonise`; None where it could not be read.
    """

    study: str
    error: str | None = None
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[dict[str, str]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=lambda: {"read": 0, "kept": 0, "excluded": 0})
    file: StudyFile | None = None
    facts: Facts | None = None
    codebook: Codebook | None = None
    language: str = "en"

    @property
    def ready(self) -> bool:
        """Whether nothing has to be fixed."""
        return self.error is None and not any(finding.grade == MUST_FIX for finding in self.findings)

    @property
    def exit_status(self) -> int:
        """0 ready, 1 must-fix findings, 2 cannot be read."""
        return 2 if self.error is not None else 0 if self.ready else 1

    def counts(self) -> dict[str, int]:
        """Findings by grade."""
        return {grade: sum(finding.grade == grade for finding in self.findings) for grade in GRADES}

    def as_json(self) -> dict[str, Any]:
        """The local report as plain data."""
        return {
            "ready": self.ready,
            "error": self.error,
            "findings": [as_entry(finding, self.language) for finding in self.findings],
            "not_checked": self.not_checked,
            "rows": self.rows,
        }


def as_entry(finding: Finding, language: str) -> dict[str, Any]:
    """A finding as plain data, with its cells."""
    message, remedy = say(finding, language)
    return {
        "code": finding.code,
        "grade": finding.grade,
        "file": finding.file,
        "variable": finding.variable,
        "column": finding.column,
        "rows": finding.rows,
        "count": finding.count,
        "of": finding.of,
        "values": finding.values,
        "message": message,
        "remedy": remedy,
        "confirmed": finding.confirmed,
    }


def check_study(
    study_dir: Path | str, language: str = "en", codebooks: Sequence[Path | str] = ()
) -> CheckResult:
    """Check the upload in a folder.

    Parameters
    ----------
    study_dir : path
        Holds `study.yaml` and what it names, or a harmonised upload.
    language : str
        Of the messages: en or nl.
    codebooks : sequence of paths
        Folders of further variables and instruments, beside the study's own `codebook/`.

    Returns
    -------
    CheckResult
        Never raises for bad data; `error` says why nothing could be read.
    """
    folder = Path(study_dir)
    result = CheckResult(Path(os.path.realpath(folder)).name, language=language)
    findings = Findings()
    try:
        content, lines = read_content(folder)
        own = folder / "codebook"
        result.codebook = load_codebook([*codebooks, *([own] if own.is_dir() else [])])
        file = result.file = read_study(content, result.codebook, findings)
        result.study = file.id or result.study
        if file.harmonised:
            facts = read_harmonised(folder, file, result.codebook, findings, result.not_checked)
        else:
            facts = read_raw(folder, file, result.codebook, findings)
    except IpdmaError as error:
        # the folder's place on the site's disk says nothing to others, and the shareable report carries this
        result.error = str(error).replace(f"{folder}/", "")
        result.findings = findings.ordered()
        return result
    result.facts = facts
    result.rows = {"read": facts.read, "kept": facts.kept, "excluded": facts.read - facts.kept}
    check_wording(file, facts, findings)
    run_checks(file, facts, result.codebook, findings, result.not_checked)
    apply_confirmations(file.confirmed, findings)
    locate(findings, lines)
    result.findings = findings.ordered()
    return result


def read_content(folder: Path) -> tuple[dict[str, Any], Lines]:
    """study.yaml as text, and the lines of its entries.

    Raises
    ------
    ReadError
        No such folder or file, not UTF-8, bad YAML, a key twice, nothing in it.
    """
    path = folder / "study.yaml"
    if not folder.is_dir():
        raise ReadError(
            f"{folder.name or folder}: there is no such folder; name the folder that holds study.yaml"
        )
    if not path.is_file():
        raise ReadError(
            f"{folder.name or folder}: holds no study.yaml; `ipdma scan FILE --out study.yaml` drafts one"
        )
    try:
        if path.stat().st_size > LARGEST_YAML:
            raise ReadError("study.yaml: it is larger than 5 MB, which no mapping is; does it hold data?")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReadError("study.yaml: not UTF-8; save it as UTF-8 text") from None
    except OSError as error:
        raise ReadError(f"study.yaml: cannot be opened ({error.strerror})") from None
    value, root = read_text_nodes(text, "study.yaml")
    content = as_mapping(value, "study.yaml")
    if not content:
        raise ReadError("study.yaml: the file says nothing; `ipdma scan FILE --out study.yaml` drafts one")
    entries = sum(len(part) for part in content.values() if isinstance(part, dict | list))
    if entries > MOST_ENTRIES:
        raise ReadError(
            f"study.yaml: {entries} entries; a trial's mapping has at most {MOST_ENTRIES}. Did a program "
            "write it from the rows of the data? An entry stands for a column"
        )
    return content, Lines(root)


def run_checks(
    file: StudyFile, facts: Facts, codebook: Codebook, findings: Findings, not_checked: list[dict[str, str]]
) -> None:
    """Run every check on what was read; one that fails is named and stops no other."""
    facts.unresolved = count_unresolved(facts, findings)
    checks: list[tuple[str, Callable[[], None]]] = [
        ("arms", lambda: check_arms(file, facts, findings)),
        ("counts", lambda: check_counts(file, facts, findings)),
        ("scores", lambda: check_scores(facts, findings)),
        ("dropouts", lambda: check_dropouts(facts, findings)),
        ("combinations", lambda: None if file.is_twin else check_combinations(facts, findings)),
        ("published", lambda: check_published(file, facts, codebook, findings, not_checked)),
    ]
    for name, check in checks if facts.persons else []:
        try:
            check()
        except Exception as error:
            why = f"a fault of the tool itself ({type(error).__name__}), not of your data"
            not_checked.append({"check": name, "what": name, "why": why, "outcome": "tool_failed"})
    for entry in not_checked:
        entry.setdefault("outcome", "not_checked")
