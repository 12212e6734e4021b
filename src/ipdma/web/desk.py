"""One visitor's desk: the files that were chosen, their check, the mapping as it is mended, the downloads.

Every answer is the command's: `scan`, `check` and `harmonise` run on a folder that holds the chosen files.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, load_codebook
from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.errors import IpdmaError, ReadError
from ipdma.site.catalogue import load_catalogue
from ipdma.site.check import CheckResult, check_study
from ipdma.site.formats import ReadOptions, read_table
from ipdma.site.harmonise import build_upload, own_codebook
from ipdma.site.report_data import local_json, outline, shareable_json
from ipdma.site.reports import report_html, rows_line, verdict
from ipdma.site.scan import scan_file
from ipdma.site.table import Table
from ipdma.site.template import from_sheets, to_sheets
from ipdma.site.yaml_text import write_yaml
from ipdma.web.drop import BELOW, MAPPING, arrange, data_files, is_whole, write_study
from ipdma.web.form import describe_codebook, describe_columns, pairs_of

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
OPTIONS = ("sheet", "encoding", "separator")
Rows = Mapping[str, list[list[str]]]


class Desk:
    """What the page works on.

    Parameters
    ----------
    root : Path
        A folder of its own, emptied whenever other data are chosen.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root.joinpath(*["desk"] * BELOW, "study")
        self.placed: dict[str, bytes] = {}
        self.drafted = False
        self.result: CheckResult | None = None
        self.table: tuple[Any, Table] | None = None

    def take(self, files: Mapping[str, bytes], language: str = "en") -> dict[str, Any]:
        """Take chosen files and do what the command would: draft a mapping, or check.

        A trial's file alone starts a draft. YAML files alone join the data that are there.

        Returns
        -------
        dict
            `state` (draft, checked, failed) and what belongs to it.
        """
        try:
            placed = arrange(files)
        except IpdmaError as error:
            return {"state": "failed", "error": str(error)}
        self.placed = placed if is_whole(placed) else self.placed | placed
        self.drafted, self.result, self.table = False, None, None
        trial = data_files(self.placed)
        if MAPPING not in self.placed and trial:
            return self.draft(trial, language)
        self.lay_out()
        return self.check(language)

    def lay_out(self) -> None:
        """The folder as a study's folder is."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.folder.mkdir(parents=True)
        write_study(self.folder, self.placed)

    def draft(self, trial: list[str], language: str) -> dict[str, Any]:
        """Draft the mapping of a trial's file."""
        if len(trial) > 1:
            names = ", ".join(trial)
            return {"state": "failed", "error": f"{names}: choose one trial's file at a time"}
        self.lay_out()
        try:
            text = scan_file(self.folder / trial[0], trial[0])
        except IpdmaError as error:
            return {"state": "failed", "error": str(error)}
        self.placed[MAPPING] = text.encode()
        self.drafted = True
        self.lay_out()
        return {"state": "draft", "draft": text, "form": self.form()}

    def check(self, language: str = "en") -> dict[str, Any]:
        """Check what lies on the desk."""
        result = self.result = check_study(self.folder, language)
        if result.error is not None:
            # a mapping that can be read can still be mended
            return {
                "state": "failed",
                "error": result.error,
                "findings": entries(result),
                "form": self.form(),
            }
        phrases = load_catalogue(language)["phrases"]
        return {
            "state": "checked",
            "ready": result.ready,
            "verdict": verdict(outline(result), phrases),
            "rows": rows_line(outline(result), phrases),
            "findings": entries(result),
            "not_checked": result.not_checked,
            "pseudonymised": bool(result.facts and result.facts.pseudonymised),
            "form": self.form(),
        }

    def mend(self, rows: Rows, language: str = "en") -> dict[str, Any]:
        """Take the form's rows as the mapping and check again; a cell that cannot be read is said."""
        try:
            text = write_yaml(from_sheets(rows))
        except IpdmaError as error:
            return {"state": "failed", "error": str(error), "kept": True}
        self.placed[MAPPING] = text.encode()
        self.drafted = False
        self.lay_out()
        return self.check(language)

    def form(self) -> dict[str, Any] | None:
        """The mapping as the template workbook's rows, with what helps to fill them in; None for an upload
        that is harmonised or a mapping that cannot be read."""
        try:
            content = read_text_mapping(self.placed[MAPPING].decode("utf-8-sig"), MAPPING)
            codebook = self.codebook()
        except (KeyError, UnicodeDecodeError, IpdmaError):
            return None
        source = content.get("source")
        source = source if isinstance(source, dict) else {}
        if source.get("layout") == "harmonised":
            return None
        table = self.read(source)
        sheets = to_sheets(content, codebook)
        return {
            "sheets": sheets,
            "pairs": pairs_of(sheets["variables"]),
            "columns": describe_columns(table) if table else [],
            **describe_codebook(codebook),
        }

    def codebook(self) -> Codebook:
        """The codebook with the study's own beside it."""
        own = self.folder / "codebook"
        return load_codebook([own] if own.is_dir() else [])

    def read(self, source: Mapping[str, Any]) -> Table | None:
        """The trial's table, read once for the same options; None where it cannot be read."""
        named = source.get("file")
        words = {k: source[k] for k in OPTIONS if isinstance(source.get(k), str) and source[k] != "auto"}
        key = (named, tuple(words.items()))
        if self.table and self.table[0] == key:
            return self.table[1]
        try:
            table = read_table(self.folder / str(named), ReadOptions(**words))
        except IpdmaError:
            return None
        self.table = (key, table)
        return table

    def save(self, what: str, key: str = "") -> tuple[str, bytes]:
        """Name and bytes of a download.

        Parameters
        ----------
        what : str
            upload, mapping, shareable, local, or a report as JSON: shareable.json, local.json.
        key : str
            The key of the pseudonyms; empty leaves the site's own identifiers.

        Raises
        ------
        ReadError
            Nothing was checked, or the upload is not ready.
        """
        if what == "mapping":
            return MAPPING, self.placed.get(MAPPING, b"")
        result = self.result
        if result is None:
            raise ReadError("nothing was checked yet")
        if what == "upload":
            return f"{result.study}-upload.zip", zipped(self.upload(result, key))
        reports = {
            "shareable": lambda: report_html(result, shareable=True),
            "local": lambda: report_html(result, shareable=False),
            "shareable.json": lambda: shareable_json(result),
            "local.json": lambda: local_json(result),
        }
        ending = "" if what.endswith(".json") else ".html"
        return f"{result.study}-{what}{ending}", reports[what]().encode()

    def upload(self, result: CheckResult, key: str) -> dict[str, bytes]:
        """The files that `harmonise` writes."""
        if not result.ready or result.file is None or result.facts is None or result.codebook is None:
            raise ReadError("the upload is not ready: something must still be fixed")
        return build_upload(result.file, result.facts, result.codebook, key) | own_codebook(self.folder)


def entries(result: CheckResult) -> list[dict[str, Any]]:
    """Every finding as `check --json` has it."""
    return list(result.as_json()["findings"])


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive; equal files give equal bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
