"""The explorer without a browser: what stands on the page, and the script's numbers under node."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from tests.builders.report_mock import mock_material
from tests.builders.report_page import explorer_data, report_page, spec_of

from ipdma.errors import FitError
from ipdma.harmless import SCRIPT, policy_for
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec
from ipdma.report.explorer import INTERVALS, PREDICTION, TAU2, explorer_section
from ipdma.report.ledger import Ledger

NODE = """
const vm = require("vm"), [script, cases] = JSON.parse(require("fs").readFileSync(0, "utf8"));
vm.runInThisContext(script);
const { pool } = vm.runInThisContext("ipdmaPool");
const run = ([trials, asked]) => {
  try { return pool(trials, asked); } catch (error) { return { error: error.message }; }
};
console.log(JSON.stringify(cases.map(run)));
"""
ONE = ["estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high", "pi_low", "pi_high", "k"]
SPREAD = ["tau2", "tau2_ci_low", "tau2_ci_high", "i2", "i2_q", "h2", "q", "q_df", "q_p"]
SHARED = [*ONE, *SPREAD]


@pytest.fixture(scope="module")
def page(material):
    return report_page(material)


def run_node(page, cases):
    """The pools of the page's own script, outside a browser."""
    if not shutil.which("node"):
        (pytest.fail if os.environ.get("IPDMA_REQUIRE_PAGE") else pytest.skip)("no node to run the script")
    held = json.dumps([SCRIPT.findall(page)[0], cases])
    done = subprocess.run(["node", "-e", NODE], input=held, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def trials_of(y, se):
    return [
        {"study": f"s{i}", "estimate": float(a), "std_error": float(b)}
        for i, (a, b) in enumerate(zip(y, se, strict=True))
    ]


def every_way(level=0.95):
    ways = itertools.product(TAU2, INTERVALS, PREDICTION)
    return [{"tau2": t, "ci": c, "prediction": p, "level": level} for t, c, p in ways]


def assert_agree(cases, found):
    """Each field as `pool_effects` has it, to 1e-8 of its size."""
    for (trials, asked), got in zip(cases, found, strict=True):
        names, y, se = zip(*(one.values() for one in trials), strict=True)
        wanted = pool_effects(names, y, se, PoolSpec.from_mapping(spec_of(asked))).as_json()
        for field in SHARED:
            if wanted[field] is None:
                assert got[field] is None, (field, asked, len(y))
            else:
                assert got[field] == pytest.approx(wanted[field], rel=1e-8, abs=1e-9), (field, asked, len(y))
        assert got["weights"] == pytest.approx(list(wanted["weights"].values()), rel=1e-9)


@pytest.mark.parametrize("spread", [0.0, 0.4, 3.0])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 12, 40])
def test_numbers_are_those_of_the_pool_command(page, k, spread):
    rng = np.random.default_rng([k, int(10 * spread)])
    se = np.exp(rng.normal(-1.2, 0.6, k))
    trials = trials_of(rng.normal(-0.4, np.hypot(se, spread)), se)
    level = {1: 0.9, 12: 0.99}.get(k, 0.95)
    cases = [[trials, asked] for asked in every_way(level)]
    assert_agree(cases, run_node(page, cases))


def test_a_likelihood_with_two_maxima_and_an_interval_with_a_gap(page):
    two = trials_of([-1.0, 1.0, 1.02, 0.98], [0.02, 0.9, 0.8, 1.0])
    far = trials_of([0.0, 0.01, 5.0, -4.0, 9.0], [0.001, 0.002, 1.0, 2.0, 0.5])
    cases = [[trials, asked] for trials in (two, far) for asked in every_way()]
    assert_agree(cases, run_node(page, cases))


def test_the_trials_of_the_page_with_one_left_out(page):
    questions = explorer_data(page)["questions"]
    keys = ("study", "estimate", "std_error")
    cases = [
        [[{key: one[key] for key in keys} for one in question["trials"][1:]], asked]
        for question in questions
        for asked in every_way()[::7]
    ]
    assert_agree(cases, run_node(page, cases))


def test_what_cannot_be_pooled_says_why(page):
    asked = {"tau2": "reml", "prediction": "t", "level": 0.95}
    equal = trials_of([0.5, 0.5, 0.5], [0.1, 0.1, 0.1])
    found = run_node(page, [[[], {**asked, "ci": "wald"}], *([equal, {**asked, "ci": c}] for c in INTERVALS)])
    assert "no trial is left" in found[0]["error"]
    said = dict(zip(INTERVALS, found[1:], strict=True))
    for name in ("nst", "hksj"):
        with pytest.raises(FitError):
            pool_effects("abc", [0.5] * 3, [0.1] * 3, PoolSpec(ci=name))
    assert {name for name, one in said.items() if "error" in one} == {"nst", "hksj"}
    assert all("all estimates are equal" in said[name]["error"] for name in ("nst", "hksj"))


def test_data_are_the_record_files(page, material):
    data = explorer_data(page)
    assert [one["id"] for one in data["questions"]] == [a.id for a in material.analyses]
    for question in data["questions"]:
        rows = material.records.of("study_estimates", f"{question['id']}.primary.two")
        held = {row.text("study"): row.number("estimate") for row in rows}
        told = question["trials"]
        assert {one["study"]: one["estimate"] for one in told if not one["published"]} == held
        assert [one["study"] for one in told if one["published"]] == ["FR-Y"]  # in no pool until it is ticked
        assert set(question["planned"]) == {"tau2", "ci", "prediction"}


def test_a_withheld_number_is_empty_and_takes_no_part():
    hidden = mock_material(4)
    row = hidden.study_estimates["analysis_id"].eq("stpp_control.depression.post.primary.two")
    hidden.study_estimates.loc[row.idxmax(), ["estimate", "std_error", "ci_low", "ci_high", "weight"]] = (
        np.nan
    )
    section = explorer_section(hidden, Ledger())
    first = explorer_data(section)["questions"][0]["trials"]
    assert [one["estimate"] is None for one in first].count(True) == 1
    assert "NaN" not in section.replace("isNaN", "")


def test_without_a_script_every_trial_is_a_row(page, material):
    section = page[page.index('<details id="explore">') : page.index('<script type="application/json"')]
    assert section.count("<tr data-study=") == 12 * len(material.analyses)
    assert section.count(", published result</th>") == len(material.analyses)
    assert section.count("Pooled, as recorded") == len(material.analyses)
    assert "<noscript>" in section
    live = re.findall(r'<\w+ class="explore-live[^>]*>', section)
    assert len(live) == 2
    assert all(" hidden" in tag for tag in live)


def test_printed_numbers_are_claimed(material):
    ledger = Ledger()
    section = explorer_section(material, ledger)
    printed = {claim.printed for claim in ledger.claims if claim.place == "report/explorer"}
    cells = re.findall(r'<td class="right">([^<]*)</td>', section)
    numbers = {number for cell in cells for number in re.findall("\u2212?\\d+(?:\\.\\d+)?", cell)}
    assert numbers <= printed


def test_nothing_runs_but_the_script_of_the_page(page):
    script = SCRIPT.findall(page)
    assert len(script) == 1
    assert 30_000 <= len(script[0].encode()) <= 60_000
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'")
    assert re.search(r"script-src 'sha256-[\w+/]{43}='", policy)
    assert re.search(r"style-src 'sha256-[\w+/]{43}='", policy)
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "script-src" not in policy_for("<style>p{}</style><p>No script.</p>")


def test_no_record_can_end_the_data():
    material = mock_material(3)
    material.registry.loc[0, "citation"] = "</script><script>alert(1)</script> 2001"
    name = material.registry.loc[0, "study"]
    section = explorer_section(material, Ledger())
    assert len(SCRIPT.findall(section)) == 1
    assert name in explorer_data(section)["studies"]
