"""What an .xlsx file is made of: parts, sheets, texts, number formats, judged before they are unpacked.

Office Open XML (ECMA-376): a zip archive of XML parts. Parts are read piece by piece and no more of them
than is asked for; what a header claims (counts, sizes, dimensions) never decides how much memory is taken.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ipdma.errors import ReadError

LARGEST_PART = 200_000_000
MOST_TAGS = 12_000_000
LONGEST_TEXT = 100_000
PIECE = 1 << 20
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
DATE, SPAN, PLAIN = "date", "span", ""
BUILT_IN = {**dict.fromkeys([*range(14, 23), *range(27, 37), *range(50, 59), 45, 47], DATE), 46: SPAN}
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


class Enough(Exception):
    """Raised by a handler that has seen what it wanted."""


class Damaged(Exception):
    """The workbook does not say what a workbook must."""


@dataclass(frozen=True)
class Sheet:
    """A worksheet: its name, the part that holds it, and whether a person sees it."""

    name: str
    part: str
    hidden: bool


@dataclass
class Package:
    """An opened workbook.

    Attributes
    ----------
    strings : list of str
        The shared texts, in the order in which cells point at them.
    kinds : list of str
        Per cell style: `date`, `span` (hours that count on), or nothing for a plain number.
    from_1904 : bool
        Whether days are counted from 1904 (old workbooks of a Mac).
    """

    archive: zipfile.ZipFile
    name: str
    parts: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    from_1904: bool = False

    def walk(
        self,
        part: str,
        starts: Mapping[str, Callable[[dict[str, str]], Any]],
        ends: Mapping[str, Callable[[], Any]] | None = None,
        text: Callable[[str], Any] | None = None,
    ) -> None:
        """Send a part's tags (by name, without prefix) and texts to their handlers."""
        self.judge(part)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        begun, ended = ByLocalName(starts), ByLocalName(ends or {})
        parser.StartElementHandler = lambda name, given: begun[name](given)
        parser.EndElementHandler = lambda name: ended[name]()
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = refuse_doctype
        try:
            for piece in self.pieces(part):
                parser.Parse(piece)
            parser.Parse(b"", True)
        except Enough:
            return
        except (expat.ExpatError, zipfile.BadZipFile, EOFError, ValueError, KeyError, IndexError):
            raise Damaged from None

    def pieces(self, part: str) -> Iterator[bytes]:
        """The unpacked bytes of a part."""
        try:
            with self.archive.open(self.parts[part]) as stream:
                while piece := stream.read(PIECE):
                    yield piece
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, KeyError):
            raise Damaged from None
        except Exception as error:
            # zlib and lzma have errors of their own
            if type(error).__module__ in ("zlib", "lzma", "_lzma", "builtins"):
                raise Damaged from None
            raise

    def judge(self, part: str) -> None:
        """Refuse a part that is too large to be a trial's before anything is made of it."""
        if part not in self.parts:
            raise Damaged
        size = self.parts[part].file_size
        if size > LARGEST_PART:
            raise ReadError(
                f"{self.name}: unpacks to {size / 1e6:.0f} MB, too large for a trial "
                f"(the limit is {LARGEST_PART / 1e6:.0f} MB); export only the columns needed"
            )
        if size > LARGEST_PART // 10 and self.tags(part) > MOST_TAGS:
            raise ReadError(
                f"{self.name}: a sheet holds more than {MOST_TAGS // 4 / 1e6:.0f} million cells, too many "
                "for a trial; export only the rows and columns needed"
            )

    def tags(self, part: str) -> int:
        """How many tags a part has, at most a few more than the limit."""
        total = 0
        for piece in self.pieces(part):
            total += piece.count(b"<")
            if total > MOST_TAGS:
                break
        return total

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that a part points at: their kind and place by the key of the link."""
        folder, name = posixpath.split(part)
        links: dict[str, tuple[str, str]] = {}

        def start(given: dict[str, str]) -> None:
            if given.get("TargetMode") != "External":
                target = given.get("Target", "").replace("\\", "/")
                place = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = given.get("Type", "").rpartition("/")[2]
                links[given.get("Id", "")] = (kind, posixpath.normpath(place).lower())

        self.walk(posixpath.join(folder, "_rels", f"{name}.rels").lower(), {"Relationship": start})
        return links


class ByLocalName(dict[str, Callable[..., Any]]):
    """Handlers by the name of a tag, found once for each prefix."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        self[name] = found = self.get(name.rpartition(":")[2], ignore)
        return found


def ignore(*_: Any) -> None:
    """A handler for what does not matter."""


def refuse_doctype(*_: Any) -> None:
    """No workbook declares a document type; whatever does could unfold without end."""
    raise Damaged


def open_package(path: Path, name: str) -> Package:
    """Open a workbook and read what all of its sheets share.

    Raises
    ------
    ReadError
        It is damaged, protected, too large, or has no worksheet.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ReadError(f"{name}: the workbook is damaged (cut short?); copy or export it again") from None
    package = Package(archive, name)
    package.parts = {info.filename.replace("\\", "/").lower(): info for info in archive.infolist()}
    try:
        read_book(package)
    except Damaged:
        raise damaged(name) from None
    if not package.sheets:
        raise ReadError(f"{name}: the workbook has no sheet")
    return package


def damaged(name: str) -> ReadError:
    """What is said of a workbook that cannot be read."""
    return ReadError(
        f"{name}: the workbook is damaged or protected by a password; "
        "open it in Excel and save it again as .xlsx"
    )


def read_book(package: Package) -> None:
    """Sheets in their order, then the texts and styles that they share."""
    main = next(
        (p for kind, p in package.relations("").values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    links = package.relations(main)

    def properties(given: dict[str, str]) -> None:
        package.from_1904 = given.get("date1904", "0") in ("1", "true")

    def sheet(given: dict[str, str]) -> None:
        key = next((value for at, value in given.items() if at.rpartition(":")[2] == "id"), "")
        kind, part = links.get(key, ("", ""))
        if kind == "worksheet":
            hidden = given.get("state", "visible") != "visible"
            package.sheets.append(Sheet(given["name"], part, hidden))

    package.walk(main, {"workbookPr": properties, "sheet": sheet})
    for kind, part in links.values():
        if kind == "sharedStrings" and part in package.parts:
            package.strings = read_strings(package, part)
        if kind == "styles" and part in package.parts:
            package.kinds = read_kinds(package, part)


def read_strings(package: Package, part: str) -> list[str]:
    """The shared texts; readings beside Asian letters are no part of them."""
    found: list[str] = []
    parts: list[str] = []
    state = {"open": False, "aside": False}

    def end_of_string() -> None:
        found.append(unescape("".join(parts), package.name))
        parts.clear()

    starts = {
        "rPh": lambda given: state.update(aside=True),
        "t": lambda given: state.update(open=not state["aside"]),
    }
    ends = {
        "si": end_of_string,
        "rPh": lambda: state.update(aside=False),
        "t": lambda: state.update(open=False),
    }
    package.walk(part, starts, ends, lambda text: parts.append(text) if state["open"] else None)
    return found


def unescape(text: str, name: str) -> str:
    """A text as a person sees it: `_x000D_` is a line's end."""
    if len(text) > LONGEST_TEXT:
        raise ReadError(
            f"{name}: a cell holds a text of {len(text)} letters, where Excel allows 32,767; "
            "take it out of the file"
        )
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def read_kinds(package: Package, part: str) -> list[str]:
    """What each cell style makes of a number."""
    own: dict[int, str] = {}
    kinds: list[str] = []
    cells = {"inside": False}

    def number_format(given: dict[str, str]) -> None:
        own[int(given["numFmtId"])] = kind_of_format(given.get("formatCode", ""))

    def style(given: dict[str, str]) -> None:
        number = int(given.get("numFmtId", "0"))
        if cells["inside"]:
            kinds.append(own.get(number, BUILT_IN.get(number, PLAIN)))

    starts = {"numFmt": number_format, "xf": style, "cellXfs": lambda given: cells.update(inside=True)}
    package.walk(part, starts, {"cellXfs": lambda: cells.update(inside=False)})
    return kinds


def kind_of_format(code: str) -> str:
    """Whether a number format shows a date, a span of hours, or a number."""
    shown = NOT_SHOWN.sub("", code).partition(";")[0].lower()
    if re.search(r"\[[hms]+\]", shown):
        return SPAN
    return DATE if re.search(r"[dmyhs]", shown.replace("general", "")) else PLAIN
