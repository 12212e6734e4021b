"""The GLMM tree of a cell, as rows of the record files. Exploratory, and said so."""

from __future__ import annotations

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_left_out
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.analysis.tree import Node, Tree, TreeSettings, grow_tree, split_stability

MODEL = "tree"
CAUTION = (
    "exploratory: the splits were searched for in these data, so the intervals of the nodes are too narrow "
    "and their effects too far apart"
)


def analyse_tree(cell: Cell, context: Context) -> Ledger:
    """Grow the tree where the plan asks for one in this cell, and write it."""
    ledger, settings = Ledger(), context.settings
    if not wanted(cell, settings):
        return ledger
    note_left_out(ledger, cell.ident(MODEL, "one"), [cell], "a tree")
    cell = cell.without_guests()
    keys, ident = settings.plan["tree"], cell.ident(MODEL, "one")
    names = partitioning_variables(cell, settings)
    frame, adjusted = design_frame(cell.analysed, settings.primary(cell.family).covariates)
    for name, column in names.items():
        if name not in frame:
            frame[name] = cell.analysed[column]
    tree_settings = TreeSettings(keys["alpha"], keys["minimum_node"], keys["maximum_depth"], settings.level)
    try:
        tree = grow_tree(frame, list(names), tree_settings, adjusted)
    except ValueError as error:
        ledger.note(ident, "not_fitted", str(error))
        return ledger
    write_tree(ledger, ident, tree, frame["study"].nunique())
    resamples, seed = keys["resamples"], settings.plan["seed"]
    if resamples:
        counts = split_stability(frame, list(names), tree_settings, adjusted, resamples, seed)
        for name, n in counts.items():
            ledger.count(ident, "tree_stability", variable=name, n=n, of=resamples, value=n / resamples)
    return ledger


def wanted(cell: Cell, settings: Settings) -> bool:
    """Whether the plan asks for a tree of this cell."""
    keys = settings.plan["tree"]
    return (
        cell.contrast in keys["contrasts"]
        and cell.outcome == keys["outcome"]
        and cell.timepoint == keys["time_point"]
        and cell.family == "gaussian"
        and bool(cell.studies)
    )


def partitioning_variables(cell: Cell, settings: Settings) -> dict[str, str]:
    """Plan name and column of each variable that varies: those that the plan names for the tree, else those
    that four fifths of the participants analysed have.

    Rows with a gap are left out, which would otherwise empty the tree; what is left out is the report's to
    say.
    """
    chosen = settings.plan["tree"]["variables"]
    found: dict[str, str] = {}
    for moderator in settings.moderators:
        column = moderator.column
        if (chosen is not None and moderator.name not in chosen) or column in found.values():
            continue
        if column in cell.analysed and cell.analysed[column].nunique() > 1:
            share = float(cell.analysed[column].notna().mean())
            if chosen is not None or share >= 0.8:
                found[moderator.name] = column
    return found


def write_tree(ledger: Ledger, ident: Ident, tree: Tree, k: int) -> None:
    """Node effects, splits, tests and what to know of them."""
    ledger.note(ident, "warning", CAUTION)
    if not tree.converged:
        ledger.note(ident, "warning", "the tree and its mixed model did not settle")
    n_all = sum(e.n_active + e.n_reference for e in tree.effects)
    for effect in tree.effects:
        path = " & ".join(effect.path) or "all participants"
        ledger.estimates.append(
            {
                **ident.columns,
                "term": "treatment",
                "level": path,
                "estimate": effect.estimate,
                "std_error": effect.std_error,
                "statistic": effect.estimate / effect.std_error,
                "ci_low": effect.ci_low,
                "ci_high": effect.ci_high,
                "k": k,
                "n": effect.n_active + effect.n_reference,
                "df_method": "normal",
                "converged": tree.converged,
                "singular": tree.mixed.tau2 == 0,
            }
        )
        ledger.count(ident, "tree_node", arm="active", level=path, n=effect.n_active, of=n_all)
        ledger.count(ident, "tree_node", arm="reference", level=path, n=effect.n_reference, of=n_all)
    for node in tree.root.splits():
        write_split(ledger, ident, node)
    for leaf in tree.root.leaves():
        write_tests(ledger, ident, leaf)
    ledger.count(ident, "tree_dropped", n=tree.dropped, of=n_all + tree.dropped)
    ledger.count(ident, "variance", variable="intercept", value=tree.mixed.tau2)
    ledger.count(ident, "variance", variable="residual", value=tree.mixed.sigma2)


def write_split(ledger: Ledger, ident: Ident, node: Node) -> None:
    """One split: its variable, where it cuts, the participants above it."""
    path = " & ".join(node.path) or "all participants"
    cut = {"value": node.threshold} if node.threshold is not None else {}
    ledger.count(ident, "tree_split", variable=node.variable, level=path, n=len(node.rows), **cut)
    for level in node.levels:
        ledger.count(ident, "tree_split_level", variable=node.variable, level=f"{path}: {level}")
    write_tests(ledger, ident, node)


def write_tests(ledger: Ledger, ident: Ident, node: Node) -> None:
    """The instability tests of a node, corrected over its variables."""
    path = " & ".join(node.path) or "all participants"
    for test in node.tests:
        ledger.count(ident, "tree_p", variable=test.variable, level=path, value=test.p_value)
