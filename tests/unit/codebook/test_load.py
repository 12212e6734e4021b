"""The built-in codebook is sound, and folders add to it, with every fault said at once."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import ipdma
from ipdma.codebook import load_codebook
from ipdma.errors import ReadError

BUILTIN = load_codebook()
VARIABLES = (
    "age sex education relationship employment episode_duration_months age_at_onset previous_episodes "
    "chronic antidepressant_at_baseline comorbid_anxiety personality_disorder childhood_trauma "
    "sessions_attended dropout therapist remitted_by_diagnosis"
)
CONDITIONS = (
    "stpp antidepressant combined antidepressant_supportive supportive waitlist tau placebo "
    "other_psychotherapy other"
)


def test_every_agreed_name_is_there():
    assert set(VARIABLES.split()) | {"participant", "arm"} == set(BUILTIN.variables)
    assert set(CONDITIONS.split()) == set(BUILTIN.conditions)
    assert list(BUILTIN.timepoints) == ["baseline", "interim", "post", "follow_up"]
    assert list(BUILTIN.variables["sex"].levels) == ["female", "male", "other"]
    assert [v.name for v in BUILTIN.variables.values() if v.required] == ["participant", "arm"]


# Ranges from the instruments' own papers, typed here a second time.
RANGES = {
    "hamd6": (0, 22),
    "hamd7": (0, 26),
    "hamd17": (0, 52),
    "hamd21": (0, 64),
    "hamd24": (0, 75),
    "madrs": (0, 60),
    "madrs_s": (0, 54),
    "bdi": (0, 63),
    "bdi2": (0, 63),
    "phq9": (0, 27),
    "qids_sr": (0, 27),
    "ids_sr": (0, 84),
    "epds": (0, 30),
    "cesd": (0, 60),
    "gds15": (0, 15),
    "gds30": (0, 30),
    "hads_d": (0, 21),
    "scl90_dep": (0, 52),
    "bsi_dep": (0, 24),
    "hscl": (1, 5),
    "dass21_d": (0, 42),
    "zung": (20, 80),
    "basis24": (0, 4),
}


@pytest.mark.parametrize("name", sorted(BUILTIN.instruments))
def test_the_range_is_what_the_items_can_give(name):
    instrument = BUILTIN.instruments[name]
    assert instrument.range.bounds == RANGES[name]
    for scoring in instrument.scorings.values():
        if scoring.can_score_items:
            assert extreme(scoring, min) == pytest.approx(scoring.range.bounds[0])
            assert extreme(scoring, max) == pytest.approx(scoring.range.bounds[1])


def extreme(scoring, pick):
    """The lowest or highest total by hand: every item at its end, groups with their highest."""
    ends = [pick(r.bounds) for r in scoring.item_ranges]
    grouped = {item for group in scoring.highest_of for item in group}
    parts = [end for item, end in enumerate(ends, 1) if item not in grouped]
    parts += [max(ends[i - 1] for i in group) for group in scoring.highest_of]
    return sum(parts) * scoring.multiplier / (len(parts) if scoring.rule == "mean" else 1)


@pytest.mark.parametrize("name", sorted(BUILTIN.instruments))
def test_bands_cover_the_range_without_gap(name):
    for bands in BUILTIN.instruments[name].band_sets.values():
        assert bands[0].low.value == RANGES[name][0]
        assert bands[-1].high.value == RANGES[name][1]
        for lower, upper in pairwise(bands):
            assert upper.low.value == lower.high.value + 1


def numbers(node, path=()):
    """Every number of an instrument file with the path that leads to it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers(value, (*path, key))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from numbers(value, (*path, at))
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, node


@pytest.mark.parametrize("name", sorted(BUILTIN.instruments))
def test_every_number_has_a_source_and_says_whether_it_was_looked_up(name):
    text = (files("ipdma.codebook") / "instruments" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    found = list(numbers(content))
    assert found
    for path, _ in found:
        assert "value" in path, path
        holder = content
        for key in path[: path.index("value")]:
            holder = holder[key]
        assert holder["source"].strip()
        assert isinstance(holder["verified"], bool)


def test_no_item_text_is_shipped():
    for instrument in BUILTIN.instruments.values():
        assert not hasattr(instrument, "item_texts")
        assert len(instrument.note) < 250


def test_known_scoring_facts():
    codebook = BUILTIN.instruments
    assert codebook["cesd"].default.reversed_items == (4, 8, 12, 16)
    assert codebook["cesd"].scoring("items_turned").reversed_items == ()
    assert codebook["gds15"].default.reversed_items == (1, 5, 7, 11, 13)
    assert len(codebook["gds30"].default.reversed_items) == 10
    assert len(codebook["zung"].default.reversed_items) == 10
    assert codebook["qids_sr"].default.highest_of == ((1, 2, 3, 4), (6, 7, 8, 9), (15, 16))
    dutch = codebook["scl90_dep"].scoring("dutch")
    assert (dutch.items, dutch.range.bounds, dutch.floor) == (16, (16.0, 80.0), 16.0)
    assert codebook["hscl"].default_scoring == "mean"
    assert codebook["hscl"].scoring("mean_1_4").range.bounds == (1.0, 4.0)
    assert codebook["dass21_d"].default.multiplier == 2
    assert not codebook["basis24"].default.can_score_items
    assert codebook["hamd17"].remission.value == 7
    assert [n.value for n in codebook["hamd17"].remission.alternatives] == [6]
    assert codebook["scl90_dep"].remission is None


def test_digest_follows_the_content(tmp_path):
    assert load_codebook().digest == BUILTIN.digest
    (tmp_path / "variables.yaml").write_text("hope: {type: number, range: [0, 10]}\n")
    first = load_codebook([tmp_path]).digest
    assert first != BUILTIN.digest
    (tmp_path / "variables.yaml").write_text("hope: {type: number, range: [0, 11]}\n")
    assert load_codebook([tmp_path]).digest != first


def own(tmp_path, name, text):
    """Write an instrument file into a codebook folder."""
    (tmp_path / "instruments").mkdir(exist_ok=True)
    (tmp_path / "instruments" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_four_required_keys_make_an_instrument(tmp_path):
    own(tmp_path, "mood", "instrument: mood\nlabel: Mood ladder\nrating: self\nrange: [0, 10]\n")
    mood = load_codebook([tmp_path]).instruments["mood"]
    assert (mood.range.bounds, mood.integer, mood.higher_is_worse, mood.response) == (
        (0, 10),
        True,
        True,
        None,
    )
    assert not mood.default.can_score_items


def test_numbers_may_be_bare_or_sourced(tmp_path):
    own(
        tmp_path,
        "mood",
        """
instrument: mood
label: Mood scale
rating: observer
items: 8
item_range: {min: 0, max: 4}
range: {value: [0, 32], source: "doi:10.1", verified: true}
higher_is_worse: false
scorings: [sum, mean]
bands: {low: [0, 10], high: [11, 32]}
response: 0.5
remission: {value: 20, source: "doi:10.2", verified: false, alternatives: [22]}
reliability: 0.9
missing_items_allowed: 1
""",
    )
    mood = load_codebook([tmp_path]).instruments["mood"]
    assert mood.default_scoring == "sum"
    assert mood.scoring("mean").range.bounds == (0.0, 4.0)
    assert mood.range.high.source == "doi:10.1"
    assert [band.label for band in mood.bands] == ["low", "high"]
    assert mood.remission.alternatives[0].value == 22
    assert not mood.higher_is_worse


@pytest.mark.parametrize(
    "lines",
    [
        "scorings: {sum: [0, 27], mean: [0, 3]}\nbands: {mild: {from: 0, to: 9}, severe: {min: 10, max: 27}}",
        "scorings: {sum: {}, mean: {range: [0, 3]}}\n"
        "bands: [{label: mild, low: 0, high: 9}, {label: severe, low: 10, high: 27}]",
        "scorings: [sum, mean]\nbands: {common: {mild: [0, 9], severe: [10, 27]}}",
    ],
)
def test_the_same_said_in_other_words(tmp_path, lines):
    base = "instrument: m\nlabel: M\nrating: self\nitems: 9\nitem_range: {min: 0, max: 3}\nrange: [0, 27]\n"
    own(tmp_path, "m", base + lines + "\n")
    m = load_codebook([tmp_path]).instruments["m"]
    assert m.scoring("mean").range.bounds == (0, 3)
    assert [(b.label, b.low.value, b.high.value) for b in m.bands] == [("mild", 0, 9), ("severe", 10, 27)]


def test_a_range_of_one_item_is_a_mean(tmp_path):
    text = "instrument: m\nlabel: M\nrating: self\nitems: 5\nitem_range: [1, 5]\nrange: [1, 5]\n"
    own(tmp_path, "m", text)
    mean = load_codebook([tmp_path]).instruments["m"].default
    assert (mean.name, mean.rule, mean.items) == ("mean", "mean", 5)


def test_every_fault_of_every_file_is_said_at_once(tmp_path):
    own(
        tmp_path,
        "bad",
        """
instrument: Bad Name
rating: selfie
items: 3
item_range: [0, 3]
range: [0, 12]
remision: 4
bands: {mild: [5, 2]}
missing_items_allowed: two
""",
    )
    own(tmp_path, "worse", "instrument: worse\nlabel: W\nrating: self\nrange: [9, 1]\n")
    (tmp_path / "variables.yaml").write_text(
        "age2: {type: nmber}\ngroup: {type: category}\n"
        "age3: {type: number, range: [0, 9], plausible: [0, 99]}\n"
        "score: {type: number}\nyn: {type: yes_no, range: [0, 1]}\n"
    )
    with pytest.raises(ReadError) as caught:
        load_codebook([tmp_path])
    said = str(caught.value)
    for part in (
        "unknown key 'remision'; did you mean 'remission'?",
        "missing label",
        "'Bad Name' must be lower-case",
        "got 'selfie'",
        "got 'two', expected a number",
        "9 is not below the highest 1",
        "got 'nmber'",
        "did you mean 'number'?",
        "type: category needs levels",
        "reaches beyond the possible 0 to 9",
        "not a column of the tables",
        "range belong to type: number, this is yes_no",
    ):
        assert part in said, part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("range: [0, 40]\nitems: 3\nitem_range: [0, 3]", "3 items give 0 to 9 as a sum"),
        ("range: [0, 9]\nitems: 3\nitem_range: [0, 3]\nreversed: [4]", "names item 4 of 3 items"),
        ("range: [0, 9]\nremission: 12", "got 12, expected a number from 0 to 9"),
        ("range: [0, 9]\nresponse: 50", "expected a number from 0 to 1"),
        ("range: [0, 9]\nreliability: 1.2", "between 0 and 1"),
        ("range: [0, 9]\nitems: 3\nitem_range: [0, 3]\nmissing_items_allowed: 3", "leaves none to score"),
        ("range: [0, nine]", "got 'nine', expected a number"),
        ("range: 9", "expected two numbers"),
        ("range: [0, 9]\nbands: {a: [0, 5], b: [5, 9]}", "'b' begins at 5, inside 'a'"),
        ("range: [0, 9]\nbands: {a: [0, 15]}", "beyond the possible range 0 to 9"),
        ("range: [0, 9]\nscorings: {dutch: {range: [1, 5], mltiplier: 2}}", "unknown key 'mltiplier'"),
        ("range: [0, 9]\nscorings: {mean: {}}", "needs a range"),
        ("range: [0, 9]\nitems: 3\nitem_range: [0, 3]\nscorings: {sum: [0, 8]}", "own range is 0 to 9"),
        ("range: {value: [0, 9], verified: true}", "needs a source"),
        ("range: [0, inf]", "got 'inf'"),
        ("range: [0, 9]\nrange: [0, 8]", "occurs twice"),
    ],
)
def test_senseless_numbers_are_refused(tmp_path, text, said):
    own(tmp_path, "x", f"instrument: x\nlabel: X\nrating: self\n{text}\n")
    with pytest.raises(ReadError) as caught:
        load_codebook([tmp_path])
    assert said in str(caught.value)


def test_a_built_in_name_can_be_replaced_and_is_named(tmp_path):
    own(tmp_path, "hamd17", "instrument: hamd17\nlabel: Local form\nrating: observer\nrange: [0, 54]\n")
    codebook = load_codebook([tmp_path])
    assert codebook.instruments["hamd17"].range.bounds == (0, 54)
    assert codebook.replaced == ("hamd17",)


def test_two_folders_may_agree_but_not_differ(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        own(folder, "mood", "instrument: mood\nlabel: Mood\nrating: self\nrange: [0, 10]\n")
    assert "mood" in load_codebook([one, two]).instruments
    own(two, "mood", "instrument: mood\nlabel: Mood\nrating: self\nrange: [0, 11]\n")
    with pytest.raises(ReadError, match="defined a second time"):
        load_codebook([one, two])


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(ReadError, match="no such folder"):
        load_codebook([tmp_path / "nowhere"])


def test_units_take_source_to_target():
    duration = BUILTIN.variables["episode_duration_months"]
    assert duration.units["months"] == 1
    assert duration.units["years"] == 12
    assert duration.units["days"] == pytest.approx(1 / 30.4375)
    assert duration.units["weeks"] == pytest.approx(7 / 30.4375)
    assert BUILTIN.variables["age"].units["months"] == pytest.approx(1 / 12)


def test_loads_from_inside_a_zip(tmp_path):
    """The single-file checker reads its codebook from within itself."""
    package = Path(ipdma.__file__).parent
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as target:
        for path in [
            package / "__init__.py",
            package / "errors.py",
            *sorted((package / "codebook").rglob("*")),
        ]:
            if path.suffix in {".py", ".yaml"}:
                target.write(path, Path("ipdma") / path.relative_to(package))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import ipdma; assert '.pyz' in ipdma.__file__\n"
        "from ipdma.codebook import load_codebook; c = load_codebook(); print(len(c.instruments), c.digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(archive)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(len(BUILTIN.instruments)), BUILTIN.digest]
