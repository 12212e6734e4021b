"""Good inputs of every command, small enough for thousands of runs, with what a run may leave behind."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import yaml

from ipdma.cli import main
from ipdma.errors import IpdmaError
from ipdma.harmless import for_terminal
from ipdma.runs.begin import begin
from tests.builders.scene import Scene
from tests.builders.share_scenes import share_scenes, unblind_scene
from tests.builders.small_study import Small, items, long
from tests.builders.trials import make_consortium, write_plan
from tests.builders.workbooks import write_study

REPOSITORY = Path(__file__).parents[2]


FORMATS = ("csv", "tsv", "xlsx", "sav", "zsav", "dta", "xpt", "harmonised", "long", "items", "codebook")
DATA = {"csv": "f.csv", "tsv": "f.tsv", "xlsx": "f.xlsx", "sav": "f.sav", "zsav": "f.zsav", "dta": "f.dta"}
OWN = "instrument: wellbeing\nlabel: Well-being\nrating: self\nitems: 3\nitem_range: [0, 5]\nrange: [0, 15]\n"


def make_studies(top: Path) -> list[str]:
    """A study of each format below `top/studies`; their names."""
    made = []
    for kind, maker in MAKERS.items():
        maker(top / "studies" / kind)
        made.append(kind)
    main(["harmonise", str(top / "studies" / "csv"), "--out", str(top / "studies" / "harmonised")])
    return [*made, "harmonised"]


def statistics(kind: str) -> Callable[[Path], None]:
    """The small study as a file of a statistics program."""

    def make(folder: Path) -> None:
        small = Small(folder)
        small.map["source"]["file"] = f"f.{kind}"
        small.write(b"-")
        frame = pd.DataFrame(small.rows, columns=small.header)
        frame = frame.astype(dict.fromkeys(small.header[1:], float))
        path = str(folder / f"f.{kind}")
        if kind == "dta":
            pyreadstat.write_dta(frame, path)
        else:
            pyreadstat.write_sav(frame, path, compress=kind == "zsav")

    return make


def delimited(
    change: Callable[[Small], object], name: str = "f.csv", separator: str = ","
) -> Callable[[Path], None]:
    """The small study as text, with something more to it."""

    def make(folder: Path) -> None:
        small = Small(folder)
        small.map["source"]["file"], small.separator = name, separator
        change(small)
        small.write()

    return make


def with_codebook(folder: Path) -> None:
    """The small study with an instrument and a variable of its own."""
    delimited(lambda small: None)(folder)
    (folder / "codebook" / "instruments").mkdir(parents=True)
    (folder / "codebook" / "instruments" / "wellbeing.yaml").write_text(OWN, encoding="utf-8")


MAKERS: dict[str, Callable[[Path], None]] = {
    "csv": delimited(lambda small: None),
    "tsv": delimited(lambda small: None, "f.tsv", "\t"),
    "long": delimited(long),
    "items": delimited(items),
    "xlsx": lambda folder: (write_study(Small(folder)), None)[1],
    "sav": statistics("sav"),
    "zsav": statistics("zsav"),
    "dta": statistics("dta"),
    "codebook": with_codebook,
}


def make_rows(folder: Path) -> None:
    """Rows and specs for `fit`, effects and a spec for `pool`."""
    draw = random.Random(3)
    lines = ["study,y,e,treat,base,visit,participant"]
    for study in "ABCD":
        for i in range(14):
            base, treat = round(draw.gauss(20, 4), 2), i % 2
            y = round(base - 3 - 2 * treat + draw.gauss(0, 3), 2)
            lines.append(f"{study},{y},{int(y < 16)},{treat},{base},{1 + i % 2},{study}{i // 2}")
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    effects = ["study,yi,vi", "A,-0.4,0.04", "B,-0.1,0.02", "C,-0.7,0.09", "D,0.2,0.05"]
    (folder / "effects.csv").write_text("\n".join(effects) + "\n", encoding="utf-8")
    for name, spec in SPECS.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")


SPECS = {
    "plain": {"covariates": ["base"], "moderator": "base", "residual": "by_study", "df": "satterthwaite"},
    "binary": {"outcome": "e", "family": "binomial", "treatment_effect": "common", "stages": "two"},
    "common": {"covariates": ["base"], "intercept": "random", "treatment_effect": "common", "level": 0.9},
    "pool": {"tau2": "dl", "ci": "hksj", "prediction": {"df": "k_minus_2", "se": "wald"}, "level": 0.95},
}


def make_scenes(top: Path, run: Path | None = None, rehearsal: Path | None = None) -> list[Scene]:
    """Write all good inputs below a folder; with a finished run and an unblinded one, their scenes too."""
    studies = make_studies(top)
    make_rows(top / "numbers")
    found = [scene for kind in studies for scene in site_scenes(kind)]
    main(["template", str(top / "studies" / "csv"), "--out", str(top / "studies" / "csv" / "book.xlsx")])
    back = ("studies/csv", "--from", "studies/csv/book.xlsx")
    found.append(Scene("template back", "template", back, ("studies/csv/book.xlsx",), {}, 12))
    for name in ("plain", "binary", "common"):
        files = (f"numbers/{name}.yaml", "numbers/rows.csv")
        words = ("numbers/rows.csv", "--spec", f"numbers/{name}.yaml", "--json", "out.json")
        found.append(Scene(f"fit {name}", "fit", words, files, {"out.json": (0,)}, 14))
    words = ("numbers/effects.csv", "--spec", "numbers/pool.yaml", "--json", "out.json")
    files = ("numbers/pool.yaml", "numbers/effects.csv")
    found.append(Scene("pool", "pool", words, files, {"out.json": (0,)}, 30))
    words = ("--format", "html,xlsx,table-schema,json-schema,redcap", "--out", "out")
    own = ("--codebook", "studies/codebook/codebook")
    files = ("studies/codebook/codebook/instruments/*.yaml",)
    found.append(Scene("codebook", "codebook", (*words, *own), files, {"out": (0,)}, 6))
    make_consortium(top / "consortium")
    write_plan(
        top / "consortium" / "plan.yaml",
        registry="studies.tsv",
        moderators={"severity": {"column": "baseline"}},
    )
    registry = (
        "study\tstatus\trandomised\trob_overall\nA\tipd\t24\tlow\nB\tipd\t24\thigh\nZ\tnot_obtained\t50\t\n"
    )
    (top / "consortium" / "studies.tsv").write_text(registry, encoding="utf-8")
    files = ("consortium/plan.yaml", "consortium/studies.tsv", "consortium/trials/A/study.yaml")
    found.append(Scene("plan", "plan", (), files, {}, 60, begin_run, ("consortium",)))
    found += share_scenes(top)
    if rehearsal is not None:
        found.append(unblind_scene(top, rehearsal))
    if run is not None:
        shutil.copytree(run, top / "run", symlinks=True)
        shutil.copytree(run / "out", top / "run" / "other", symlinks=True)
        found += run_scenes()
    return found


def begin_run() -> int:
    """What a run does before its first job: plan, registry and studies are read and judged."""
    with contextlib.chdir("consortium"):
        try:
            begin([Path("plan.yaml")], {}, False)
            return 0
        except IpdmaError as error:
            print(for_terminal(str(error)))
            return error.exit_status


def site_scenes(kind: str) -> list[Scene]:
    """The site's commands over one study."""
    folder = f"studies/{kind}"
    pages = {"a.json": (0, 1, 2), "b.html": (0, 1, 2), "c.html": (0, 1, 2)}
    check = (folder, "--json", "a.json", "--html", "b.html", "--shareable", "c.html")
    data = DATA.get(kind, "f.csv")
    files = tuple(f"{folder}/{name}" for name in ("study.yaml", data, "codebook/instruments/*.yaml"))
    if kind == "harmonised":
        files = tuple(f"{folder}/{name}" for name in ("*.csv", "study.yaml", "account.json"))
    found = [
        Scene(f"check {kind}", "check", check, files, pages, 20),
        Scene(f"harmonise {kind}", "harmonise", (folder, "--out", "up"), files, {"up": (0,)}, 14),
    ]
    if kind != "harmonised":
        words = (f"{folder}/{data}", "--out", "draft.yaml")
        found.append(Scene(f"scan {kind}", "scan", words, (files[1],), {"draft.yaml": (0,)}, 10))
        words = (folder, "--out", "book2.xlsx")
        found.append(Scene(f"template {kind}", "template", words, files[:2], {"book2.xlsx": (0,)}, 3))
    return found


def run_scenes() -> list[Scene]:
    """What is done with a finished run."""
    files = ("run/out/*", "run/out/*/*", "run/out/private/*/*", "run/out/private/*/*/*")
    told = {"v.json": (0, 1)}
    rows = ("run/out/*.yaml", "run/out/private/harmonised/*/*")
    return [
        Scene("verify", "verify", ("run/out", "--records-only", "--json", "v.json"), files, told, 20),
        Scene("disclose", "disclose", ("run/out", "--json", "v.json"), files[:2], told, 12),
        Scene("twin run", "twin", ("run/out", "--out", "twins"), rows, {"twins": (0, 1)}, 10),
        Scene("compare", "compare", ("run/out", "run/other"), files[:1], {}, 8),
    ]
