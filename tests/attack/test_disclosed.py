"""What a finished run shares, put together by an outsider: nobody is found, and what is put back is."""

import json

import pytest

from ipdma.cli import main
from ipdma.runs.manifest import seal
from ipdma.runs.stamps import MANIFEST


@pytest.fixture
def out(run, monkeypatch):
    """The results folder of a copy of the run, seen from where its plan's paths are."""
    monkeypatch.chdir(run)
    return run / "out"


def test_a_run_gives_nobody_away(out, capsys):
    assert main(["disclose", str(out), "--json", "found.json"]) == 0, capsys.readouterr().out
    assert json.loads((out.parent / "found.json").read_text(encoding="utf-8")) == {
        "exposed": [],
        "not_judged": [],
        "notes": [],
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("report.html", "</main>", "<p>1 of them was widowed</p></main>"),
        ("tables/efficacy.html", "</table>", "</table><p>widowed: 1</p>"),
        ("audit.html", "</body>", "<p>widowed: 1</p></body>"),
        ("figures/forest.main.depression.post.svg", "</svg>", "<text>1</text></svg>"),
        ("prisma_ipd.html", "</table>", "</table><p>1</p>"),
    ],
)
def test_a_page_that_says_what_the_records_do_not_give_is_no_all_clear(out, capsys, name, old, new):
    path = out / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(new.join(text.rsplit(old, 1)), encoding="utf-8")
    assert main(["disclose", str(out)]) == 1
    said = capsys.readouterr().out
    assert f"{name}: not derivable from the records" in said
    assert "no withheld number" not in said


def test_a_number_of_few_people_on_a_trials_page_is_found(out, capsys):
    path = out / "integrity" / "results.csv"
    row = "A,episode_longer_than_life,6,passed,participants,0,20,For no participant.\n"
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    assert main(["disclose", str(out)]) == 1
    said = capsys.readouterr().out
    assert "episode_longer_than_life (participants) without what it looks at can only be 4" in said
    assert "(from integrity/results.csv)" in said


def test_numbers_that_contradict_each_other_are_no_all_clear(out, capsys):
    path = out / "counts.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = lines[0].split(",").index("n")
    for i, line in enumerate(lines):
        cells = line.split(",")
        if cells[:2] == ["main", "participants"] and cells[2:4] == ["A", "active"]:
            cells[at] = "999"
            lines[i] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main(["disclose", str(out)]) == 1
    assert "of which nothing could be judged" in capsys.readouterr().out


def test_a_folder_that_other_code_drew_is_said_to_be_one(out, capsys):
    path = out / "tables" / "efficacy.html"
    path.write_text(
        path.read_text(encoding="utf-8").replace("</table>", "</table><p>3</p>"), encoding="utf-8"
    )
    assert main(["disclose", str(out)]) == 1
    assert "another version of the code" not in capsys.readouterr().out
    held = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    held.pop("digest")
    held["jobs"]["report"]["recipe"]["code"] = "0" * 64
    (out / MANIFEST).write_text(seal(held), encoding="utf-8")
    assert main(["disclose", str(out)]) == 1
    assert "drawn by another version of the code" in capsys.readouterr().out
