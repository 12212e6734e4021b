"""A study of twelve participants on one page, for tests of one sentence each."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from ipdma.site.check import CheckResult, check_study
from tests.builders.upload_builder import mark_rest, write_yaml

HEADER = ["id", "arm", "age", "sex", "pre", "post"]
ROWS = [[f"{i:03d}", str(1 + i % 2), str(30 + i), "12"[i % 2], str(15 + i), str(5 + i)] for i in range(1, 13)]

MAPPING: dict[str, Any] = {
    "study": {"id": "S"},
    "source": {"file": "f.csv"},
    "arms": {"stpp": {"condition": "stpp"}, "tau": {"condition": "tau"}},
    "variables": {
        "participant": {"from": "id"},
        "arm": {"from": "arm", "values": {"1": "stpp", "2": "tau"}},
        "age": {"from": "age"},
        "sex": {"from": "sex", "values": {"1": "male", "2": "female"}},
    },
    "assessments": [
        {"instrument": "hamd17", "timepoint": "baseline", "total": "pre"},
        {"instrument": "hamd17", "timepoint": "post", "weeks": 16, "total": "post"},
    ],
}


class Small:
    """Header, rows and mapping to change before `check`; rows count from 2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.header = list(HEADER)
        self.rows = deepcopy(ROWS)
        self.map = deepcopy(MAPPING)
        self.map["variables"] = mark_rest(self.map["variables"])
        self.separator = ","

    def put(self, row: int, column: str, cell: str) -> Small:
        self.rows[row - 2][self.header.index(column)] = cell
        return self

    def column(self, name: str, cells: list[str]) -> Small:
        self.header.append(name)
        self.rows = [[*row, cell] for row, cell in zip(self.rows, cells, strict=True)]
        return self

    def variable(self, name: str, **entry: Any) -> Small:
        self.map["variables"][name] = entry
        return self

    def text(self) -> str:
        return "\n".join(self.separator.join(row) for row in [self.header, *self.rows]) + "\n"

    def write(self, data: bytes | None = None) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_yaml(self.folder, self.map)
        (self.folder / self.map["source"]["file"]).write_bytes(self.text().encode() if data is None else data)
        return self.folder

    def check(self, data: bytes | None = None) -> CheckResult:
        return check_study(self.write(data))


def names(result: CheckResult) -> list[str]:
    """Names of the findings that are no notes about unused columns."""
    assert result.error is None, result.error
    return [finding.name for finding in result.findings if finding.name != "column_unused"]


def only(result: CheckResult, name: str):
    """The one finding that there is, which must have this name."""
    assert names(result) == [name]
    return next(finding for finding in result.findings if finding.name == name)


def values(result: CheckResult, variable: str) -> list[Any]:
    """A variable of every participant."""
    assert result.facts is not None
    return [person.cells[variable].value for person in result.facts.persons]


def long(small):
    """The small study as a long file: three visits of four participants."""
    small.header = ["id", "arm", "age", "sex", "visit", "ham"]
    small.rows = [
        [f"{p:03d}", str(1 + p % 2), str(40 + p), "2", str(v), str(20 - p - v)]
        for p in range(1, 5)
        for v in (0, 6, 12)
    ]
    small.map["source"] |= {
        "layout": "long",
        "visit": {
            "column": "visit",
            "values": {
                "0": {"timepoint": "baseline"},
                "6": {"ignore": "not asked of all"},
                "12": {"timepoint": "post", "weeks": 12},
            },
        },
    }
    small.map["assessments"] = [{"instrument": "hamd17", "total": "ham"}]
    return small


def items(small, instrument="phq9", n=9, answer="1"):
    names_of = [f"q{i}" for i in range(1, n + 1)]
    for name in names_of:
        small.column(name, [answer] * 12)
    small.map["assessments"] = [{"instrument": instrument, "timepoint": "baseline", "items": f"q1..q{n}"}]
    small.map["assessments"].append(
        {"instrument": "hamd17", "timepoint": "post", "weeks": 16, "total": "post"}
    )
    return small
