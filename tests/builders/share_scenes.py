"""Good inputs of what works with bundles, with the registry alone, and with a blinded run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ipdma.errors import IpdmaError
from ipdma.harmless import for_terminal
from ipdma.plan import Plan, read_plan
from ipdma.runs.blinding import BLIND_KEY
from ipdma.runs.bundle_file import KEPT
from ipdma.runs.share import FOLDER, Shared, share_files
from ipdma.writing import write_files
from tests.builders.scene import Scene
from tests.builders.shared_run import make_results
from tests.builders.trials import write_plan

SECRET = "a secret of the test"
PATIENCE = 300  # seconds for a whole run
OWN = "instrument: wellbeing\nlabel: Well-being\nrating: self\nitems: 3\nitem_range: [0, 5]\nrange: [0, 15]\n"
MODERATORS = {
    "severity": {"column": "baseline", "per": 5, "power": 0.2},
    "sex": {"column": "sex", "type": "categorical", "levels": ["female", "male"]},
}
POWER = {"effect": -0.4, "sd": 8, "tau": 0.1, "spread": {"severity": 5, "sex": [0.6, 0.4]}}
REGISTRY = (
    ("study", "status", "randomised", "arms", "chance", "sd", "correlation", "spread_severity", "spread_sex"),
    ("A", "ipd", "60", "stpp 30; tau 30", "", "7.5", "0.4", "4.5", "0.5/0.5"),
    ("B", "ipd", "80", "stpp 40; tau 40", "0.8", "", "", "none", ""),
    ("Y", "not_obtained", "120", "stpp 60; tau 60", "0.5", "9", "0.6", "6", "0.7/0.3"),
    ("Z", "not_obtained", "50", "", "", "", "", "", ""),
)


def share_scenes(top: Path) -> list[Scene]:
    """Write three trials with their bundles and a shared folder below `top/shared`; the scenes on them."""
    place = top / "shared"
    write_tables(place)
    shared = make_results(place)
    write_files(shared.results / FOLDER, share_files(shared_of(place, shared.plan), lambda line: None))
    given = shared.results / "private" / "harmonised" / "A"  # a trial that came as a bundle
    shutil.rmtree(given)
    given.mkdir()
    shutil.copy(place / "out" / FOLDER / "bundles" / "A.bundle.json", given / KEPT)
    own = "shared/out/share/bundles/A.bundle.json"
    files = tuple(f"shared/trials/A/{name}" for name in ("study.yaml", "scores.csv"))
    words = ("shared/trials/A", "--plan", "shared/plan.yaml", "--out", "b.bundle.json", "--ledger", "ledger")
    left = {"b.bundle.json": (0,), "ledger": (0,)}
    again = (own, "--json", "f.json")
    job = ("plan.yaml", "studies.tsv", "codebook/instruments/*.yaml", f"out/private/harmonised/A/{KEPT}")
    folder = ("shared/out/share/*", "shared/out/share/*/*", "shared/out/share/*/*/*")
    return [
        Scene("bundle", "bundle", words, (*files, "shared/plan.yaml"), left, 70),
        Scene("bundle show", "bundle show", ("show", own, "--html", "s.html"), (own,), {"s.html": (0,)}, 50),
        Scene("disclose bundle", "disclose", again, (own,), {"f.json": (0, 1)}, 50),
        Scene("twin", "twin", (own, "--out", "twins"), (own,), {"twins": (0, 1)}, 50),
        Scene("twin share", "twin", ("shared/out/share", "--out", "twins"), folder, {"twins": (0, 1)}, 10),
        Scene("verify share", "verify", ("shared/out/share",), folder, {}, 20),
        Scene(
            "share", "share", (), tuple(f"shared/{n}" for n in job), {"shared-again": (0,)}, 20, share_again
        ),
        power_scene(top / "planned"),
    ]


def write_tables(place: Path) -> None:
    """A registry and a codebook of the plan's own."""
    (place / "codebook" / "instruments").mkdir(parents=True)
    (place / "codebook" / "instruments" / "wellbeing.yaml").write_text(OWN, encoding="utf-8")
    lines = ["study\tstatus\trandomised", "A\tipd\t60", "B\tipd\t80", "C\tipd\t100"]
    (place / "studies.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def shared_of(place: Path, plan: Plan) -> Shared:
    """What the job that shares is given."""
    uploads = sorted((place / "out" / "private" / "harmonised").iterdir())
    books = [str(place / "codebook")]
    return Shared(plan, place / "out", list(map(str, uploads)), books, str(place / "studies.tsv"), None)


def power_scene(place: Path) -> Scene:
    """A registry and a plan for `power`."""
    place.mkdir()
    write_plan(place / "plan.yaml", moderators=MODERATORS, power=POWER)
    lines = "\n".join("\t".join(row) for row in REGISTRY) + "\n"
    (place / "studies.tsv").write_text(lines, encoding="utf-8")
    words = ("planned/studies.tsv", "--plan", "planned/plan.yaml", "--json", "p.json", "--figure", "p.svg")
    files = ("planned/studies.tsv", "planned/plan.yaml")
    return Scene("power", "power", words, files, {"p.json": (0,), "p.svg": (0,)}, 60)


def share_again() -> int:
    """The job that shares: reads plan, registry, codebook and bundles, and writes the shared folder."""
    place = Path("shared")
    try:
        write_files(
            "shared-again", share_files(shared_of(place, read_plan(place / "plan.yaml")), lambda line: None)
        )
        return 0
    except IpdmaError as error:
        print(for_terminal(str(error)))
        return error.exit_status


def unblind_scene(top: Path, rehearsal: Path) -> Scene:
    """A blinded run with its unblinding, as a finished one that is made again."""
    shutil.copytree(rehearsal, top / "blind", symlinks=True)
    files = ("plan.yaml", "out/*", "out/private/stamps/*/*", "out-unblinded/*", "trials/A/*")
    return Scene(
        "unblind", "unblind", (), tuple(f"blind/{name}" for name in files), {}, 8, unblind_again, ("blind",)
    )


def unblind_again() -> int:
    """`ipdma unblind` in a process of its own: its Snakemake writes past this process's streams."""
    ended = subprocess.run(
        [sys.executable, "-m", "ipdma", "unblind", "plan.yaml"],
        cwd="blind",
        env={**os.environ, BLIND_KEY: SECRET},
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    print(ended.stdout + ended.stderr)
    return ended.returncode
