"""What a run leaves for others: bundles in place of rows, its records and report, and how to repeat it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipdma.bundle import Bundle, bundle_text, read_bundle
from ipdma.bundle.rows import NoRows
from ipdma.bundle.twin.invent import invent_twin
from ipdma.codebook import Codebook, load_codebook
from ipdma.errors import DataError
from ipdma.io import read_upload
from ipdma.plan import Plan
from ipdma.release.gate import release
from ipdma.release.make import draft_trial
from ipdma.runs.bundle_file import KEPT, SUFFIX
from ipdma.runs.crate import METADATA, crate_text
from ipdma.runs.twin import upload_texts

FOLDER = "share"
TABLES = ("estimates.csv", "study_estimates.csv", "counts.csv", "claims.csv")
RECORDS = (*TABLES, "report.html", "disclosure.json")
ABOUT = "Bundles of the trials (moments of their arms, no row of anybody), records and report of a run."
NOTHING = "no trial's bundle may leave; take `share` out of the plan, or look at each with `ipdma bundle`"
README = """\
# {title}

What a meta-analysis of individual participant data leaves for others to repeat. No participant's row is here.

| file | holds |
|---|---|
| `bundles/` | a bundle for each trial: people, means and covariances by arm, attacked before it was written |
| `twin/` | SYNTHETIC TWIN: rows that nobody ever was, with the moments of the bundles |
| `estimates.csv`, `study_estimates.csv`, `counts.csv`, `claims.csv` | the records of the run with rows |
| `report.html` | its report |
| `disclosure.json` | what could be worked out of the records (nothing, it is hoped) |
| `plan.yaml` | the plan, with the bundles in the place of rows |
| `{metadata}` | every file with its digest (RO-Crate) |

## Repeat it

With this folder under the name `share` in the folder of ipdma:

    ./run --configfile share/plan.yaml

Without another run, every estimate that the bundles carry is computed again and held against the records:

    ipdma verify share

{lacking}

{inexact}
"""
WHOLE = "Every trial that was contributed is here, as far as its bundle could leave."
INEXACT = "The twin is exact but for:"
LACKING = "Not here, since no set of people that answers the first question could leave:"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Shared:
    """What the job that shares was given.

    Attributes
    ----------
    plan : Plan
    results : Path
    uploads : sequence of str
        Folders of the harmonised uploads.
    codebooks : sequence of str
    registry, aggregate : str or None
    """

    plan: Plan
    results: Path
    uploads: Sequence[str]
    codebooks: Sequence[str]
    registry: str | None
    aggregate: str | None


def share_files(shared: Shared, say: Say) -> dict[str, bytes]:
    """Every file of the shared folder, by name in it.

    Raises
    ------
    DataError
        Where no trial's bundle may leave.
    """
    bundles, refused = share_bundles(shared, say)
    if not bundles:
        raise DataError(f"share: {NOTHING}")
    files = {f"bundles/{name}{SUFFIX}": bundle_text(own).encode() for name, own in bundles.items()}
    there = [name for name in RECORDS if (shared.results / name).is_file()]
    files |= {name: (shared.results / name).read_bytes() for name in there}
    files |= tables_beside(shared)
    twins, inexact = twin_files(bundles, load_codebook(list(shared.codebooks)), say)
    files |= twins
    files["plan.yaml"] = shared_plan(shared, list(bundles)).as_yaml().encode()
    title = str(shared.plan["title"])
    words = {"lacking": listed(LACKING, refused) or WHOLE, "inexact": listed(INEXACT, inexact)}
    files["README.md"] = README.format(title=title, metadata=METADATA, **words).encode()
    files[METADATA] = crate_text(files, title, ABOUT, facts_of(shared.plan)).encode()
    return files


def listed(head: str, lines: Sequence[str]) -> str:
    """A sentence and a list below it; empty without lines."""
    return "\n".join([head, "", *(f"- {line}" for line in lines)]) if lines else ""


def twin_files(
    bundles: Mapping[str, Bundle], codebook: Codebook, say: Say
) -> tuple[dict[str, bytes], list[str]]:
    """A study folder of nobody's rows for each bundle, and what differs in it from the bundle."""
    files: dict[str, bytes] = {}
    inexact: list[str] = []
    for name, bundle in bundles.items():
        try:
            twin = invent_twin(bundle, codebook)
        except NoRows as error:
            inexact.append(f"{name}: no twin ({error})")
            continue
        files |= {f"twin/{name}/{file}": text.encode() for file, text in upload_texts(twin, codebook).items()}
        inexact += [f"{name}: {sentence}" for sentence in twin.lost]
        say(f"{name}: twin of {len(twin.participants)} people who are nobody, {len(twin.lost)} things differ")
    return files, inexact


def facts_of(plan: Mapping[str, object]) -> dict[str, str]:
    """The date and the licence that a plan gives to what it shares."""
    asked = plan["share"]
    return {key: str(value) for key, value in asked.items() if value} if isinstance(asked, Mapping) else {}


def share_bundles(shared: Shared, say: Say) -> tuple[dict[str, Bundle], list[str]]:
    """The bundle of each trial that may leave, and the trials of which none may."""
    codebook = load_codebook(list(shared.codebooks))
    found: dict[str, Bundle] = {}
    refused = []
    for folder in map(Path, shared.uploads):
        if (folder / KEPT).is_file():
            bundle: Bundle | None = read_bundle(folder / KEPT)
        else:
            minimum = shared.plan["minimum_cell"]
            draft = draft_trial(read_upload(folder), shared.plan, codebook, minimum)
            bundle = release(draft, shared.plan, minimum).bundle
        if bundle is None or not bundle.gate.for_sharing:
            refused.append(folder.name)
            say(f"{folder.name}: nothing may leave")
        else:
            found[folder.name] = bundle
            say(f"{folder.name}: {len(bundle.blocks)} sets of people, {len(bundle.gate.withheld)} withheld")
    return found, refused


def tables_beside(shared: Shared) -> dict[str, bytes]:
    """The registry, the aggregate results and the codebooks of the plan."""
    files = {}
    for name, path in (("registry.tsv", shared.registry), ("aggregate.tsv", shared.aggregate)):
        if path:
            files[name] = Path(path).read_bytes()
    return files | {f"codebook/{name}": path.read_bytes() for name, path in codebook_files(shared.codebooks)}


def codebook_files(folders: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Files of the plan's and the trials' own codebooks, by name in one folder.

    Raises
    ------
    DataError
        Where two of them have files of one name that differ.
    """
    seen: dict[str, bytes] = {}
    for folder in map(Path, folders):
        for path in sorted(p for p in folder.rglob("*.y*ml") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            if seen.setdefault(name, path.read_bytes()) != path.read_bytes():
                raise DataError(f"share: two codebooks have a {name}; put both into the plan's own codebook")
            yield name, path


def shared_plan(shared: Shared, trials: Sequence[str]) -> Plan:
    """The plan with bundles in the place of rows; all places are inside the shared folder."""
    values = shared.plan.as_mapping()
    values |= {
        "studies": [f"{FOLDER}/bundles/{name}{SUFFIX}" for name in trials],
        "registry": f"{FOLDER}/registry.tsv" if shared.registry else None,
        "aggregate": f"{FOLDER}/aggregate.tsv" if shared.aggregate else None,
        "codebook": f"{FOLDER}/codebook" if shared.codebooks else None,
        "results": f"{FOLDER}-again",
        "share": False,
    }
    return Plan(values)
