"""A results folder after somebody's hand: `ipdma verify` sees it, says what it is, and names the file."""

import json
import random
import re
import shutil
import zipfile

import pytest

from ipdma.cli import main
from ipdma.provenance import digest_text
from ipdma.runs.hold import hold_files
from ipdma.runs.manifest import as_text
from ipdma.runs.stamps import MANIFEST, UNFINISHED, digest_of


@pytest.fixture
def out(run, monkeypatch):
    """The results folder of a copy of the run, seen from where its plan's paths are."""
    monkeypatch.chdir(run)
    return run / "out"


def verify(out, capsys, *options):
    """Status and all that was said."""
    capsys.readouterr()
    status = main(["verify", str(out), "--records-only", "--limit", "0", *options])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return status, said.out + said.err


def every_file(out):
    """Files of a results folder but what systems put there."""
    return sorted(p for p in out.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")


def reseal(out, *names):
    """Bring the manifest in line with changed files, as somebody would who knows of it."""
    held = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    held.pop("digest")
    for name in names:
        held["files"][name]["sha256"] = digest_of(out / name)
    text = as_text({**held, "digest": digest_text(as_text(held))})
    (out / MANIFEST).write_text(text, encoding="utf-8")
    shutil.rmtree(out / "private")


def test_an_untouched_run_holds_elsewhere_and_without_its_times(out, capsys):
    status, said = verify(out, capsys)
    assert status == 0, said
    for line in (r"files: 0 not as the run left them", r"texts: 0 not derivable", r"(\d+) of \1 claims hold"):
        assert re.search(line, said)


def test_an_untouched_run_holds_without_private_and_far_from_its_data(out, capsys, tmp_path, monkeypatch):
    shutil.rmtree(out / "private")
    shutil.move(out, tmp_path / "published")
    monkeypatch.chdir(tmp_path)
    status, said = verify(tmp_path / "published", capsys)
    assert status == 0, said
    assert "not looked at: the data of the plan cannot be found from here" in said


def test_an_untouched_run_computes_again(out, capsys):
    assert main(["verify", str(out)]) == 0, capsys.readouterr().out


def test_any_changed_byte_of_any_file_is_seen(out):
    assert list(hold_files(out)) == []
    draw = random.Random(20260101)
    for path in every_file(out):
        content = path.read_bytes()
        at = draw.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        found = list(hold_files(out))
        assert any(path.name in line for line in found), path
        path.write_bytes(content)
    assert list(hold_files(out)) == []


def test_any_missing_file_is_seen(out):
    for path in every_file(out):
        content = path.read_bytes()
        path.unlink()
        name = path.relative_to(out).as_posix()
        assert any(line.startswith(f"{name}: missing") for line in hold_files(out)), path
        path.write_bytes(content)


def test_an_added_file_is_seen_and_what_a_system_leaves_is_not(out):
    for name in (
        "mine.txt",
        "tables/efficacy (copy).csv",
        "private/harmonised/A/notes.txt",
        "figures/x/y.svg",
    ):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("x", encoding="utf-8")
        assert list(hold_files(out)) == [f"{name}: added; no job of the run made it"]
        (out / name).unlink()
    (out / "figures" / ".DS_Store").write_text("x", encoding="utf-8")
    assert list(hold_files(out)) == []


def test_the_four_sentences(out, capsys):
    (out / "tables" / "efficacy.csv").write_bytes(b"changed")
    (out / "figures" / "missingness.svg").unlink()
    (out / "mine.txt").write_text("x", encoding="utf-8")
    status, said = verify(out, capsys)
    assert status == 1
    assert "tables/efficacy.csv: changed since the run" in said
    assert "figures/missingness.svg: missing; the run made it" in said
    assert "mine.txt: added; no job of the run made it" in said
    assert "tables/efficacy.csv: not derivable from the records" in said


def change_number(text, where):
    """A text in which the first number with decimals after a mark (a pattern) ends in another digit."""
    at = re.compile(rf"(?s:{where}.*?)\d\.\d+").search(text)
    assert at is not None
    last = at.end() - 1
    return f"{text[:last]}{(int(text[last]) + 3) % 10}{text[last + 1 :]}"


def in_archive(path, part, where):
    """The same inside a packed file."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change_number(parts[part].decode("utf-8"), where).encode("utf-8")
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


TEXTS = {
    "report.html": "<tbody>",
    "tables/efficacy.html": "<tbody>",
    "tables/efficacy.csv": "",
    "tables/sensitivity.html": "<tbody>",
    "claims.csv": "",
    "claims.json": "",
    "figures/forest.main.depression.post.svg": ">[-\u2212](?=0)",
    "validation/A.html": "<table>",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_number_changed_together_with_the_manifest_is_not_derivable(out, capsys, name):
    path = out / name
    text = path.read_text(encoding="utf-8")
    path.write_text(change_number(text, TEXTS[name]), encoding="utf-8")
    reseal(out, name)
    status, said = verify(out, capsys)
    assert status == 1, said
    assert "files: 0 not as the run left them" in said
    assert f"{name}: not derivable from the records" in said


@pytest.mark.parametrize(
    ("name", "part"),
    [("tables/efficacy.docx", "word/document.xml"), ("tables/efficacy.xlsx", "xl/worksheets/sheet1.xml")],
)
def test_so_is_one_in_a_word_or_excel_table(out, capsys, name, part):
    in_archive(out / name, part, "<w:tbl" if name.endswith("docx") else "<t>[^<]*?(?=[0-9][.][0-9])")
    reseal(out, name)
    status, said = verify(out, capsys)
    assert status == 1, said
    assert f"{name}: not derivable from the records" in said


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("integrity/A.html", "(12 of 24)", "(14 of 24)"),
        ("validation/A.json", '"kept": 24', '"kept": 25'),
        ("disclosure.json", '"exposed": []', '"exposed": [1]'),
    ],
)
def test_so_is_one_on_a_trials_page_and_in_what_an_attack_found(out, capsys, name, old, new):
    text = (out / name).read_text(encoding="utf-8")
    assert old in text
    (out / name).write_text(text.replace(old, new), encoding="utf-8")
    reseal(out, name)
    status, said = verify(out, capsys)
    assert status == 1, said
    page = "validation/A.html" if name == "validation/A.json" else name
    assert f"{page}: not derivable from the records" in said


def test_a_plan_changed_together_with_the_manifest_is_not_that_of_the_jobs(out, capsys):
    text = (out / "plan.yaml").read_text(encoding="utf-8")
    (out / "plan.yaml").write_text(text.replace("seed: ", "seed: 1"), encoding="utf-8")
    reseal(out, "plan.yaml")
    status, said = verify(out, capsys)
    assert status == 1, said
    assert "plan.yaml: not the plan that the jobs of the run name" in said


def test_a_number_changed_in_the_drawing_of_the_page_and_in_the_figure_alike(out, capsys):
    name = "forest.main.depression.post"
    svg, page = out / "figures" / f"{name}.svg", out / "report.html"
    found = re.search(r"-0\.\d\d \[", page.read_text(encoding="utf-8").replace("\u2212", "-"))
    assert found is not None
    for path in (svg, page):
        text = path.read_text(encoding="utf-8")
        start = text.index(f'id="figure-{name}"') if path == page else 0
        end = text.index("</svg>", start)
        old = found.group()[:5].replace("-", "\u2212")
        drawing = text[start:end].replace(old, "\u22127.77").replace(found.group()[:5], "-7.77")
        path.write_text(text[:start] + drawing + text[end:], encoding="utf-8")
    reseal(out, f"figures/{name}.svg", "report.html")
    status, said = verify(out, capsys)
    assert status == 1, said
    assert f"figure {name} does not show" in said


def test_a_contrast_that_the_run_does_not_have(out, capsys):
    status, said = verify(out, capsys, "--contrast", "man")
    assert status == 2
    assert "no contrast 'man'; there are main" in said


def test_a_row_taken_from_the_claims_and_a_changed_record(out, capsys):
    lines = (out / "claims.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (out / "claims.csv").write_text("".join(lines[:5] + lines[6:]), encoding="utf-8")
    reseal(out, "claims.csv")
    status, said = verify(out, capsys)
    assert status == 1
    assert "claims.csv: not derivable from the records" in said


def test_a_record_that_is_not_the_jobs_own(out, capsys):
    lines = (out / "counts.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (out / "counts.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    kept = shutil.copytree(out / "private", out.parent / "kept")
    reseal(out, "counts.csv")
    shutil.move(kept, out / "private")
    status, said = verify(out, capsys)
    assert status == 1
    assert "counts.csv: not derivable from the records" in said


def test_a_forged_manifest_beside_the_stamps(out, capsys):
    (out / "figures" / "missingness.svg").write_bytes(b"another picture")
    kept = shutil.copytree(out / "private", out.parent / "kept")
    reseal(out, "figures/missingness.svg")
    shutil.move(kept, out / "private")
    status, said = verify(out, capsys)
    assert status == 1
    assert "manifest.json: not what the jobs of the run say of their files" in said


def test_inputs_that_changed_since_are_told(out, capsys):
    path = out.parent / "trials" / "B" / "scores.csv"
    path.write_text(path.read_text(encoding="utf-8") + "person-99;1;20;10\n", encoding="utf-8")
    status, said = verify(out, capsys)
    assert status == 0
    assert "B/data: changed since the run (trials/B/scores.csv)" in said


def test_an_unfinished_run_is_told(out, capsys):
    (out / UNFINISHED).write_text("x", encoding="utf-8")
    (out / MANIFEST).unlink()
    status, said = verify(out, capsys)
    assert status == 1
    assert "UNFINISHED.txt: a run into this folder has begun and has not finished" in said
    assert "manifest.json: missing" in said


BROKEN = {
    "nothing": b"",
    "a nul": b"\0",
    "no text": bytes(range(256)) * 4,
    "nested": b"[" * 5000,
    "a number without end": b"a: " + b"9" * 6000,
    "another kind": b'{"files": {"../x": {"sha256": 1}}, "jobs": 3, "digest": null}',
    "csv of another shape": b"a,b\n1\n1,2,3\n",
    "half": None,
}


FAST = ("nested", "half")


@pytest.mark.parametrize(
    "how", [how if how in FAST else pytest.param(how, marks=pytest.mark.slow) for how in BROKEN]
)
@pytest.mark.parametrize(
    "name",
    [
        "plan.yaml",
        "estimates.csv",
        "counts.csv",
        "claims.csv",
        "manifest.json",
        "report.html",
        "parts/notes.csv",
        "private/parts/main/counts.csv",
        "tables/efficacy.docx",
        "tables/efficacy.xlsx",
        "private/stamps/report.json",
        "validation/A.json",
        "integrity/results.csv",
        "integrity/disposition.csv",
    ],
)
def test_a_broken_file_is_a_sentence(out, capsys, name, how):
    content = (out / name).read_bytes()
    (out / name).write_bytes(content[: len(content) // 2] if BROKEN[how] is None else BROKEN[how])
    status, said = verify(out, capsys)
    assert status in (1, 2), said
    assert name in said
    assert "fault of the tool" not in said


INSERTED = (b"\0", b'"', b",", b"\n", b"9" * 5000, b"{" * 2000, b"\xff\xfe")


@pytest.mark.slow
def test_many_mutations_of_many_files(out, capsys):
    draw = random.Random(7)
    paths = every_file(out)
    for _ in range(300):
        path = draw.choice(paths)
        content = bytearray(path.read_bytes())
        for _ in range(draw.choice([1, 1, 5, 50])):
            at = draw.randrange(len(content))
            kind = draw.randrange(3)
            if kind == 0:
                content[at] = draw.randrange(256)
            elif kind == 1:
                del content[at : at + draw.randrange(1, 40)]
            else:
                content[at:at] = draw.choice(INSERTED)
            content = content or bytearray(b"x")
        before = path.read_bytes()
        path.write_bytes(bytes(content))
        if bytes(content) != before:
            status, said = verify(out, capsys)
            assert status in (1, 2), (path, said)
            assert "fault of the tool" not in said, path
        path.write_bytes(before)
