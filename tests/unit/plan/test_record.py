"""The plan: defaults, faults in words, names that must meet."""

import re
from pathlib import Path

import pytest
import yaml

from ipdma.errors import PlanError
from ipdma.plan import Plan, read_plan
from ipdma.plan.schema import load_schema, resolve
from ipdma.plan.words import without_words

REPOSITORY = Path(__file__).parents[3]
SMALL = {"studies": "trials", "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"]}}}


def make(**changes):
    return Plan.from_mapping({**SMALL, **changes})


def faults(**changes):
    with pytest.raises(PlanError) as error:
        make(**changes)
    return str(error.value).splitlines()


def objects(schema, path=()):
    """Every part of the schema that is keys and values, with its path."""
    schema = resolve(schema)
    if "properties" in schema:
        yield path, schema
        for key, inner in schema["properties"].items():
            yield from objects(inner, (*path, key))
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        yield from objects(inner, (*path, "NAME"))
    if "items" in schema:
        yield from objects(schema["items"], (*path, "ITEM"))


def test_no_depth_of_the_schema_takes_unknown_keys():
    found = dict(objects(load_schema()))
    assert len(found) > 15
    for path, schema in found.items():
        assert schema.get("additionalProperties") is False, path


def test_every_key_stands_in_the_manual():
    manual = (REPOSITORY / "config" / "README.md").read_text(encoding="utf-8")
    spans = re.findall(r"`([^`]+)`", manual.replace("```", ""))
    words = {word for span in spans for word in re.findall(r"\w+", span)}
    missing = {key for _, schema in objects(load_schema()) for key in schema["properties"]} - words
    assert missing == set()


def test_the_defaults_are_those_of_the_interface():
    plan = make()
    assert plan["standardise"] == "instrument_baseline_sd"
    assert plan["instruments"]["preference"][:3] == ["hamd17", "madrs", "bdi2"]
    assert plan["instruments"]["rating"] == "any"
    assert plan["time_points"]["follow_up"]["weeks_after_post"] == [13, 78]
    assert plan["time_points"]["follow_up"]["target"] == 52
    assert {n: o["family"] for n, o in plan["outcomes"].items()} == {
        "depression": "gaussian",
        "response": "binomial",
        "remission": "binomial",
    }
    assert plan["models"] == {"primary": {"covariates": ["baseline"], "residual": "by_study", "df": "nst"}}
    assert (plan["pool"], plan["interval"]) == ({"ci": "nst"}, "nst")
    assert plan["primary_model"] == "primary"
    assert (plan["minimum_cell"], plan["seed"], plan["level"]) == (10, 20260101, 0.95)
    assert plan["sensitivity"] == {}
    assert plan["missing"]["method"] == "none"
    assert plan["contrasts"]["main"]["negative_favours"] == "active"


def test_a_complete_plan_is_its_own_completion():
    once = make(moderators={"age": {"column": "age", "per": 10}}, sensitivity={"x": {"rating": "self"}})
    again = Plan.from_mapping(yaml.safe_load(once.as_yaml()))
    assert again.as_mapping() == once.as_mapping()


def test_a_plan_hands_out_copies():
    plan = make()
    plan.as_mapping()["seed"] = 1
    plan.outcome("depression")["rating"] = "self"
    assert plan["seed"] == 20260101
    assert plan.outcome("depression")["rating"] == "any"


@pytest.mark.parametrize("plan", ["config.yaml", "real.yaml"])
def test_the_plans_of_the_repository_are_read(plan):
    assert read_plan(REPOSITORY / "config" / plan)["models"]


PATHS = [path for path, _ in objects(load_schema()) if "ITEM" not in path]


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_mistyped_key_names_the_nearest_at_every_depth(path):
    key = next(iter(dict(objects(load_schema()))[path]["properties"]))
    plan = yaml.safe_load(yaml.safe_dump(SMALL))
    inside = plan
    for part in path:
        inside = inside.setdefault("main" if part == "NAME" else part, {})
    inside[f"{key}x"] = 1
    with pytest.raises(PlanError) as error:
        Plan.from_mapping(plan)
    assert f"unknown key '{key}x'; did you mean '{key}'?" in str(error.value)


TWO = {"a": ["stpp"], "b": ["tau"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": "many"}, "seed: expected a whole number, got many"),
        ({"level": 95}, "level: expected less than 1, got 95"),
        ({"studies": []}, "studies: expected a list of at least 1, got []"),
        ({"standardise": "sd"}, "standardise: expected one of instrument_baseline_sd, study_baseline_sd, "),
        ({"primary_model": "main"}, "primary_model: no model is called 'main'; there are primary"),
        (
            {"models": {"m": {"residual": "by_studies"}}},
            "models.m.residual: expected one of common, by_study, got by_studies",
        ),
        (
            {"models": {"m": {"df": "kenward_roger", "estimator": "ml"}}},
            "models.m: df: kenward_roger needs estimator: reml",
        ),
        (
            {"outcomes": {"a b": {}}},
            "outcomes: expected a name of letters, digits, - and _ (up to 60), got a b",
        ),
        (
            {"outcomes": {"respons": {"family": "binomial"}}},
            "outcomes.respons: measure score needs family: gaussian",
        ),
        (
            {"outcomes": {"response": {"time_points": ["later"]}}},
            "outcomes.response.time_points: no time point is called 'later'",
        ),
        (
            {"time_points": {"p": {"timepoint": "post", "weeks": [9, 3]}}},
            "time_points.p.weeks: the window ends before it begins",
        ),
        (
            {"time_points": {"p": {"timepoint": "post", "weeks": [1, 3], "weeks_after_post": [1, 3]}}},
            "time_points.p: weeks and weeks_after_post exclude each other",
        ),
        (
            {"moderators": {"m": {"column": "age", "cuts": [3, 1]}}},
            "moderators.m.cuts: expected rising numbers",
        ),
        (
            {"moderators": {"m": {"column": "age", "spline": [30, 60, 40]}}},
            "moderators.m.spline: expected rising knots",
        ),
        (
            {"moderators": {"m": {"column": "age", "transform": "log", "spline": [0, 30, 60]}}},
            "moderators.m.spline: expected knots above 0",
        ),
        (
            {"moderators": {"m": {"column": "age", "spline": {"hamd17": [10, 20, 30]}}}},
            "moderators.m.spline: knots by instrument need column: baseline",
        ),
        (
            {"moderators": {"m": {"column": "age", "cuts": [1, 3], "labels": ["a", "b"]}}},
            "moderators.m.labels: 2 cuts make 3 levels, got 2 labels",
        ),
        (
            {"moderators": {"m": {"column": "age", "labels": ["a", "b"]}}},
            "moderators.m: labels name the levels that cuts make",
        ),
        (
            {"moderators": {"m": {"column": "age", "type": "continuous", "levels": ["a", "b"]}}},
            "moderators.m: cuts, labels and levels need type: categorical, got continuous",
        ),
        ({"sensitivity": {"primary": {"rating": "self"}}}, "sensitivity.primary: a model has that name too"),
        (
            {"sensitivity": {"x": {"outcomes": ["mood"]}}},
            "sensitivity.x.outcomes: no outcome is called 'mood'",
        ),
        (
            {"sensitivity": {"x": {"model": {"df": "hksj", "intercept": "random"}}}},
            "sensitivity.x.model: df: hksj needs intercept",
        ),
        (
            {"longitudinal": {"visits": ["post", "never"]}},
            "longitudinal.visits: no time point is called 'never'",
        ),
        (
            {"moderator_analysis": {"family": ["age"]}},
            "moderator_analysis.family: no moderator is called 'age'; there are none",
        ),
        (
            {"missing": {"delta": {"arms": "left"}}},
            "missing.delta.arms: expected one of active, reference, both, grid, got left",
        ),
        ({"explanations": [{"analysis": "x"}]}, "explanations.0: key 'why' is missing"),
        (
            {"network": {"outcomes": ["response"]}},
            "network.outcomes: expected outcomes that are scores, got 'response', a binary one",
        ),
        (
            {"network": {"outcomes": ["depression"], "nodes": {"a": ["stpp"], "b": ["stpp", "tau"]}}},
            "network.nodes: condition 'stpp' is in a and in b; an arm is one node",
        ),
        (
            {"network": {"outcomes": ["depression"], "nodes": {"a": ["stpp"]}}},
            "network.nodes: expected two nodes or more, got one (a)",
        ),
        (
            {
                "network": {
                    "outcomes": ["depression"],
                    "nodes": {"a": ["stpp"], "b": ["tau"]},
                    "reference": "c",
                }
            },
            "network.reference: no node is called 'c'; there are a, b",
        ),
        (
            {
                "network": {"outcomes": ["depression"]},
                "contrasts": {"network": {"active": ["stpp"], "reference": ["tau"]}},
            },
            "contrasts.network: the network's rows have that name",
        ),
        ({"network": {"moderators": ["x"], "outcomes": ["depression"]}}, "network.moderators: no moderator"),
        ({"nesting": {"arms": "all"}}, "nesting.arms: expected one of active, both, got all"),
        ({"nesting": {"outcomes": ["response"]}}, "nesting.outcomes: expected outcomes that are scores"),
        ({"prediction": {"variables": ["x"]}}, "prediction.variables: no moderator is called 'x'"),
        ({"prediction": {"thresholds": [-1]}}, "prediction.thresholds"),
        (
            {
                "moderators": {"a": {"column": "age"}, "b": {"column": "age", "per": 10}},
                "prediction": {"variables": ["a", "b"]},
            },
            "prediction.variables: a and b are forms of one variable; keep one",
        ),
        (
            {
                "moderators": {"a": {"column": "age"}, "s": {"column": "sex", "levels": ["f", "m"]}},
                "prediction": {"variables": ["a", "s"], "profiles": {"one": {"a": "old"}, "two": {"s": "x"}}},
            },
            "prediction.profiles.one.a: expected a number, got 'old'",
        ),
        (
            {
                "moderators": {"s": {"column": "sex", "levels": ["f", "m"]}},
                "prediction": {"variables": ["s"], "profiles": {"two": {"s": "x"}, "three": {"q": 1}}},
            },
            "prediction.profiles.two.s: expected one of f, m, got 'x'",
        ),
        (
            {"prediction": {"profiles": {"three": {"q": 1}}}},
            "prediction.profiles.three: no variable of the prediction is called 'q'",
        ),
    ],
)
def test_each_fault_is_a_sentence(changes, sentence):
    assert any(sentence in line for line in faults(**changes)), faults(**changes)


def test_all_faults_are_said_at_once():
    assert len(faults(seed="x", level=2, primary_model=3, standardise="sd")) == 4


def test_families_and_measures_are_decided():
    plan = make(
        outcomes={
            "dropout": {},
            "points": {"standardise": "none"},
            "better": {"measure": "reliable_improvement"},
        }
    )
    decided = {name: (own["measure"], own["family"]) for name, own in plan["outcomes"].items()}
    assert decided == {
        "dropout": ("dropout", "binomial"),
        "points": ("score", "gaussian"),
        "better": ("reliable_improvement", "binomial"),
    }


def test_types_of_moderators_are_decided():
    moderators = {
        "a": {"column": "age"},
        "b": {"column": "age", "cuts": [40]},
        "c": {"column": "sex", "levels": ["x", "y"]},
    }
    plan = make(moderators=moderators)
    assert [own["type"] for own in plan["moderators"].values()] == [
        "continuous",
        "categorical",
        "categorical",
    ]


def test_without_a_model_called_primary_the_first_is():
    assert make(models={"b": {}, "a": {}})["primary_model"] == "b"


def test_secondary_scales_are_outcomes():
    plan = make(secondary={"instruments": ["basis24"], "minimum_studies": 3, "standardise": "none"})
    own = plan.outcome("basis24")
    assert (own["instruments"], own["minimum_studies"], own["standardise"]) == (["basis24"], 3, "none")
    assert plan["outcomes"]["basis24"]["moderators"] == []
    every = make(secondary={"instruments": "all"})
    assert {"hamd17", "epds", "basis24"} <= set(every["outcomes"])


def test_cells_are_limited_by_the_outcome():
    plan = make(outcomes={"depression": {"time_points": ["post"]}, "response": {}})
    assert plan.cells("main") == [("depression", "post"), ("response", "post"), ("response", "follow_up")]


def test_words_of_yaml_that_are_not_truths(tmp_path):
    text = (
        "studies: trials\ncontrasts: {main: {active: [stpp], reference: [tau]}}\n"
        "moderators: {drug: {column: antidepressant_at_baseline, levels: [no, yes]}}\nlevel: 9e-1\n"
    )
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    plan = read_plan(path)
    assert plan["moderators"]["drug"]["levels"] == ["no", "yes"]
    assert plan["level"] == 0.9


JUDGED = {"contrast": "a", "outcome": "depression", "time_point": "post", "by": "A. Author"}


def test_a_signed_judgement_makes_no_other_plan():
    plan = {"studies": "x", "contrasts": {"a": {"active": ["stpp"], "reference": ["tau"]}}}
    signed = {**plan, "certainty": {"judgements": [JUDGED]}}
    plans = [Plan.from_mapping(values).as_mapping() for values in (plan, signed)]
    assert plans[0] != plans[1]
    assert without_words(plans[0]) == without_words(plans[1])


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"outcomes": ["mood.post"]}, "certainty.outcomes: no outcome is called 'mood'"),
        ({"outcomes": ["depression.later"]}, "no time point is called 'later'"),
        ({"judgements": [{**JUDGED, "contrast": "b"}]}, "entry 1.contrast: no contrast is called 'b'"),
        ({"judgements": [JUDGED] * 2}, "entry 2: a.depression.post is judged twice"),
        ({"worthwhile": {"risk": 5}}, "less than 1"),
    ],
)
def test_the_summary_of_findings_names_what_the_plan_has(own, said):
    plan = {"studies": "x", "contrasts": {"a": {"active": ["stpp"], "reference": ["tau"]}}, "certainty": own}
    with pytest.raises(PlanError, match=re.escape(said)):
        Plan.from_mapping(plan)


@pytest.mark.parametrize("key", ["contrasts", "moderators"])
def test_names_of_files_differ_by_more_than_capitals(key):
    values = {"contrasts": SMALL["contrasts"]["main"], "moderators": {"column": "age"}}
    (fault,) = faults(**{key: {"main": values[key], "Main": values[key]}})
    assert f"{key}: 'main' and 'Main' differ in capitals alone" in fault
