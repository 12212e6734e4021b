"""Runs every command on damaged inputs, each in a child with limits, and says what came of it.

`python -m tests.builders.fuzzing --inputs 20000 --run RUN --rehearsal BLIND` prints the table of
docs/validation-attack.md. RUN is the folder of a finished run of small trials (tests/attack/conftest.py),
BLIND that of a blinded one and its unblinding; what needs them is left out without them. Input number N of
a seed is always the same: `--only N` does it again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ipdma.cli import main as ipdma
from ipdma.harmless import why_harmful
from tests.builders.hostile import mutate
from tests.builders.scene import Scene
from tests.builders.scenes import make_scenes

SECONDS = 30  # of processor time for one input
MEMORY = 1_500_000_000  # bytes for one input
BATCH = 100
GOOD = {0: "0", 1: "1", 2: "2"}


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Attributes
    ----------
    number : int
    scene, command, target : str
    status : str
        The exit status, or `killed N`, `too slow`, a fault of the tool or of what is left behind.
    seconds : float
        Of processor time.
    said : str
        The last lines of what was said.
    """

    number: int
    scene: str
    command: str
    target: str
    status: str
    seconds: float
    said: str

    @property
    def is_good(self) -> bool:
        """Whether the command ended as it may."""
        return self.status in GOOD.values()


class TooSlow(BaseException):
    """More processor time than an input may take."""


def stop_slow(signum: int, frame: object) -> None:
    raise TooSlow


def fuzz(top: Path, scenes: Sequence[Scene], seed: int, numbers: Sequence[int]) -> Iterator[Outcome]:
    """Try some inputs, in children of this process; one that dies is an outcome as well."""
    warm_up(top, scenes)
    left = list(numbers)
    while left:
        batch, left = left[:BATCH], left[BATCH:]
        done = [*in_child(top, scenes, seed, batch)]
        yield from done
        if len(done) < len(batch):  # the child died at the next
            left = batch[len(done) + 1 :] + left
            yield dead(scenes, seed, batch[len(done)])
            restore(top)


def warm_up(top: Path, scenes: Sequence[Scene]) -> None:
    """Every scene once as it is: good inputs are good, and children inherit what was imported and read."""
    here = Path.cwd()
    os.chdir(top)
    signal.signal(signal.SIGPROF, stop_slow)
    for scene in scenes:
        before = names_near(top, scene)
        status, said = run_limited(scene)
        status = judge_left(top, scene, status, before)
        if status not in ("0", "1" if scene.command in ("verify", "disclose") else "0"):
            raise AssertionError(f"{scene.name} on good inputs: {status}\n{said}")
    os.chdir(here)


def in_child(top: Path, scenes: Sequence[Scene], seed: int, batch: Sequence[int]) -> Iterator[Outcome]:
    """Outcomes of a batch, as far as a child lived to tell them."""
    told = top / "told.jsonl"
    told.write_text("", encoding="utf-8")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, 2 * MEMORY))
            os.chdir(top)
            with told.open("a", encoding="utf-8") as stream:
                for number in batch:
                    outcome = try_safely(top, scenes, seed, number)
                    print(json.dumps(asdict(outcome)), file=stream, flush=True)
            status = 0
        finally:
            os._exit(status)
    os.waitpid(child, 0)
    for line in told.read_text(encoding="utf-8").splitlines():
        yield Outcome(**json.loads(line))


def try_safely(top: Path, scenes: Sequence[Scene], seed: int, number: int) -> Outcome:
    """As `try_input`; what goes wrong outside the command is an outcome too."""
    try:
        return try_input(top, scenes, seed, number)
    except BaseException as error:
        restore(top)
        return replace(dead(scenes, seed, number), status="not tried", said=repr(error)[:300])


def choose(scenes: Sequence[Scene], seed: int, number: int) -> tuple[Scene, random.Random]:
    """The scene of an input, and its chance."""
    draw = random.Random(f"{seed}:{number}")
    return draw.choices(scenes, [scene.weight for scene in scenes])[0], draw


def dead(scenes: Sequence[Scene], seed: int, number: int) -> Outcome:
    """The outcome of an input at which the child died."""
    scene, _ = choose(scenes, seed, number)
    return Outcome(number, scene.name, scene.command, "", "killed the process", 0.0, "")


def try_input(top: Path, scenes: Sequence[Scene], seed: int, number: int) -> Outcome:
    """Damage one file of a scene, run its command, put everything back."""
    scene, draw = choose(scenes, seed, number)
    files = sorted({p for pattern in scene.targets for p in top.glob(pattern) if p.is_file()})
    target = draw.choice(files)
    before = target.read_bytes()
    kept = top / "kept"
    kept.write_bytes(before)
    (top / "kept.name").write_text(str(target), encoding="utf-8")
    target.write_bytes(mutate(before, target.name, draw))
    listing = names_near(top, scene)
    began = time.process_time()
    status, said = run_limited(scene)
    seconds = time.process_time() - began
    status = judge_left(top, scene, status, listing)
    if status in GOOD.values() and why_harmful(said.replace("\n", " ")):
        status = "an unsafe sign reaches the terminal"
    target.write_bytes(before)
    kept.unlink()
    where = target.relative_to(top).as_posix()
    return Outcome(number, scene.name, scene.command, where, status, round(seconds, 3), said[-600:])


def restore(top: Path) -> None:
    """Put back what a dead child had damaged, and remove what it left."""
    if (top / "kept").is_file():
        Path((top / "kept.name").read_text(encoding="utf-8")).write_bytes((top / "kept").read_bytes())
        (top / "kept").unlink()


def run_limited(scene: Scene) -> tuple[str, str]:
    """The exit status, or what went wrong, and all that was said."""
    said = io.StringIO()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = scene.call() if scene.call else ipdma([scene.command.split()[0], *scene.words])
    except SystemExit as error:
        status = int(error.code or 0)
    except TooSlow:
        return "too slow", said.getvalue()
    except BaseException as error:
        return f"an exception ({type(error).__name__})", said.getvalue()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    text = said.getvalue()
    if "Traceback" in text:
        return "a traceback", text
    if status not in GOOD:
        return f"exit {status}", text
    return ("no sentence", text) if status and not text.strip() else (GOOD[status], text)


def names_near(top: Path, scene: Scene) -> set[str]:
    """Every file and folder where a scene may leave something."""
    parts = scene.targets[0].split("/")
    home = top.joinpath(*parts[: 2 if parts[0] in ("studies", "run") else 1])
    near = [*top.iterdir(), *home.rglob("*")]
    near += [path for name in scene.outputs for path in (top / name).rglob("*")]
    return {path.relative_to(top).as_posix() for path in near}


def judge_left(top: Path, scene: Scene, status: str, before: set[str]) -> str:
    """The status, or what the command left that it must not; what it wrote is removed."""
    new = names_near(top, scene) - before
    owned = {n for n in new if n.split("/")[0] in scene.outputs}
    if scene.command == "template" and status == "0":
        owned |= {n for n in new if n.endswith(".yaml.old")}
    owned |= {n for n in new if n.split("/")[0] in scene.keeps}
    wrong = sorted(new - owned)
    for name, statuses in scene.outputs.items():
        written = (top / name).exists()
        if written and status in GOOD.values() and int(status) not in statuses:
            wrong.append(f"{name} on exit {status}")
        if status == "0" and not written:
            wrong.append(f"no {name} on exit 0")
    for name in sorted(new, reverse=True):
        path = top / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.exists() or path.is_symlink():
            path.unlink()
    return f"left behind: {', '.join(wrong[:3])}" if wrong and status in GOOD.values() else status


def table(outcomes: Sequence[Outcome]) -> str:
    """Counts by command and outcome, as Markdown."""
    counts = Counter((o.command, o.status if o.is_good else "other") for o in outcomes)
    columns = [*GOOD.values(), "other"]
    lines = [
        "| command | inputs | exit 0 | exit 1 | exit 2 | anything else | longest (s) |",
        "|" + "---|" * 7,
    ]
    for command in sorted({o.command for o in outcomes}):
        own = [o for o in outcomes if o.command == command]
        cells = [str(counts[command, column]) for column in columns]
        lines.append(
            f"| `{command}` | {len(own)} | {' | '.join(cells)} | {max(o.seconds for o in own):.1f} |"
        )
    totals = [str(sum(counts[o, c] for o in {x.command for x in outcomes})) for c in columns]
    lines.append(f"| all | {len(outcomes)} | {' | '.join(totals)} | {max(o.seconds for o in outcomes):.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Fuzz, print what was bad and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--rehearsal", type=Path)
    parser.add_argument("--out", type=Path, help="a file that gains a line per input, to stop and go on")
    parser.add_argument("--table", type=Path, nargs="+", help="only print the table of such files")
    options = parser.parse_args()
    if options.table:
        lines = [line for path in options.table for line in path.read_text(encoding="utf-8").splitlines()]
        print(table([*{o.number: o for o in (Outcome(**json.loads(line)) for line in lines)}.values()]))
        return 0
    numbers = range(options.first, options.first + options.inputs) if options.only is None else [options.only]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            scenes = make_scenes(top, options.run, options.rehearsal)
        for outcome in fuzz(top, scenes, options.seed, list(numbers)):
            outcomes.append(outcome)
            if not outcome.is_good or options.only is not None:
                print(json.dumps(asdict(outcome)), flush=True)
            if options.out:
                with options.out.open("a", encoding="utf-8") as stream:
                    print(json.dumps(asdict(outcome)), file=stream)
    print(table(outcomes))
    return 0 if all(o.is_good for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
