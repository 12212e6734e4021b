"""The page in a browser: choose, draft, mend, check, save; the same bytes as the command."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.builders.site_page import SitePage

from ipdma.cli import main
from ipdma.site.check import check_study
from ipdma.site.scan import scan_file
from ipdma.web.samples import sample

REPOSITORY = Path(__file__).parents[2]
STUDIES = REPOSITORY / "data" / "synthetic"
NAMES = sorted(path.parent.name for path in STUDIES.glob("*/study.yaml"))
CASES = REPOSITORY.parent / "shared" / "cases" / "site"
FIRST = "NL-A"


def chosen(folder):
    """What a person chooses: the study's files, not its README."""
    own = ("README.md", "README.txt", "expect.yaml")
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in own]


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def compare_with_command(site, folder, scratch):
    """The whole road of one study, held against check and harmonise."""
    result = check_study(folder)
    site.choose(*chosen(folder))
    if result.error is not None:
        assert site.state == "failed"
        assert result.error in site.said
        return
    expected = sorted((f.code, f.grade, f.variable or "", f.column or "") for f in result.findings)
    assert (site.state, site.ready) == ("checked", str(result.ready).lower())
    assert site.findings() == expected
    reports = {"local": scratch / "l.html", "shareable": scratch / "s.html"}
    options = ["--html", str(reports["local"]), "--shareable", str(reports["shareable"])]
    main(["harmonise", str(folder), "--out", str(scratch / "up"), *options])
    for what, path in reports.items():
        assert site.save(what) == path.read_bytes()
    assert site.save("mapping") == (folder / "study.yaml").read_bytes()
    if result.ready:
        assert site.upload() == files_of(scratch / "up")
    else:
        assert not site.find("#save-upload").is_visible()


def test_one_study_gives_the_bytes_of_the_command(site, tmp_path, capsys):
    compare_with_command(site, STUDIES / FIRST, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != FIRST])
def test_every_study_gives_the_bytes_of_the_command(site, tmp_path, name, capsys):
    compare_with_command(site, STUDIES / name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["btheb", "gregoire1996", "jobs2"])
def test_real_trials_give_the_bytes_of_the_command(site, shared, tmp_path, name, capsys):
    folder = REPOSITORY / "config" / "real" / name
    data = next((shared / "real" / name).glob("*.csv"))
    site.choose(folder / "study.yaml", data)
    assert main(["harmonise", str(folder), "--out", str(tmp_path / "up")]) == 0
    assert (site.state, site.ready) == ("checked", "true")
    assert site.upload() == files_of(tmp_path / "up")


@pytest.mark.slow
def test_the_cases_give_what_the_command_gives(site, tmp_path, capsys):
    if not CASES.is_dir():
        pytest.skip("no shared cases beside the repository")
    for case in sorted(path.parent for path in CASES.glob("*/study.yaml")):
        (tmp_path / case.name).mkdir()
        compare_with_command(site, case, tmp_path / case.name)


@pytest.mark.slow
def test_drafts_are_those_of_scan(site):
    for name in NAMES:
        data = [p for p in chosen(STUDIES / name) if p.name != "study.yaml"]
        if len(data) != 1:
            continue
        site.choose(data[0])
        assert site.state == "draft"
        assert site.save("mapping").decode() == scan_file(data[0], data[0].name)


def sample_files(tmp_path, name="clean", change=lambda files: files):
    for file, data in change(sample(name)).items():
        (tmp_path / file).write_bytes(data)
    return sorted(tmp_path.iterdir())


def test_a_draft_is_mended_in_the_form_and_becomes_an_upload(site, tmp_path):
    data = next(p for p in sample_files(tmp_path) if p.suffix == ".csv")
    site.choose(data)
    assert site.state == "draft"
    site.click("#check")
    assert (site.state, site.ready) == ("checked", "false")
    site.unfold()
    site.find('[data-part="variables"] > details > summary').click()
    site.find("#f-study-id").fill("MENDED")
    site.find('[data-row="arms"] input[data-header="arm"]').nth(0).fill("stpp")
    for at, (arm, condition) in enumerate([("stpp", "stpp"), ("tau", "tau")]):
        row = site.find('[data-row="arms"]').nth(at)
        row.locator('[data-header="arm"]').fill(arm)
        row.locator('[data-header="condition"]').select_option(condition)
    wanted = {"participant": ("Nr", ""), "arm": ("Arm", "1 = stpp; 2 = tau")}
    for variable, (column, values) in (wanted | {"sex": ("Geschl", "1 = male; 2 = female")}).items():
        card = site.find(f'[data-row="variables"][data-name="{variable}"]')
        card.locator('[data-header="verb"]').select_option("from")
        card.locator('[data-header="column or text"]').fill(column)
        card.locator('[data-header="column or text"]').press("Tab")
        card.locator('[data-header="values"]').fill(values)
    site.click("#check")
    assert (site.state, site.ready) == ("checked", "true"), site.findings()
    mapping = yaml.load(site.save("mapping"), yaml.BaseLoader)
    assert mapping["study"]["id"] == "MENDED"
    assert mapping["variables"]["sex"] == {"from": "Geschl", "values": {"1": "male", "2": "female"}}
    assert site.upload()["participants.csv"].startswith(b"study,participant,arm,condition")


def test_codes_of_a_column_are_mapped_beside_their_labels(site, tmp_path):
    def without_women(files):
        changed = files["study.yaml"].replace(b'"1": male, "2": female', b'"1": male')
        return {**files, "study.yaml": changed}

    site.choose(*sample_files(tmp_path, change=without_women))
    assert site.ready == "false"
    card = site.find('[data-row="variables"][data-name="sex"]')
    site.find('[data-code="IPD-022"] button').first.click()
    assert card.get_attribute("class").endswith("pointed")
    card.locator('select[aria-label$=" 2"]').select_option("female")
    site.page.wait_for_timeout(300)
    assert card.locator('[data-header="values"]').input_value() == "1 = male; 2 = female"
    site.click("#check")
    assert site.ready == "true"


def test_a_finding_is_confirmed_where_it_stands(site, tmp_path):
    site.choose(*sample_files(tmp_path))
    card = site.find('#findings [data-grade="please_confirm"]').first
    code, variable = card.get_attribute("data-code"), card.get_attribute("data-variable")
    card.locator("button", has_text="confirm").click()
    card.locator("input").nth(0).fill("so it was; truly = right")
    card.locator("input").nth(1).fill("data manager")
    card.locator("input").nth(1).press("Enter")
    site.page.wait_for_timeout(200)
    site.wait()
    entry = yaml.load(site.save("mapping"), yaml.BaseLoader)["confirmed"]
    assert [(e["code"], e["variable"], e["why"], e["by"]) for e in entry] == [
        (code, variable, "so it was; truly = right", "data manager")
    ]
    assert site.find("#findings summary").last.inner_text().startswith("Confirmed (1)")


def test_a_key_replaces_identifiers(site, tmp_path):
    site.choose(*sample_files(tmp_path))
    assert b"SYN-" in site.upload()["participants.csv"]
    assert "your own identifiers" in site.find("#saved").inner_text()
    site.find("#key").fill("a secret of some length")
    assert b"SYN-" not in site.upload()["participants.csv"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"\0\1\2\3\4\5\6\7", "not a text file"),
        ("t.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "password"),
        ("t.sav", b"$FL2" + b"\0" * 900, "damaged"),
        ("t.doc", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "'.doc' cannot be read"),
        ("t.csv", None, "200 MB"),
    ],
)
def test_bad_files_are_sentences_and_the_page_goes_on(site, tmp_path, name, data, said):
    path = tmp_path / name
    path.write_bytes(data or b"")
    if data is None:
        with path.open("ab") as stream:
            stream.truncate(200_000_000)
    site.choose(path)
    assert site.state == "failed"
    assert said in site.said
    assert site.click('[data-sample="clean"]').ready == "true"


def test_what_was_typed_outlives_a_reload_and_data_do_not(site, tmp_path):
    files = sample_files(tmp_path)
    site.choose(*files)
    site.unfold().find("#f-study-id").fill("TYPED")
    site.page.wait_for_timeout(300)
    store = site.page.evaluate("Object.entries(sessionStorage).concat(Object.entries(localStorage))")
    assert "TYPED" in str(store)
    assert "SYN-" not in str(store)
    site.page.reload()
    site.wait()
    assert "example_SYNTHETIC.csv" in site.find("#kept").inner_text()
    site.choose(next(p for p in files if p.suffix == ".csv"))
    site.click("#kept button >> nth=0")
    assert (site.state, site.ready) == ("checked", "true")
    assert site.find("#f-study-id").input_value() == "TYPED"


def test_dutch(site):
    site.find("#language").select_option("nl")
    site.click('[data-sample="faulty"]')
    assert "Kies uw bestand" in site.find("#choose-title").inner_text()
    assert "rijen" in site.find("#findings [data-code]").first.inner_text()
    site.find("#language").select_option("en")
    site.page.wait_for_timeout(200)
    site.wait()
    assert "rows" in site.find("#findings [data-code]").first.inner_text()


def test_the_self_test_and_the_examples(site):
    for name, ready in (("clean", "true"), ("faulty", "false"), ("harmonised", "true")):
        assert site.click(f'[data-sample="{name}"]').ready == ready
    site.find("#self-test").click()
    site.page.wait_for_timeout(2500)
    assert "The self-test is right" in site.find("#self-test-result").inner_text()


def test_without_webassembly_a_sentence_names_another_road(playwright, chromium, page_file):
    options = ["--no-sandbox", "--js-flags=--jitless"]
    browser = playwright.chromium.launch(executable_path=chromium, args=options)
    site = SitePage(browser, page_file).open()
    assert site.state == "failed"
    assert "ipdma-check.pyz" in site.said
    browser.close()


@pytest.mark.slow
def test_a_large_file_is_checked_within_ten_seconds(site, tmp_path):
    files = sample("clean")
    header, *rows = files["example_SYNTHETIC.csv"].decode().splitlines()
    wide = header + "".join(f";x{i}" for i in range(194))
    body = [f"S{n}-{row}" + ";7" * 194 for n in range(209) for row in rows][:5000]
    (tmp_path / "example_SYNTHETIC.csv").write_text("\n".join([wide, *body]) + "\n")
    (tmp_path / "study.yaml").write_bytes(files["study.yaml"])
    before = site.page.evaluate("performance.now()")
    site.choose(*sorted(tmp_path.iterdir()))
    assert site.ready == "true"
    assert site.page.evaluate("performance.now()") - before < 10_000


@pytest.mark.slow
def test_equal_sources_give_an_equal_page(page_file, tmp_path):
    import subprocess
    import sys

    tool = REPOSITORY / "tools" / "build_site_page.py"
    subprocess.run([sys.executable, str(tool), "--out", str(tmp_path / "again.html")], check=True)
    assert (tmp_path / "again.html").read_bytes() == page_file.read_bytes()
