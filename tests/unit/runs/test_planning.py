"""A registry read for planning: what it says, what is assumed, everything wrong at once; and the command."""

import json

import pytest
from tests.builders.trials import write_plan, write_trial

from ipdma.cli import main
from ipdma.errors import PlanError
from ipdma.runs.planning import find_power

MODERATORS = {
    "age": {"column": "age", "per": 10},
    "sex": {"column": "sex", "type": "categorical", "levels": ["female", "male"]},
}


@pytest.fixture
def ask(tmp_path):
    """Write a registry and a plan, and find the power."""

    def find(lines, **changes):
        registry = tmp_path / "studies.tsv"
        registry.write_text("\n".join(line.replace("|", "\t") for line in lines) + "\n", encoding="utf-8")
        write_plan(tmp_path / "plan.yaml", **{"moderators": MODERATORS, **changes})
        return find_power(registry, tmp_path / "plan.yaml")

    return find


def sizes(found):
    return [trial.arms.get("main") for trial in found.trials]


def test_arms_aggregate_sizes_and_the_number_randomised(ask, tmp_path):
    (tmp_path / "aggregate.tsv").write_text(
        "study\tcontrast\toutcome\ttimepoint\testimate\tstd_error\tn_active\tn_reference\n"
        "B\tmain\tdepression\tpost\t-0.3\t0.2\t20\t30\n",
        encoding="utf-8",
    )
    rows = [
        "study|status|randomised|arms",
        "A|ipd|99|stpp 40; tau 20; tau 10",
        "B|aggregate|50|",
        "C|ipd|60|",
    ]
    found = ask([*rows, "D|not_obtained||"], power={"analysed": 1})
    assert sizes(found) == [(40, 30), (20, 30), (30, 30), None]
    assert [note.split(":")[0] for note in found.notes] == ["C", "D"]
    assert [trial.chance for trial in found.trials] == [1, 0, 1, 0]


HEAD = "study\tcontrast\toutcome\ttimepoint\tn_active\tn_reference\n"
ROWS = ["study|status|randomised|arms", "A|ipd|99|stpp 40; tau 30", "B|aggregate|50|"]


def test_the_plans_aggregate_results_count_before_those_beside_the_registry(ask, tmp_path):
    (tmp_path / "aggregate.tsv").write_text(f"{HEAD}B\tmain\tdepression\tpost\t20\t30\n")
    (tmp_path / "published.tsv").write_text(f"{HEAD}B\tmain\tdepression\tpost\t21\t31\n")
    assert sizes(ask(ROWS, power={"analysed": 1}))[1] == (20, 30)
    named = str(tmp_path / "published.tsv")
    assert sizes(ask(ROWS, power={"analysed": 1}, aggregate=named))[1] == (21, 31)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["depression post 20 30", "depression follow_up 40 40"], (20, 30)),  # the first time point
        (["response post 44 45", "depression post 20 30"], (20, 30)),  # the planned outcome
        (["response post 14 15", "depression follow_up 19 18"], (19, 18)),  # neither: the most people
    ],
)
def test_of_several_published_rows_the_planned_one_counts_wherever_it_stands(
    ask, tmp_path, rows, expected, turned
):
    lines = ["\t".join(["B", "main", *row.split()]) for row in (rows[::-1] if turned else rows)]
    (tmp_path / "aggregate.tsv").write_text(HEAD + "\n".join(lines) + "\n")
    found = ask(ROWS, power={"analysed": 1, "outcomes": ["depression"]})
    assert sizes(found)[1] == expected


def test_aggregate_results_without_sizes_are_a_fault_where_they_are_needed(ask, tmp_path):
    (tmp_path / "aggregate.tsv").write_text(
        "study\tcontrast\toutcome\ttimepoint\nB\tmain\tdepression\tpost\n"
    )
    with pytest.raises(PlanError, match="aggregate.tsv: column 'n_active' is missing(.|\n)*'n_reference'"):
        ask(ROWS)
    assert sizes(ask([*ROWS[:2], "B|aggregate|50|stpp 20; tau 30"], power={"analysed": 1}))[1] == (20, 30)


def test_a_trial_has_numbers_of_its_own(ask):
    rows = ["study|status|arms|chance|sd|correlation|risk|spread_age|spread_sex"]
    rows += ["A|not_obtained|stpp 40; tau 40|0.25|2|0.8|0.1|9.5|0.7/0.3", "B|ipd|stpp 4; tau 4|||||none|none"]
    own, other = ask(rows).trials
    assert (own.chance, own.risk, own.spreads) == (0.25, 0.1, {"age": 9.5, "sex": (0.7, 0.3)})
    assert own.residual == pytest.approx(4 * (1 - 0.64))
    assert other.spreads == {"age": None, "sex": None}


def test_an_sd_nobody_states_is_that_of_the_other_trials_or_the_unit(ask):
    rows = [
        "study|status|arms|spread_age",
        "A|ipd|stpp 40; tau 40|3",
        "B|ipd|stpp 40; tau 40|4",
        "C|ipd|stpp 9; tau 9|",
    ]
    found = ask(rows)
    assert found.trials[2].spreads["age"] == pytest.approx((12.5) ** 0.5)
    age = next(own.question for own in found.answers if own.question.moderator == "age")
    assert age.per == pytest.approx((12.5) ** 0.5)
    assert ask(["study|status|arms", "A|ipd|stpp 40; tau 40"]).trials[0].spreads["age"] == 1


def test_an_interaction_per_unit_needs_an_sd(ask):
    stated = {**MODERATORS, "age": {"column": "age", "per": 10, "power": -0.1}}
    found = ask(["study|status|arms", "A|ipd|stpp 40; tau 40"], moderators=stated)
    assert "age" not in [own.question.moderator for own in found.answers]
    assert any("power.spread.age" in note for note in found.notes)
    found = ask(
        ["study|status|arms", "A|ipd|stpp 40; tau 40"], moderators=stated, power={"spread": {"age": 12}}
    )
    age = next(own for own in found.answers if own.question.moderator == "age")
    assert (age.question.per, age.question.assumed) == (10, -0.1)


def test_baseline_explains_nothing_where_the_model_leaves_it_out(ask):
    found = ask(["study|status|arms", "A|ipd|stpp 40; tau 40"], models={"primary": {"covariates": []}})
    assert found.trials[0].residual == 1


@pytest.mark.parametrize(
    ("changes", "tests"),
    [
        ({}, ("nst", "kenward_roger")),
        ({"power": {"tau_interaction": 0.1}}, ("nst", "nst")),
        ({"interval": "kenward_roger"}, ("k_minus_1", "kenward_roger")),
        ({"models": {"primary": {"treatment_effect": "common"}}}, ("residual", "residual")),
        ({"models": {"primary": {"df": "normal"}}}, ("normal", "normal")),
        ({"models": {"primary": {"df": "hksj", "residual": "by_study"}}}, ("k_minus_1", "k_minus_1")),
        ({"models": {"primary": {"df": "k_minus_1"}}}, ("k_minus_1", "k_minus_1_common")),
        ({"outcomes": {"response": {"family": "binomial"}}}, ("nst", "k_minus_1_common")),
    ],
)
def test_power_is_of_the_test_that_the_plan_does(ask, changes, tests):
    models = {"primary": {"covariates": ["baseline"], "residual": "by_study"}}
    rows = ["study|status|arms", "A|ipd|stpp 40; tau 40", "B|ipd|stpp 30; tau 30"]
    headline, age, *_ = ask(rows, **{"models": models, **changes}).answers
    assert (headline.question.test, age.question.test) == tests
    assert headline.question.covariates == age.question.covariates


def test_a_moderator_that_is_the_covariate_costs_no_second_slope(ask):
    models = {"primary": {"covariates": ["baseline"], "residual": "by_study"}}
    moderators = {"severity": {"column": "baseline"}, "age": {"column": "age"}}
    rows = ["study|status|arms", "A|ipd|stpp 40; tau 40", "B|ipd|stpp 30; tau 30"]
    _, severity, age = ask(rows, models=models, moderators=moderators).answers
    assert (severity.question.covariates, age.question.covariates) == (0, 1)
    assert severity.expected.power > age.expected.power


def test_everything_wrong_is_said_at_once(ask):
    rows = ["study|status|arms|chance|sd|spread_age|spread_agee"]
    rows += ["A|ipd|stpp 40; tua 20|2|-1|x|", "B|ipd|forty|||-3|"]
    with pytest.raises(PlanError) as caught:
        ask(rows)
    text = str(caught.value)
    for part in (
        "'tua'; did you mean 'tau'",
        "'forty'",
        "chance",
        "sd: expected",
        "'x'",
        "'-3'",
        "spread_agee",
    ):
        assert part in text


def test_a_condition_that_nobody_knows_is_said_with_what_is_wrong_in_the_registry(ask):
    contrast = {"main": {"active": ["stpp", "stpq"], "reference": ["tau"]}}
    with pytest.raises(PlanError, match="contrasts.main.active(.|\n)*'stpp'(.|\n)*'forty'"):
        ask(["study|status|arms", "A|ipd|forty"], contrasts=contrast)
    with pytest.raises(PlanError, match="no condition 'stpq'"):
        ask(["study|status|arms", "A|ipd|stpp 40; tau 40"], contrasts=contrast)


def test_a_trial_that_is_not_there_takes_no_other_trials_codebook_away(ask, tmp_path):
    write_trial(tmp_path / "A", "A", seed=1)
    (tmp_path / "A" / "codebook").mkdir()
    (tmp_path / "A" / "codebook" / "variables.yaml").write_text(
        "setting:\n  type: category\n  label: setting\n  levels: [clinic, home, practice]\n", encoding="utf-8"
    )
    rows = ["study|status|arms", "A|ipd|stpp 40; tau 40"]
    moderators = {"setting": {"column": "setting", "type": "categorical"}}
    for places in (["A"], ["A", "B"], ["B", "A"]):
        found = ask(rows, moderators=moderators, studies=[str(tmp_path / place) for place in places])
        assert [own.question.level for own in found.answers] == ["", "home", "practice"]


def test_nobody_to_plan_with(ask):
    with pytest.raises(PlanError, match="no trial has people in both sides"):
        ask(["study|status", "A|ipd"])


@pytest.mark.parametrize(
    ("power", "part"),
    [
        ({"spread": {"sex": [0.5, 0.2]}}, "add up to 1"),
        ({"spread": {"sex": 3}}, "shares"),
        ({"spread": {"age": [0.5, 0.5]}}, "one number"),
        ({"spread": {"sexe": [0.5, 0.5]}}, "did you mean 'sex'"),
        ({"outcomes": ["depresion"]}, "did you mean 'depression'"),
        ({"taus": 1}, "did you mean 'tau'"),
    ],
)
def test_a_plan_whose_planning_does_not_fit(ask, power, part):
    with pytest.raises(PlanError, match=part):
        ask(["study|status|arms", "A|ipd|stpp 40; tau 40"], power=power)


def test_the_command(tmp_path, capsys):
    (tmp_path / "r.tsv").write_text(
        "study\tstatus\tarms\nA\tipd\tstpp 40; tau 40\nB\tnot_obtained\tstpp 30; tau 30\n"
    )
    write_plan(tmp_path / "plan.yaml", moderators=MODERATORS)
    place = [str(tmp_path / "r.tsv"), "--plan", str(tmp_path / "plan.yaml")]
    written = ["--json", str(tmp_path / "p.json"), "--figure", str(tmp_path / "p.svg")]
    assert main(["power", *place, *written]) == 0
    assert "Asking for B adds" in capsys.readouterr().out
    record = json.loads((tmp_path / "p.json").read_text())
    assert [q["moderator"] for q in record["questions"]] == [None, "age", "sex"]
    assert record["most_wanted"][0]["study"] == "B"
    assert (tmp_path / "p.svg").read_text().startswith("<")
    assert main(["power", *place, "--figure", str(tmp_path / "p.doc")]) == 2
    assert "svg" in capsys.readouterr().err
