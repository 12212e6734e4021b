"""One table of df methods: it refuses what it does not know, and adding to it touches four files."""

import numpy as np
import pandas as pd
import pytest
from tests.builders.copied_source import ROOT, CopiedSource

from ipdma.errors import SpecError
from ipdma.model.df import METHODS, POOLED, df_label, df_method, second_stage
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

DOCS = ROOT / "docs" / "choosing-a-df-method.md"

TENFOLD = '''"""Ten times the standard error below, once above: an interval of its own, for this test."""

from dataclasses import replace

from ipdma.model.df.normal import Normal


class Tenfold(Normal):
    name = "tenfold"
    label = "Tenfold"
    singular = "tenfold does not mind"

    def estimates(self, inference, asked):
        plain = super().estimates(inference, asked)
        return [replace(e, ci_low=e.estimate - 10 * e.std_error) for e in plain]

    def batch(self, fits):
        return 10 * fits.std_error, None
'''

EVERY_ENGINE = """
import sys
import numpy as np, pandas as pd
from ipdma.model.df import df_label, df_method
from ipdma.model.engines.lme4 import lme4_df_method
from ipdma.model.fit import fit_model
from ipdma.model.gaussian import prepare_design
from ipdma.model.design import build_design
from ipdma.model.many import leave_one_study_out
from ipdma.model.spec import ModelSpec
from ipdma.plan.schema import load_schema

rows = pd.read_csv(sys.argv[1], dtype={"study": str, "pid": str, "visit": str})
visits = {"participant": "pid", "visit": "visit"}
for keys in ({}, {"outcome": "event", "family": "binomial"}, visits):
    data = rows if keys is visits else rows[rows.visit == "1"]
    fit = fit_model(data, ModelSpec.from_mapping({"df": "tenfold", "contrasts": {}, **keys}))
    row = next(e for e in fit.estimates if e.term.startswith("treatment"))
    below, above = row.estimate - row.ci_low, row.ci_high - row.estimate
    assert fit.df_method == "tenfold" and below / row.std_error > 9.9 and above < below, fit
spec = ModelSpec.from_mapping({"df": "tenfold"})
assert lme4_df_method(spec) == "normal"
assert df_label("tenfold") == "Tenfold"
prepared = prepare_design(build_design(rows[rows.visit == "1"], spec))
fits = leave_one_study_out(prepared).fits
assert (df_method("tenfold").batch(fits)[0] == 10 * fits.std_error).all()
assert "tenfold" in load_schema()["$defs"]["model"]["properties"]["df"]["enum"]
"""


def draw_visits() -> pd.DataFrame:
    """Six small studies with two visits."""
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"study": np.repeat([f"S{k}" for k in range(6)], 30)})
    people["pid"] = [f"p{i}" for i in range(len(people))]
    people["treat"] = np.arange(len(people)) % 2
    both = pd.concat([people.assign(visit=v) for v in ("1", "2")], ignore_index=True)
    both["y"] = 0.4 * both.treat + rng.standard_normal(len(both))
    both["event"] = (both.y > 0.3).astype(int)
    return both


@pytest.mark.parametrize("ask", [df_method, second_stage])
def test_an_unknown_method_is_refused_with_the_nearest_name(ask):
    with pytest.raises(SpecError, match="expected one of .*got 'hksk'.*hksj"):
        ask("hksk")


def test_no_engine_falls_back_on_another_method():
    rows = draw_visits()
    first = rows[rows.visit == "1"]
    visits = {"participant": "pid", "visit": "visit"}
    for data, keys in ((first, {}), (first, {"family": "binomial", "outcome": "event"}), (rows, visits)):
        with pytest.raises(SpecError, match="df: expected one of"):
            fit_model(data, ModelSpec(df="no_such_method", **keys))


def test_every_method_has_a_label_and_a_line_in_the_docs():
    table = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for name in METHODS:
        assert df_label(name)
        assert any(f"`{name}`" in line for line in table), name
    assert df_label("modified_hksj") == POOLED["modified_hksj"].label
    assert df_label("something_else") == "something_else"


def test_adding_a_method_touches_its_file_and_its_line_in_the_table(tmp_path):
    """Beside its test and its line in the docs: four files, and every engine has it."""
    copy = CopiedSource(tmp_path)
    copy.write("model/df/tenfold.py", TENFOLD)
    table = "model/df/__init__.py"
    copy.add_line(table, "\n__all__ = [", "from ipdma.model.df.tenfold import Tenfold\n")
    copy.add_line(table, "        Normal(),\n", "        Tenfold(),\n")
    rows = tmp_path / "rows.csv"
    draw_visits().to_csv(rows, index=False)
    copy.run("-c", EVERY_ENGINE, str(rows))
    assert len(copy.touched()) + len(["its test", "its line in the docs"]) <= 4
