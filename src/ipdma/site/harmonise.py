"""Writes a harmonised upload: three tables, the study's own words, and an account of every row."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ipdma import __version__
from ipdma.codebook import Codebook
from ipdma.errors import ReadError
from ipdma.privacy.acting import shield
from ipdma.privacy.pseudonym import pseudonymise, replace_codes
from ipdma.privacy.wording import kept_back
from ipdma.site.check import CheckResult, check_study
from ipdma.site.checks.wording import identifiers_of
from ipdma.site.codes import shortest
from ipdma.site.facts import Facts, Score
from ipdma.site.harmonised import (
    ACCOUNT,
    ASSESSMENTS,
    HEAD,
    MISSING,
    MISSING_HEAD,
    PARTICIPANTS,
    TABLES,
    digest,
)
from ipdma.site.harmonised_scores import COLUMNS
from ipdma.site.read_assessments import TIMES
from ipdma.site.study_file import StudyFile
from ipdma.writing import replace_folder

KEY = "IPDMA_PSEUDONYM_KEY"


def harmonise_study(
    study_dir: Path | str,
    out_dir: Path | str,
    language: str = "en",
    codebooks: Sequence[Path | str] = (),
) -> CheckResult:
    """Check a study and, where it is ready, write its harmonised upload.

    Parameters
    ----------
    study_dir, out_dir : path
        They may be the same where the upload is harmonised already.
    language, codebooks
        As `check_study` takes them.

    Returns
    -------
    CheckResult
        Nothing was written unless it is ready. `error` also says when `out_dir` holds a mapping that would be
        overwritten, or cannot be written to.
    """
    result, content = prepare_upload(study_dir, language, codebooks)
    if not result.ready:
        return result
    target = Path(out_dir)
    try:
        refuse_to_overwrite(target)
        replace_folder(target, content, is_of_upload, seal="study.yaml", private=True)
    except ReadError as error:
        result.error = str(error)
    return result


def prepare_upload(
    study_dir: Path | str, language: str = "en", codebooks: Sequence[Path | str] = ()
) -> tuple[CheckResult, dict[str, bytes]]:
    """Check a study; the second is its harmonised upload, file by file, and empty unless it is ready.

    Raises ReadError where a key gives two participants one pseudonym.
    """
    source = Path(study_dir)
    result = check_study(source, language, codebooks)
    if not result.ready:
        return result, {}
    if result.file is None or result.facts is None or result.codebook is None:
        raise ReadError("nothing was read")
    try:
        content = build_upload(result.file, result.facts, result.codebook, os.environ.get(KEY, ""))
    except ReadError as error:
        result.error = str(error)
        return result, {}
    return result, content | own_codebook(source)


def is_of_upload(name: str) -> bool:
    """Whether a file of the folder belongs to an upload, by its name; any other is the site's own."""
    return name in {*TABLES, "study.yaml", ACCOUNT} or name.startswith("codebook/")


def refuse_to_overwrite(target: Path) -> None:
    """A folder whose study.yaml is a mapping is a source, never a target."""
    path = target / "study.yaml"
    if path.is_file() and b"layout: harmonised" not in path.read_bytes():
        raise ReadError(
            f"{target.name}: holds the mapping of a study, which would be overwritten; name another --out"
        )


def build_upload(file: StudyFile, facts: Facts, codebook: Codebook, key: str) -> dict[str, bytes]:
    """Names and bytes of the upload's own files."""
    hashed = bool(key) and not facts.pseudonymised
    ids = [pseudonymise(file.id, person.id, key) if hashed else person.id for person in facts.persons]
    if len(set(ids)) < len(ids):
        raise ReadError("two participants have the same pseudonym; choose another key")
    variables = [name for name in codebook.variables if name not in HEAD]
    codes = {} if facts.pseudonymised else free_codes(file, facts, codebook, key)
    tables = {
        PARTICIPANTS: csv_bytes([*HEAD, *variables], participant_rows(file, facts, variables, ids, codes)),
        ASSESSMENTS: csv_bytes(COLUMNS, assessment_rows(file, facts, ids)),
        MISSING: csv_bytes(MISSING_HEAD, missing_rows(file, facts, variables, ids)),
    }
    account = {
        "rows": account_rows(facts),
        "participants": len(facts.persons),
        "scores": len(facts.scores),
        "pseudonymised": hashed or facts.pseudonymised,
        "digest": digest([tables[name] for name in TABLES]),
        "made_by": {"ipdma": __version__, "codebook": codebook.digest},
    }
    return tables | {"study.yaml": study_yaml(file, identifiers_of(facts)), ACCOUNT: json_bytes(account)}


def account_rows(facts: Facts) -> dict[str, Any]:
    """Rows of the source; a harmonised upload keeps the account that it came with."""
    given = (facts.account or {}).get("rows")
    if isinstance(given, dict) and {"read", "kept", "excluded"} <= set(given):
        return given
    known = identifiers_of(facts)
    excluded = {kept_back(why, known): n for why, n in facts.excluded.items()}
    return {"read": facts.read, "kept": facts.kept, "excluded": excluded}


def free_codes(file: StudyFile, facts: Facts, codebook: Codebook, key: str) -> dict[str, dict[str, str]]:
    """What stands for each code of the variables that take any text, by variable."""
    free = [v.name for v in codebook.variables.values() if v.type == "text" and not v.levels]
    said = {
        name: [str(p.cells[name].value) for p in facts.persons if name in p.cells and p.cells[name].value]
        for name in free
    }
    return {name: replace_codes(file.id, name, codes, key) for name, codes in said.items() if codes}


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as UTF-8 text with commas and line feeds."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([shield(cell) for cell in row] for row in rows)
    return stream.getvalue().encode()


def json_bytes(content: Any) -> bytes:
    """Indented JSON with a final line feed."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def cell_text(value: str | float | None) -> str:
    """A value as it is written; empty where it is missing."""
    return "" if value is None else shortest(value) if isinstance(value, float) else value


def participant_rows(
    file: StudyFile,
    facts: Facts,
    variables: Sequence[str],
    ids: Sequence[str],
    codes: Mapping[str, Mapping[str, str]],
) -> Iterable[list[str]]:
    """One row per participant, in the order of the file; free codes by what stands for them."""
    for name, person in zip(ids, facts.persons, strict=True):
        arm = person.arm or ""
        texts = [cell_text(person.cells[v].value) if v in person.cells else "" for v in variables]
        cells = [codes.get(v, {}).get(text, text) for v, text in zip(variables, texts, strict=True)]
        yield [file.id, name, arm, file.arms[arm].condition, *cells]


def score_order(score: Score) -> tuple[Any, ...]:
    """Participants as they come, then time, instrument, rating and scoring."""
    time = TIMES.index(score.timepoint) if score.timepoint in TIMES else len(TIMES)
    return (
        score.person,
        time,
        score.weeks or 0.0,
        score.timepoint,
        score.instrument,
        score.rating,
        score.scoring,
    )


def assessment_rows(file: StudyFile, facts: Facts, ids: Sequence[str]) -> Iterable[list[str]]:
    """One row per observed score."""
    for score in sorted(facts.scores, key=score_order):
        weeks = cell_text(score.weeks)
        place = [score.instrument, score.rating, score.timepoint, weeks]
        yield [file.id, ids[score.person], *place, cell_text(score.value), score.scoring]


def missing_rows(
    file: StudyFile, facts: Facts, variables: Sequence[str], ids: Sequence[str]
) -> Iterable[list[str]]:
    """What the study did not collect, then each participant's missing variables."""
    for name in variables:
        if name in facts.not_collected:
            yield [file.id, "", name, "not_collected"]
    for participant, person in zip(ids, facts.persons, strict=True):
        for name in variables:
            cell = person.cells.get(name)
            if cell is not None and cell.value is None and name not in facts.not_collected:
                yield [file.id, participant, name, cell.kind or "not_given"]


def study_yaml(file: StudyFile, identifiers: frozenset[str]) -> bytes:
    """study.yaml of the upload: the study's own words, without source columns, codes or words about a
    person."""
    content: dict[str, Any] = {
        "ipdma_study": "1",
        "study": file.study,
        "source": {"layout": "harmonised"},
        "arms": file.raw_arms,
    }
    if file.published:
        content["published"] = file.published
    if file.confirmed:
        content["confirmed"] = [
            {
                k: kept_back(str(v), identifiers, k) if k in ("why", "by") else str(v)
                for k, v in entry.items()
                if v is not None
            }
            for entry in file.confirmed
        ]
    text = yaml.dump(content, Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


class PlainDumper(yaml.SafeDumper):
    """Writes repeated parts out, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def own_codebook(source: Path) -> dict[str, bytes]:
    """The study's own codebook folder, file by file."""
    folder = source / "codebook"
    if not folder.is_dir():
        return {}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in (".yaml", ".yml"))
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
