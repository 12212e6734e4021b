"""Clean made-up studies as text tables, wide and long, into which tests plant faults."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from ipdma.codebook import load_codebook


@dataclass
class Study:
    """A table and its mapping; `rows[0]` stands on spreadsheet row 2."""

    header: list[str]
    rows: list[list[str]]
    mapping: dict[str, Any]
    ledger: set[tuple[str, str | None, str | None, int]] = field(default_factory=set)

    def get(self, row: int, column: str) -> str:
        return self.rows[row - 2][self.header.index(column)]

    def put(self, row: int, column: str, cell: str) -> None:
        self.rows[row - 2][self.header.index(column)] = cell

    def plant(self, name: str, variable: str | None, column: str, row: int, cell: str) -> None:
        """Write a faulty cell and remember what must be found."""
        self.put(row, column, cell)
        self.ledger.add((name, variable, column, row))

    def text(self, separator: str = ",") -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return stream.getvalue()

    def write(self, folder: Path, separator: str = ",", encoding: str = "utf-8") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / self.mapping["source"]["file"]).write_bytes(self.text(separator).encode(encoding))
        write_yaml(folder, self.mapping)
        return folder


def write_yaml(folder: Path, mapping: dict[str, Any]) -> None:
    (folder / "study.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True), "utf-8")


def mark_rest(variables: dict[str, Any]) -> dict[str, Any]:
    """Every other codebook variable as not collected."""
    rest = {
        name: {"not_collected": "not asked"} for name in load_codebook().variables if name not in variables
    }
    return variables | rest


def wide_study(n: int = 500, seed: int = 7) -> Study:
    """A clean wide study: dates, items with their total, codes, a unit, two scales."""
    draw = random.Random(seed)
    items = [f"phq{i}" for i in range(1, 10)]
    header = ["id", "grp", "born", "entry", "sex", "dur", "onset", "prev", "sess", "drop", "ther"]
    header += [*items, "phq_t0", "ham0", "ham6", "bdi6", "site_note"]
    rows = []
    for i in range(n):
        entry = date(2010, 1, 1) + timedelta(days=draw.randrange(900))
        age = draw.randrange(25, 60)
        born = date(entry.year - age - 1, entry.month, min(entry.day, 28))
        answers = [draw.randrange(4) for _ in items]
        rows.append(
            [
                f"P{i + 1:04d}",
                str(1 + i % 2),
                born.strftime("%d-%m-%Y"),
                entry.strftime("%d-%m-%Y"),
                str(1 + draw.randrange(2)),
                f"{draw.randrange(4, 300) / 4:.2f}",
                str(draw.randrange(12, 24)),
                str(draw.randrange(5)),
                str(draw.randrange(17)),
                "0",
                f"T{draw.randrange(6)}",
                *map(str, answers),
                str(sum(answers)),
                str(draw.randrange(14, 33)),
                str(draw.randrange(2, 30)),
                str(draw.randrange(5, 50)),
                "ok",
            ]
        )
    variables = {
        "participant": {"from": "id"},
        "arm": {"from": "grp", "values": {"1": "stpp", "2": "tau"}},
        "age": {"days_between": ["born", "entry"]},
        "sex": {"from": "sex", "values": {"1": "male", "2": "female"}, "missing": ["9"]},
        "episode_duration_months": {"from": "dur", "unit": "weeks"},
        "age_at_onset": {"from": "onset"},
        "previous_episodes": {"from": "prev", "missing": {"-8": "not_applicable"}},
        "sessions_attended": {"from": "sess"},
        "dropout": {"from": "drop", "values": {"1": "yes", "0": "no"}},
        "therapist": {"from": "ther"},
    }
    mapping = {
        "ipdma_study": 1,
        "study": {"id": "WIDE", "randomised": n},
        "source": {"file": "wide.csv", "dates": "DMY", "missing": ["-99"], "layout": "wide"},
        "arms": {
            "stpp": {"condition": "stpp", "label": "STPP", "randomised": (n + 1) // 2},
            "tau": {"condition": "tau", "label": "usual care", "randomised": n // 2},
        },
        "variables": mark_rest(variables),
        "assessments": [
            {
                "instrument": "phq9",
                "timepoint": "baseline",
                "weeks": 0,
                "items": "phq1..phq9",
                "total": "phq_t0",
            },
            {"instrument": "hamd17", "timepoint": "baseline", "total": "ham0"},
            {"instrument": "hamd17", "timepoint": "post", "weeks": 16, "total": "ham6"},
            {"instrument": "bdi2", "timepoint": "post", "weeks": 16, "total": "bdi6", "missing": ["99"]},
        ],
    }
    return Study(header, rows, mapping)


def long_study(n: int = 170, seed: int = 11) -> Study:
    """A clean long study of three visits and one that is ignored."""
    draw = random.Random(seed)
    header = ["pat", "week", "treat", "age", "sexe", "ad", "ham", "madrs"]
    rows = []
    for i in range(n):
        person = [
            f"{i + 1:03d}",
            "STPP" if i % 2 else "TAU",
            f"{draw.randrange(240, 640) / 10:.1f}".replace(".", ","),
        ]
        sex, drug = draw.choice("vm"), draw.choice("jn")
        for week in ("0", "8", "16", "52"):
            score = [str(draw.randrange(8, 31)), str(draw.randrange(10, 45))]
            rows.append([person[0], week, person[1], person[2], sex, drug, *score])
    variables = {
        "participant": {"from": "pat"},
        "arm": {"from": "treat", "values": {"STPP": "stpp", "TAU": "tau"}},
        "age": {"from": "age"},
        "sex": {"from": "sexe", "values": {"v": "female", "m": "male"}},
        "antidepressant_at_baseline": {"from": "ad", "values": {"j": "yes", "n": "no"}},
    }
    visits = {
        "0": {"timepoint": "baseline"},
        "8": {"ignore": "not asked of all"},
        "16": {"timepoint": "post", "weeks": 16},
        "52": {"timepoint": "follow_up", "weeks": 52},
    }
    mapping = {
        "study": {"id": "LONG"},
        "source": {"file": "long.csv", "layout": "long", "visit": {"column": "week", "values": visits}},
        "arms": {"stpp": {"condition": "stpp"}, "tau": {"condition": "tau"}},
        "variables": mark_rest(variables),
        "assessments": [{"instrument": "hamd17", "total": "ham"}, {"instrument": "madrs", "total": "madrs"}],
    }
    return Study(header, rows, mapping)


def found_cells(findings: Any) -> set[tuple[str, str | None, str | None, int]]:
    """What a check found, cell by cell; row 0 where it is about no row."""
    return {(f.name, f.variable, f.column, row) for f in findings for row in f.rows or [0]}
