"""`ipdma.fit` and `ipdma.pool`: the same numbers as the commands, whatever form the table has."""

import doctest
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.builders.logistic_rows import draw_trials

import ipdma
from ipdma.cli import main
from ipdma.library import by_hand

EFFECTS = pd.DataFrame({"study": ["007", "008", "010"], "yi": [0.5, 0.1, 0.9], "vi": [0.04, 0.05, 0.05]})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same(answer, file):
    return json.loads(json.dumps(answer.as_dict())) == json.loads(file.read_text())


def test_a_data_frame_a_file_and_the_command_say_the_same(here):
    rows = draw_trials(4, 40)
    rows.to_csv("rows.csv", index=False)
    (here / "spec.yaml").write_text("family: binomial\n")
    assert main(["fit", "rows.csv", "--spec", "spec.yaml", "--json", "out.json"]) == 0
    from_file = ipdma.fit("rows.csv", family="binomial")
    assert same(from_file, here / "out.json")
    assert from_file.as_dict() == ipdma.fit(rows, family="binomial").as_dict()


def test_studies_as_numbers_and_arms_as_booleans_are_read(here):
    rows = draw_trials(4, 40)
    numbered = rows.assign(
        study=pd.factorize(rows["study"])[0].astype(float),
        treat=rows["treat"].astype(bool),
        y=rows["y"].astype("Int64"),
    )
    by_name = ipdma.fit(rows, family="binomial").to_frame()
    by_number = ipdma.fit(numbered, family="binomial")
    columns = [c for c in by_name.columns if c != "term"]
    np.testing.assert_allclose(by_number.to_frame()[columns], by_name[columns])
    assert [s.study for s in by_number.fit.study_estimates] == ["0", "1", "2", "3"]


def test_a_pool_is_the_commands(here):
    EFFECTS.to_csv("effects.csv", index=False)
    assert main(["pool", "effects.csv", "--json", "out.json"]) == 0
    answer = ipdma.pool("effects.csv")
    assert same(answer, here / "out.json")
    assert list(answer.to_frame()["study"]) == ["007", "008", "010", "pooled"]
    assert answer.to_frame()["weight"].iloc[:-1].sum() == pytest.approx(100)


def test_every_fault_at_once_with_the_nearest_key():
    with pytest.raises(ipdma.IpdmaError) as told:
        ipdma.fit(EFFECTS, outcom="post", estimater="ml")
    assert "outcome" in str(told.value)
    assert "estimator" in str(told.value)


def test_two_columns_of_one_name_are_refused():
    table = pd.concat([EFFECTS, EFFECTS["yi"]], axis=1)
    with pytest.raises(ipdma.IpdmaError, match="more than one column of the name yi"):
        ipdma.pool(table)


def test_an_answer_shows_itself_and_draws_on_axes_of_ones_own():
    answer = ipdma.pool(EFFECTS)
    summary = answer.summary()
    assert repr(answer) == summary
    assert "modified" not in summary
    assert f"{answer.pooled.estimate:.3f}" in summary
    assert "<table" in answer._repr_html_()
    axes = Figure().add_axes((0, 0, 1, 1))
    assert answer.forest(axes) is axes
    drawn = {text.get_text() for text in axes.texts}
    assert {"007", "008", "010", "Pooled"} <= drawn


def test_names_of_studies_cannot_become_markup():
    bad = EFFECTS.assign(study=["<b>x</b>", "B", "C"])
    assert "<b>x" not in ipdma.pool(bad)._repr_html_()


def test_the_examples_run():
    assert doctest.testmod(by_hand).failed == 0
    assert doctest.testmod(by_hand).attempted >= 5


def test_import_alone_loads_no_library():
    code = "import ipdma, sys; print(sorted({'numpy', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_top_level_names_what_it_has():
    for name in ipdma.__all__:
        assert getattr(ipdma, name) is not None
    with pytest.raises(AttributeError, match="it has"):
        _ = ipdma.fti
