"""Every figure of a run, in the order in which a paper shows them."""

from __future__ import annotations

from ipdma.report.exhibit import Exhibit
from ipdma.report.figures_benefit import benefit_exhibits
from ipdma.report.figures_checks import check_exhibits
from ipdma.report.figures_forest import forest_exhibits, interaction_exhibits
from ipdma.report.figures_imputation import imputation_exhibits
from ipdma.report.figures_moderators import moderator_exhibits
from ipdma.report.figures_network import network_exhibits
from ipdma.report.figures_prediction import prediction_exhibits
from ipdma.report.figures_tree import tree_exhibits
from ipdma.report.figures_trials import trial_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.trajectories import trajectory_exhibits


def list_exhibits(material: Material, ledger: Ledger) -> list[Exhibit]:
    """All figures for which the records hold what they need."""
    return [
        *forest_exhibits(material, ledger),
        *trajectory_exhibits(material, ledger),
        *network_exhibits(material, ledger),
        *benefit_exhibits(material, ledger),
        *prediction_exhibits(material, ledger),
        *interaction_exhibits(material, ledger),
        *moderator_exhibits(material, ledger),
        *tree_exhibits(material, ledger),
        *check_exhibits(material, ledger),
        *imputation_exhibits(material, ledger),
        *trial_exhibits(material, ledger),
    ]
