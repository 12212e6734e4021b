"""What a job is made from: the code of its room and of all that it imports, found without a parse of it."""

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from ipdma import provenance
from ipdma.provenance import close_over_imports, find_modules, room_files, rooms_named
from ipdma.runs.recipes import CODE, STEPS, WITH_BUNDLES, make_recipe
from ipdma.yaml_values import load_own_yaml

PACKAGE = files("ipdma")
SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
ROOMS = sorted(
    {p.name.removesuffix(".py") for p in PACKAGE.iterdir() if p.is_dir() or p.name.endswith(".py")}
    - {"__pycache__"}
)


def imported(tree):
    """Rooms that the import statements of a module name, by their parse."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("ipdma."))


WITHOUT_NUMBERS = {
    "cli",
    "report",
    "provenance",
}  # what is said on the way, the pages of bundles and figures, digests
OF_OTHERS = {
    "harmonise": {"analysis"},
    "cohort": {"analysis", "bundle", "plan"},
}  # `files` reads for the fitting jobs too


@pytest.mark.parametrize("room", ROOMS)
def test_the_rooms_that_a_module_imports_are_those_of_its_parse(room):
    for name, content in room_files(room):
        if name.endswith(".py"):
            text = content.decode("utf-8")
            assert rooms_named(text) & set(ROOMS) == set(imported(ast.parse(text))) & set(ROOMS), name


@pytest.mark.parametrize(
    ("text", "rooms"),
    [
        ("from ipdma.model.fit import fit_model", {"model"}),
        ("    import ipdma.io", {"io"}),
        ("from ipdma import io, errors as e", {"io", "errors"}),
        ("from ipdma import (\n    io,\n    site,\n)", {"io", "site"}),
        ('"""See ipdma.model; from ipdma."""', set()),
    ],
)
def test_every_form_of_import_is_read(text, rooms):
    assert rooms_named(text) & set(ROOMS) == rooms


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_a_recipe_holds_the_modules_of_runs_that_its_script_calls(kind):
    script = SCRIPTS / f"{'fit' if kind == 'impute' else kind}.py"
    named = re.findall(r"^ *from ipdma\.runs\.(\w+) import", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert {"jobs", *STEPS[kind]} == {"jobs", *named}


def test_the_digest_of_modules_follows_the_imports_of_their_room_alone(monkeypatch):
    texts = {"a": "from ipdma.room.b import x", "b": "    from ipdma.room.c import y", "c": "", "d": ""}

    def digest(**changed):
        held = tuple((f"room/{n}.py", t.encode()) for n, t in {**texts, **changed}.items())
        monkeypatch.setattr(provenance, "room_files", lambda room: held)
        return provenance.digest_modules("room", ["a"])

    assert digest(d="1") == digest()
    assert len({digest(), digest(a=texts["a"] + "#"), digest(b=""), digest(c="1")}) == 4


@pytest.mark.parametrize(
    "name", ["plan/plan.schema.yaml", "bundle/bundle.schema.yaml", "report/assets/prisma_ipd.yaml"]
)
def test_yaml_of_the_package_says_the_same_to_either_reader(name):
    text = PACKAGE.joinpath(name).read_text(encoding="utf-8")
    assert load_own_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize("kind", sorted(CODE))
def test_a_recipe_holds_the_rooms_of_the_modules_of_runs(kind):
    steps = find_modules("runs", ("jobs", *STEPS[kind]))
    named = set().union(*(rooms_named(content.decode("utf-8")) for content in steps.values())) & set(ROOMS)
    held = close_over_imports((*CODE[kind], *WITH_BUNDLES.get(kind, ())))
    assert named - held - {"runs", *WITHOUT_NUMBERS, *OF_OTHERS.get(kind, ())} == set()


@pytest.mark.parametrize(
    ("changed", "other"),
    [("plan/record.py", True), ("bundle/published.py", True), ("io.py", True), ("model/pool.py", False)],
)
def test_rows_are_made_again_where_what_makes_them_changed(monkeypatch, changed, other):
    before = make_recipe("cohort", {})
    room = changed.split("/")[0].removesuffix(".py")
    held = tuple((name, content + b"#" * (name == changed)) for name, content in room_files(room))
    true = provenance.room_files
    monkeypatch.setattr(provenance, "room_files", lambda name: held if name == room else true(name))
    assert (make_recipe("cohort", {}) != before) is other
