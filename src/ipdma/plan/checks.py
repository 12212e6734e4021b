"""What a schema cannot say of a plan: that names meet, that lists fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ipdma.errors import SpecError, nearest
from ipdma.plan.models import changed_model, read_model

OF_THEIR_OWN = ("leave_one_out", "aggregate", "reliability")  # kinds of sensitivity analysis; one an entry


def check_names(plan: Mapping[str, object]) -> list[str]:
    """Say every disagreement inside a plan whose schema is met and whose defaults are filled in."""
    checks = (
        check_file_names,
        check_blind,
        check_contrasts,
        check_time_points,
        check_outcomes,
        check_models,
        check_moderators,
        check_references,
        check_network,
        check_nesting,
        check_prediction,
        check_certainty,
        check_power,
        check_sensitivity,
        check_share,
    )
    return [fault for check in checks for fault in check(plan)]


def check_file_names(plan: Mapping[str, Any]) -> Iterator[str]:
    """What files and folders are named after must differ by more than capitals."""
    for key in ("contrasts", "outcomes", "time_points", "moderators"):
        first: dict[str, str] = {}
        for name in plan[key]:
            other = first.setdefault(name.casefold(), name)
            if other != name:
                yield (
                    f"{key}: '{other}' and '{name}' differ in capitals alone, so that Windows and macOS "
                    "would take their files for one; rename one of them"
                )


def check_share(plan: Mapping[str, Any]) -> Iterator[str]:
    """What was made with the gate off may not be shared."""
    if plan["share"] and plan["minimum_cell"] == 1:
        yield (
            "share: minimum_cell is 1, which switches the gate off, so nothing may be shared; raise "
            "minimum_cell, or take share out"
        )
    published = plan["share"].get("published") if isinstance(plan["share"], Mapping) else None
    if published and not is_date(published):
        yield f"share.published: expected a date as 2026-11-29, got {published}"


def is_date(text: str) -> bool:
    """Whether a text is a date, year first."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def unknown_name(where: str, name: str, known: Iterable[str], kind: str) -> str:
    """Say that a name is not among those that the plan declares."""
    known = list(known)
    hint = nearest(name, known) or (f"; there are {', '.join(known)}" if known else "; there are none")
    return f"{where}: no {kind} is called '{name}'{hint}"


def each_unknown(where: str, names: Sequence[str] | None, known: Iterable[str], kind: str) -> Iterator[str]:
    """One sentence per name that is not declared."""
    known = list(known)
    yield from (unknown_name(where, name, known, kind) for name in names or [] if name not in known)


def check_blind(plan: Mapping[str, Any]) -> Iterator[str]:
    """A rehearsal gives nothing away."""
    if plan["blind"] and plan["share"]:
        yield "blind: a blinded run shares nothing; leave out `share`, or `blind`"


def check_contrasts(plan: Mapping[str, Any]) -> Iterator[str]:
    """A condition may stand on one side of a contrast only."""
    for name, contrast in plan["contrasts"].items():
        for condition in contrast["active"]:
            if condition in contrast["reference"]:
                yield (
                    f"contrasts.{name}: condition '{condition}' is in both active and reference; "
                    "an arm can be on one side only"
                )


def check_time_points(plan: Mapping[str, Any]) -> Iterator[str]:
    """A time point has one window, which ends no earlier than it begins."""
    for name, point in plan["time_points"].items():
        where = f"time_points.{name}"
        if point["weeks"] and point["weeks_after_post"]:
            yield f"{where}: weeks and weeks_after_post exclude each other; keep one window"
        for key in ("weeks", "weeks_after_post"):
            if point[key] and point[key][0] > point[key][1]:
                yield f"{where}.{key}: the window ends before it begins ({point[key][0]} to {point[key][1]})"


def check_outcomes(plan: Mapping[str, Any]) -> Iterator[str]:
    """An outcome's family fits its measure, and what it names is declared."""
    for name, own in plan["outcomes"].items():
        where = f"outcomes.{name}"
        wanted = "gaussian" if own["measure"] == "score" else "binomial"
        if own["family"] != wanted:
            yield (
                f"{where}: measure {own['measure']} needs family: {wanted}, got {own['family']}; "
                "the measure of an outcome that is not named after one is given as `measure`"
            )
        yield from each_unknown(f"{where}.time_points", own["time_points"], plan["time_points"], "time point")
        yield from each_unknown(f"{where}.contrasts", own["contrasts"], plan["contrasts"], "contrast")
        yield from each_unknown(f"{where}.models", own["models"], plan["models"], "model")
        yield from each_unknown(f"{where}.moderators", own["moderators"], plan["moderators"], "moderator")


def check_models(plan: Mapping[str, Any]) -> Iterator[str]:
    """Each model is one that can be fitted."""
    if plan["primary_model"] not in plan["models"]:
        yield unknown_name("primary_model", plan["primary_model"], plan["models"], "model")
    for name, model in plan["models"].items():
        yield from model_faults(f"models.{name}", model, plan)


def model_faults(where: str, model: Mapping[str, object], plan: Mapping[str, object]) -> Iterator[str]:
    """What the model specification itself holds against a plan's model."""
    try:
        pool = read_model(model, plan, where).pool
        if pool.method == "peto" and pool.measure != "or":
            yield f"{where}.pool: Peto's method gives an odds ratio, got measure: {pool.measure}"
    except SpecError as error:
        yield from str(error).splitlines()


def check_moderators(plan: Mapping[str, Any]) -> Iterator[str]:
    """Cuts, labels and levels fit the moderator's type and each other."""
    for name, own in plan["moderators"].items():
        where = f"moderators.{name}"
        cuts, labels = own["cuts"], own["labels"]
        if (cuts or labels or own["levels"]) and own["type"] == "continuous":
            yield f"{where}: cuts, labels and levels need type: categorical, got {own['type']}"
        if cuts and cuts != sorted(cuts):
            yield f"{where}.cuts: expected rising numbers, got {cuts}"
        if labels and not cuts:
            yield f"{where}: labels name the levels that cuts make; cuts are missing"
        if cuts and labels and len(labels) != len(cuts) + 1:
            yield f"{where}.labels: {len(cuts)} cuts make {len(cuts) + 1} levels, got {len(labels)} labels"
        if own["cuts"] and own["levels"]:
            yield f"{where}: cuts and levels exclude each other; labels name the levels that cuts make"
        if own["spline"] and own["type"] == "categorical":
            yield f"{where}: spline needs type: continuous, got categorical"
        yield from check_knots(where, own)
    yield from check_forms(plan["moderators"])
    wanted = plan["moderator_analysis"]
    yield from each_unknown("moderator_analysis.family", wanted["family"], plan["moderators"], "moderator")
    yield from each_unknown("moderator_analysis.models", wanted["models"], plan["models"], "model")


def check_knots(where: str, moderator: Mapping[str, Any]) -> Iterator[str]:
    """Knots rise, and have a logarithm where one is taken; points of an instrument are a baseline's."""
    given = moderator["spline"]
    if isinstance(given, Mapping) and (moderator["column"] != "baseline" or moderator["transform"] != "none"):
        yield f"{where}.spline: knots by instrument need column: baseline and transform: none; give a list"
    lists = [*given.values()] if isinstance(given, Mapping) else [given] if isinstance(given, list) else []
    for knots in lists:
        if knots != sorted(knots):
            yield f"{where}.spline: expected rising knots, got {knots}"
        if moderator["transform"] == "log" and min(knots) <= 0:
            yield f"{where}.spline: expected knots above 0 for transform: log, got {knots}"


def check_forms(moderators: Mapping[str, Any]) -> Iterator[str]:
    """A form of a variable names another moderator, and no ring of them."""
    for name, own in moderators.items():
        where, seen, at = f"moderators.{name}.form_of", {name}, own["form_of"]
        yield from each_unknown(where, [at] if at else [], moderators, "moderator")
        while at in moderators and at not in seen:
            seen.add(at)
            at = moderators[at]["form_of"]
        if at in seen:
            yield f"{where}: leads back to '{at}'; one of the forms must stand for itself"


def check_references(plan: Mapping[str, Any]) -> Iterator[str]:
    """Names in the further analyses are declared."""
    yield from each_unknown(
        "multiverse.outcomes", plan["multiverse"]["outcomes"], plan["outcomes"], "outcome"
    )
    yield from each_unknown("missing.outcomes", plan["missing"]["outcomes"], plan["outcomes"], "outcome")
    yield from each_unknown("missing.models", plan["missing"]["models"], plan["models"], "model")
    yield from each_unknown(
        "longitudinal.visits", plan["longitudinal"]["visits"], plan["time_points"], "time point"
    )
    if plan["prognosis"]["conditions"]:
        yield from each_unknown(
            "prognosis.outcomes", plan["prognosis"]["outcomes"], plan["outcomes"], "outcome"
        )
        yield from each_unknown(
            "prognosis.predictors", plan["prognosis"]["predictors"], plan["moderators"], "moderator"
        )
    tree = plan["tree"]
    if tree["contrasts"]:
        yield from each_unknown("tree.contrasts", tree["contrasts"], plan["contrasts"], "contrast")
        yield from each_unknown("tree.outcome", [tree["outcome"]], plan["outcomes"], "outcome")
        yield from each_unknown("tree.time_point", [tree["time_point"]], plan["time_points"], "time point")
        yield from each_unknown("tree.variables", tree["variables"], plan["moderators"], "moderator")


def check_network(plan: Mapping[str, Any]) -> Iterator[str]:
    """A network's outcomes are scores, its conditions stand in one node each, its names are declared."""
    own = plan["network"]
    if not own["outcomes"]:
        return
    yield from each_unknown("network.outcomes", own["outcomes"], plan["outcomes"], "outcome")
    yield from scores_alone("network.outcomes", own["outcomes"], plan)
    yield from each_unknown("network.time_points", own["time_points"], plan["time_points"], "time point")
    yield from each_unknown("network.moderators", own["moderators"], plan["moderators"], "moderator")
    seen: dict[str, str] = {}
    for node, conditions in own["nodes"].items():
        for condition in conditions:
            if condition in seen:
                yield (
                    f"network.nodes: condition '{condition}' is in {seen[condition]} and in {node}; "
                    "an arm is one node"
                )
            seen[condition] = node
    if len(own["nodes"]) == 1:
        yield f"network.nodes: expected two nodes or more, got one ({next(iter(own['nodes']))})"
    if own["nodes"] and own["reference"] not in (None, *own["nodes"]):
        yield unknown_name("network.reference", own["reference"], own["nodes"], "node")
    if "network" in plan["contrasts"]:
        yield (
            "contrasts.network: the network's rows have that name; call the contrast otherwise, or leave "
            "network.outcomes empty"
        )


def scores_alone(where: str, names: Sequence[str] | None, plan: Mapping[str, Any]) -> Iterator[str]:
    """Outcomes that an analysis of scores cannot have."""
    for name in names or []:
        if plan["outcomes"].get(name, {}).get("family") == "binomial":
            yield f"{where}: expected outcomes that are scores, got '{name}', a binary one"


def check_nesting(plan: Mapping[str, Any]) -> Iterator[str]:
    """Therapists are taken into account for scores."""
    own = plan["nesting"]
    yield from each_unknown("nesting.outcomes", own["outcomes"], plan["outcomes"], "outcome")
    yield from scores_alone("nesting.outcomes", own["outcomes"], plan)


def check_prediction(plan: Mapping[str, Any]) -> Iterator[str]:
    """Predictions are of scores, each variable is there once, profiles name variables and their levels."""
    own, moderators = plan["prediction"], plan["moderators"]
    for key, kind in (("contrasts", "contrast"), ("outcomes", "outcome"), ("time_points", "time point")):
        yield from each_unknown(f"prediction.{key}", own[key], plan[key], kind)
    yield from each_unknown("prediction.variables", own["variables"], moderators, "moderator")
    if own["variables"]:
        yield from scores_alone("prediction.outcomes", own["outcomes"] or list(plan["outcomes"])[:1], plan)
    seen: dict[str, str] = {}
    for name in own["variables"]:
        column = moderators[name]["column"] if name in moderators else name
        if column in seen:
            yield f"prediction.variables: {seen[column]} and {name} are forms of one variable; keep one"
        seen[column] = name
    for profile, values in own["profiles"].items():
        where = f"prediction.profiles.{profile}"
        yield from each_unknown(where, list(values), own["variables"], "variable of the prediction")
        for name, value in values.items():
            yield from profile_value(f"{where}.{name}", value, moderators.get(name))


def profile_value(where: str, value: object, moderator: Mapping[str, Any] | None) -> Iterator[str]:
    """A level where the moderator has levels, a number where it has none."""
    if moderator is None:
        return
    numeric, levels = isinstance(value, (int, float)), moderator["labels"] or moderator["levels"] or []
    if moderator["type"] == "continuous" and not numeric:
        yield f"{where}: expected a number, got '{value}'"
    elif moderator["type"] == "categorical" and levels and str(value) not in map(str, levels):
        yield f"{where}: expected one of {', '.join(map(str, levels))}, got '{value}'"


def check_certainty(plan: Mapping[str, Any]) -> Iterator[str]:
    """The summary of findings names what the plan has, and judges each result once."""
    where = "certainty.outcomes"
    for entry in plan["certainty"]["outcomes"] or []:
        outcome, dot, timepoint = entry.partition(".")
        yield from each_unknown(where, [outcome], plan["outcomes"], "outcome")
        yield from each_unknown(where, [timepoint] if dot else [], plan["time_points"], "time point")
    yield from each_unknown(
        "absolute.control_risk", list(plan["absolute"]["control_risk"]), plan["outcomes"], "outcome"
    )
    kinds = {"contrast": "contrasts", "outcome": "outcomes", "time_point": "time_points"}
    seen: set[tuple[str, ...]] = set()
    for number, own in enumerate(plan["certainty"]["judgements"], 1):
        where = f"certainty.judgements, entry {number}"
        for key, group in kinds.items():
            yield from each_unknown(f"{where}.{key}", [own[key]], plan[group], key.replace("_", " "))
        named = tuple(own[key] for key in kinds)
        if named in seen:
            yield f"{where}: {'.'.join(named)} is judged twice; keep one entry"
        seen.add(named)


def check_power(plan: Mapping[str, Any]) -> Iterator[str]:
    """What power is planned with names outcomes and moderators, and fits their types."""
    wanted = plan["power"]
    yield from each_unknown("power.outcomes", wanted["outcomes"], plan["outcomes"], "outcome")
    yield from each_unknown("power.spread", list(wanted["spread"]), plan["moderators"], "moderator")
    for name, spread in wanted["spread"].items():
        if name not in plan["moderators"]:
            continue
        own, where = plan["moderators"][name], f"power.spread.{name}"
        shares = spread if isinstance(spread, list) else None
        levels = len(own["cuts"]) + 1 if own["cuts"] else len(own["levels"] or [])
        if (own["type"] == "categorical") != (shares is not None):
            form = "a list of its levels' shares" if shares is None else "its SD inside trials, one number"
            yield f"{where}: the moderator is {own['type']}; expected {form}, got {spread}"
        elif shares and abs(sum(shares) - 1) > 0.01:
            yield f"{where}: shares of levels add up to 1, got {sum(shares):g}"
        elif shares and levels and len(shares) != levels:
            yield f"{where}: the moderator has {levels} levels, got {len(shares)} shares"


def check_sensitivity(plan: Mapping[str, Any]) -> Iterator[str]:
    """Sensitivity analyses name what the plan has, and do not take a model's name."""
    kinds = {
        "outcomes": "outcome",
        "contrasts": "contrast",
        "time_points": "time point",
        "moderators": "moderator",
    }
    base = plan["models"].get(plan["primary_model"], {})
    for name, own in plan["sensitivity"].items():
        where = f"sensitivity.{name}"
        if name in plan["models"]:
            yield f"{where}: a model has that name too; rows of the two could not be told apart"
        alone = [key for key in OF_THEIR_OWN if own.get(key)]
        if len(alone) > 1:
            yield f"{where}: {' and '.join(alone)} are sensitivity analyses of their own; give each an entry"
        for key, kind in kinds.items():
            yield from each_unknown(f"{where}.{key}", own.get(key), plan[key], kind)
        yield from model_faults(f"{where}.model", changed_model(base, own.get("model", {})), plan)
