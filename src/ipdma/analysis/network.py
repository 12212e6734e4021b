"""One model over all arms of all trials: what beats what, by direct and by indirect evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import pandas as pd

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import CANNOT, first_line
from ipdma.analysis.moderator_counts import write_unit
from ipdma.analysis.moderator_frame import Refused, frame_of_rows
from ipdma.analysis.network_aggregate import aggregate_contrasts
from ipdma.analysis.network_records import (
    write_fit,
    write_inconsistency,
    write_interactions,
    write_pool,
    write_split,
)
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.row_counts import count_exclusions, count_scales
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.df import df_method
from ipdma.model.network import (
    Network,
    NetworkPool,
    fit_inconsistency,
    fit_network,
    inconsistency_columns,
    network_of,
    p_scores,
    pool_network,
    pooled_inconsistency,
    split_node,
    study_contrasts,
)
from ipdma.model.spec import ModelSpec
from ipdma.plan import NETWORK

NODE = "(node)"
T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """A network as it is asked of one outcome and time point.

    Attributes
    ----------
    cell : Cell
        Every arm that is in a node, with the column `(node)`; rows without an outcome are left out.
    settings : Settings
    spec : ModelSpec
    nodes : tuple of str
        The reference first.
    shown : frozenset of (str, str)
        Comparisons as the plan's contrasts have them.
    """

    cell: Cell
    settings: Settings
    spec: ModelSpec
    nodes: tuple[str, ...]
    shown: frozenset[tuple[str, str]]

    def network(self, frame: pd.DataFrame) -> Network:
        """The network of some rows."""
        return network_of(zip(frame["study"], frame[NODE], strict=True), self.nodes, self.shown)

    def ident(self, stage: str, moderator: str = "", variant: str = "") -> Ident:
        """The name of one of its fits."""
        return self.cell.ident(NETWORK, stage, moderator, variant)


def analyse_network(cell: Cell, context: Context) -> Ledger:
    """The network of one outcome and time point.

    Parameters
    ----------
    cell : Cell
        Contrast `network`: rows of every arm that is in a node.
    """
    ledger, settings = Ledger(), context.settings
    spec, notes = network_model(settings)
    asked = ask(cell.without_guests(), settings, spec)
    for guest in cell.guests:
        notes.append(
            f"{guest.study}: the moments of its arms do not tell of all arms together; it is left out"
        )
    for note in notes:
        ledger.note(asked.ident("one"), "warning", note)
    frame, covariates = design_frame(asked.cell.rows, spec.covariates)
    frame = frame.assign(**{NODE: asked.cell.rows[NODE]}).dropna()
    asked = replace(asked, spec=spec.replace(covariates=covariates))
    count_network(ledger, asked, frame)
    one_stage(ledger, asked, frame)
    two_stages(ledger, asked, frame, context)
    for moderator in settings.moderators:
        if moderator.name in settings.plan["network"]["moderators"]:
            add_moderator(ledger, asked, moderator)
    return ledger


def network_model(settings: Settings) -> tuple[ModelSpec, list[str]]:
    """The primary model as a network has it, and what that changes."""
    spec = settings.primary("gaussian")
    fixed = {"intercept": "stratified", "interaction_effect": "common", "interaction": "within"}
    fixed |= {"estimator": "reml"} if spec.estimator else {}
    notes = [
        f"the network has {key}: {value}, not the primary model's {key}: {getattr(spec, key)}"
        for key, value in fixed.items()
        if getattr(spec, key) != value
    ]
    df = None if spec.df and df_method(spec.df).by_trials else spec.df
    own = spec.replace(**{**fixed, "estimator": "reml"}, treatment=NODE, contrasts={}, df=df)
    return own.resolved(), notes


def ask(cell: Cell, settings: Settings, spec: ModelSpec) -> Question:
    """Name each row's node, and order the nodes."""
    plan, known = settings.plan, settings.plan.network_nodes
    rows = cell.rows[cell.rows["outcome"].notna()]
    node = rows["condition"].map(known) if known else rows["condition"]
    rows = rows.assign(**{NODE: node.astype(str)})
    nodes = list(plan["network"]["nodes"]) or sorted(rows[NODE].unique())
    trials = rows.groupby(NODE)["study"].nunique()
    most = max(nodes, key=lambda n: int(trials.get(n, 0)), default="")
    first = plan["network"]["reference"] or most
    ordered = (first, *(n for n in nodes if n != first))
    return Question(cell.but(rows), settings, spec, ordered, plan.network_contrasts)


def count_network(ledger: Ledger, asked: Question, frame: pd.DataFrame) -> None:
    """Write who is in the network: nodes, designs, trials and arms that are left out, and why."""
    name, network = asked.cell.ident().analysis_id, asked.network(frame)
    inside = frame["study"].isin(list(network.arms))
    for node in network.nodes:
        own = frame[inside & (frame[NODE] == node)]
        ledger.count(name, "network_node", arm=node, n=len(own), value=own["study"].nunique())
    for nodes, studies in network.designs.items():
        ledger.count(name, "network_design", level=" : ".join(nodes), value=len(studies))
    ledger.count(name, "studies", n=len(network.arms), of=asked.cell.rows["study"].nunique())
    for study, own in frame[~inside].groupby("study"):
        why = f"arms of one node alone ({own[NODE].iloc[0]})"
        ledger.count(name, "network_left_out", study=str(study), level=why, n=len(own))
    for node in [n for n in asked.nodes if n not in network.nodes]:
        ledger.note(asked.ident("one"), "warning", f"node '{node}': no trial compares it with another node")
    count_exclusions(ledger, name, asked.cell)
    count_scales(ledger, name, asked.cell, asked.settings)


def count_excluded(
    ledger: Ledger, asked: Question, ident: Ident, network: Network, frame: pd.DataFrame
) -> None:
    """Write how many of a fit's trials' participants lack a value, whose number a small one withholds."""
    everyone = int(asked.cell.rows["study"].isin(list(network.arms)).sum())
    ledger.count(ident, "excluded_rows", n=everyone - int(frame["study"].isin(list(network.arms)).sum()))


def attempt(ledger: Ledger, ident: Ident, make: Callable[[], T]) -> T | None:
    """What `make` makes, or None with the reason in the ledger."""
    try:
        return make()
    except CANNOT as error:
        ledger.note(ident, "not_fitted", first_line(error))
        return None


def one_stage(ledger: Ledger, asked: Question, frame: pd.DataFrame) -> None:
    """Every comparison; whether the evidence agrees; ranks."""
    ident, network, spec = asked.ident("one"), asked.network(frame), asked.spec
    fit = attempt(ledger, ident, partial(fit_network, frame, spec, network))
    if fit is None:
        return
    write_fit(ledger, ident, fit)
    count_excluded(ledger, asked, ident, network, frame)
    for node, score in p_scores(fit.comparisons, network.nodes).items():
        ledger.count(ident, "p_score", arm=node, value=score)
    own = asked.ident("one", variant="inconsistency")
    test = attempt(ledger, own, partial(fit_inconsistency, frame, spec, network))
    if test is not None:
        write_inconsistency(ledger, own, test, fit.method.name, len(network.arms))
    for pair in network.pairs:
        make = partial(split_node, frame, spec, network, pair)
        split = attempt(ledger, asked.ident("one", variant="direct"), make)
        if split is not None:
            write_split(ledger, ident, split, fit)


def two_stages(ledger: Ledger, asked: Question, frame: pd.DataFrame, context: Context) -> None:
    """Each trial's contrasts, with the aggregate ones, pooled."""
    ident, network = asked.ident("two"), asked.network(frame)
    published, notes = aggregate_contrasts(context.aggregate, asked.cell, asked.settings.plan)
    for note in notes:
        ledger.note(ident, "warning", note)

    def make() -> NetworkPool:
        contrasts, silent = study_contrasts(frame, asked.spec, network)
        for why in silent:
            ledger.note(ident, "warning", f"left out of two stages: {why}")
        common = asked.spec.treatment_effect == "common" and asked.settings.pool.tau2 is None
        every = [*contrasts, *(p.contrasts for p in published)]
        nodes = dict.fromkeys([*asked.nodes, *(n for c in every for n in c.nodes)])
        return pool_network(every, list(nodes), asked.settings.pool, common, asked.shown)

    pool = attempt(ledger, ident, make)
    if pool is None:
        return
    pooled = {own.study for own in pool.studies if own.source == "ipd"}
    n = int(frame["study"].isin(list(pooled)).sum()) + sum(p.n for p in published)
    write_pool(ledger, ident, pool, n)
    count_excluded(ledger, asked, ident, network, frame)
    own = asked.ident("two", variant="inconsistency")
    extra = inconsistency_columns(pool.network)
    test = attempt(ledger, own, partial(pooled_inconsistency, pool, extra))
    if test is not None:
        write_inconsistency(ledger, own, test, "wald", len(pool.network.arms))


def add_moderator(ledger: Ledger, asked: Question, moderator: Moderator) -> None:
    """The within-trial interaction of every comparison with one moderator."""
    ident, rows = asked.ident("one", moderator.name), asked.cell.rows
    try:
        data = frame_of_rows(rows, moderator, asked.settings.primary("gaussian").covariates)
    except Refused as error:
        ledger.note(ident, "refused", str(error))
        return
    for note in data.notes:
        ledger.note(ident, "warning", note)
    frame = data.frame.assign(**{NODE: rows[NODE]}).dropna()
    network = asked.network(frame)
    fit = attempt(ledger, ident, partial(fit_network, frame, data.join(asked.spec), network))
    if fit is None:
        return
    count_excluded(ledger, asked, ident, network, frame)
    informing = set(data.varying()) & set(network.arms)
    ledger.count(ident, "moderator_studies", n=len(informing), of=len(network.arms))
    write_unit(ledger, ident, moderator)
    write_interactions(ledger, ident, fit)
