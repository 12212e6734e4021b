"""Files are written by `ipdma.writing` alone: the old one or the new one, whatever kills the command."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ipdma"
WRITERS = {
    "write_text",
    "write_bytes",
    "rename",
    "replace",
    "symlink_to",
    "touch",
    "rmdir",
    "unlink",
    "mkdir",
}
OF_MODULES = {
    "os": {
        "replace",
        "rename",
        "remove",
        "unlink",
        "rmdir",
        "makedirs",
        "mkdir",
        "truncate",
        "link",
        "symlink",
    },
    "shutil": {"move", "copy", "copy2", "copyfile", "copytree", "rmtree"},
}
# where something else than an output is written or removed, and why
ELSEWHERE = {
    "writing.py": "it is the mechanism",
    "runs/lock.py": "the lock of a run",
    "runs/leftovers.py": "what an earlier death left",
    "runs/stamps.py": "what a job made earlier is removed once its new files are there",
    "runs/jobs.py": "the log of a job",
    "runs/admit.py": "the page of a study that is ready by now",
    "runs/manifest.py": "the sign of an unfinished run",
    "runs/announce.py": "the list of an earlier run, while one is at work",
    "synthetic/write.py": "the invented trials of the repository, made again by hand",
    "web/desk.py": "the files of a browser page",
    "web/drop.py": "the files of a browser page",
    "web/samples.py": "the files of a browser page",
}


def writes(tree):
    """Lines that write, move or remove a file."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if (
            isinstance(function, ast.Name)
            and function.id == "open"
            and is_writing(node.args[1:2], node.keywords)
        ):
            yield node.lineno
        if not isinstance(function, ast.Attribute):
            continue
        home = function.value.id if isinstance(function.value, ast.Name) else ""
        if home in OF_MODULES:
            acts = function.attr in OF_MODULES[home]
        elif function.attr == "open":
            acts = is_writing(node.args[:1], node.keywords)
        elif function.attr in ("replace", "rename"):  # of a text or a table they take other arguments
            acts = len(node.args) == 1 and not node.keywords
        else:
            acts = function.attr in WRITERS
        if acts:
            yield node.lineno


def is_writing(places, keywords):
    """Whether the mode of an `open` writes."""
    modes = [*places, *(keyword.value for keyword in keywords if keyword.arg == "mode")]
    return any(
        isinstance(m, ast.Constant) and isinstance(m.value, str) and set(m.value) & set("wax+") for m in modes
    )


def test_only_writing_writes():
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        found[name] = [*writes(ast.parse(path.read_text(encoding="utf-8")))]
    assert {name: lines for name, lines in found.items() if lines and name not in ELSEWHERE} == {}
    assert [name for name in ELSEWHERE if not found[name]] == []


@pytest.mark.parametrize(
    "text",
    [
        "open('a', 'w')",
        "p.open('ab')",
        "p.write_text('x')",
        "os.replace(a, b)",
        "p.replace(q)",
        "shutil.move(a, b)",
    ],
)
def test_a_writer_is_seen(text):
    assert [*writes(ast.parse(text))] == [1]


@pytest.mark.parametrize(
    "text", ["open('a')", "p.open()", "'a'.replace('b', 'c')", "t.rename(columns={})", "p.read_text()"]
)
def test_a_reader_is_none(text):
    assert [*writes(ast.parse(text))] == []
