"""What `docs/architecture.md` says of additions: each is made on a copy of the source, works, and is counted.

A df method's is in `tests/unit/model/test_df.py`.
"""

import json
import re

import pytest
from tests.builders.copied_source import ROOT, CopiedSource
from tests.builders.small_study import Small

from ipdma.codebook import load_codebook
from ipdma.site.formats import FORMATS

CONTRACT = (ROOT / "docs" / "interface" / "upload.md").read_text(encoding="utf-8")
TABLE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

JSON_LINES = '''"""One JSON list per line, the header first, for this test."""

import json

from ipdma.site.table import build_table


def read(path, options, name):
    header, *records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return build_table(name, header, list(enumerate(records, start=2)), [])
'''

FIGURE = '''"""The name of a moderator, drawn, for this test."""

from functools import partial

from ipdma.report.exhibit import Exhibit, blank_figure


def plain_figure(material, analysis, name, ledger):
    figure = f"plain.{analysis.id}.{name}"
    return Exhibit(figure, "Moderators", f"A caption of {name}.", f"A text of {name}.", partial(draw, name))


def draw(name):
    figure = blank_figure(3, 3)
    figure.text(0.5, 0.5, name)
    return figure
'''

DRAW_ALL = """
from tests.builders.report_mock import mock_material
from ipdma.report.exhibit import render_exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger

every = list_exhibits(mock_material(11), Ledger())
new = [one for one in every if one.name.startswith("plain.")]
assert len(new) >= 2, [one.name for one in every]
assert dict(render_exhibit(new[0], ["png"]))["png"].startswith(b"\\x89PNG")
print(len(new))
"""


@pytest.fixture
def copy(tmp_path):
    return CopiedSource(tmp_path / "copy")


def promised(what):
    """The number of files that the page promises for an addition."""
    return int(re.search(rf"^\| {what} \| (\d+) \|", TABLE, flags=re.MULTILINE).group(1))


def checked(copy, folder):
    """What the copy's `check` says of a study in JSON; it finds nothing that must be fixed."""
    copy.run("-m", "ipdma", "check", str(folder), "--json", str(folder / "out.json"))
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_an_instrument_is_its_file_and_two_lines_of_the_docs(copy, tmp_path):
    block = re.search(
        r"```yaml\n(instrument: mood8.*?)```", (ROOT / "docs" / "codebook.md").read_text(), re.S
    )
    copy.write("codebook/instruments/mood8.yaml", block.group(1))
    assert "| mood8 |" in copy.run("-m", "ipdma", "codebook", "--format", "markdown")
    study = Small(tmp_path)
    for entry in study.map["assessments"]:
        entry["instrument"] = "mood8"
    study.rows = [[*row[:4], str(8 + i), str(i)] for i, row in enumerate(study.rows)]
    study.write()
    found = checked(copy, tmp_path)
    assert found["error"] is None
    assert not [f for f in found["findings"] if f["variable"] == "mood8"]
    docs = ["docs/instruments.md", "docs/interface/upload.md"]
    assert len(copy.touched()) + len(docs) <= promised("an instrument") <= 3


def test_the_docs_name_every_instrument():
    named = re.search(r"^Instruments: `([a-z0-9_ ]+)`", CONTRACT, flags=re.MULTILINE).group(1)
    assert set(named.split()) == set(load_codebook().instruments)


def test_a_file_format_is_its_reader_and_a_line_in_the_table(copy, tmp_path):
    copy.write("site/formats/json_lines.py", JSON_LINES)
    line = '    ".jsonl": Format("json_lines"),\n'
    copy.add_line("site/formats/__init__.py", '    ".sas7bdat": Format(', line)
    study = Small(tmp_path)
    study.map["source"]["file"] = "f.jsonl"
    study.write()
    lines = [json.dumps(row) for row in (study.header, *study.rows)]
    (tmp_path / "f.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = checked(copy, tmp_path)
    assert found["error"] is None
    assert found["rows"]["read"] == len(study.rows)
    beside = ["its test", "docs/interface/upload.md"]
    assert len(copy.touched()) + len(beside) <= promised("a file format") <= 4


def test_the_contract_names_every_format():
    listed = re.search(r"^  file: \S+ +# (.*)$", CONTRACT, flags=re.MULTILINE).group(1)
    assert set(re.findall(r"\.[a-z0-9]+", listed)) == set(FORMATS)


def test_a_moderator_figure_is_its_file_and_a_line_in_the_table(copy):
    copy.write("report/plain_figure.py", FIGURE)
    table = "report/figures_moderators.py"
    copy.add_line(table, "\nFIGURES: ", "from ipdma.report.plain_figure import plain_figure\n")
    copy.add_line(table, "    effect_curve,\n", "    plain_figure,\n")
    assert int(copy.run("-c", DRAW_ALL)) >= 2
    assert len(copy.touched()) + len(["its test"]) <= promised("a moderator figure") <= 3
