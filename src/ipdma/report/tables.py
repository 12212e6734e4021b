"""Every table of a run, in the order in which a paper shows them."""

from __future__ import annotations

from dataclasses import replace

from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.table import Table
from ipdma.report.tables_checks import tabulate_sensitivity, tabulate_stages
from ipdma.report.tables_credibility import tabulate_credibility
from ipdma.report.tables_efficacy import tabulate_efficacy, tabulate_models
from ipdma.report.tables_engines import tabulate_engines
from ipdma.report.tables_findings import tabulate_certainty, tabulate_findings
from ipdma.report.tables_flow import tabulate_flow
from ipdma.report.tables_imputation import tabulate_imputation, tabulate_missing
from ipdma.report.tables_integrity import tabulate_integrity
from ipdma.report.tables_moderators import tabulate_moderators
from ipdma.report.tables_network import tabulate_network
from ipdma.report.tables_participants import tabulate_participants
from ipdma.report.tables_prediction import tabulate_prediction
from ipdma.report.tables_prognosis import tabulate_prognosis
from ipdma.report.tables_representative import tabulate_representative
from ipdma.report.tables_studies import tabulate_not_obtained, tabulate_scales, tabulate_studies
from ipdma.report.tables_tree import tabulate_tree
from ipdma.report.words import blinded_note, threshold_note


def tabulate_all(material: Material, ledger: Ledger) -> list[Table]:
    """All tables that have a row."""
    found = [
        tabulate_findings(material, ledger),
        tabulate_certainty(material, ledger),
        tabulate_studies(material, ledger),
        *tabulate_participants(material, ledger),
        tabulate_flow(material, ledger),
        tabulate_efficacy(material, ledger),
        *tabulate_moderators(material, ledger),
        tabulate_credibility(material, ledger),
        *tabulate_prediction(material, ledger),
        tabulate_tree(material, ledger),
        tabulate_prognosis(material, ledger),
        *tabulate_network(material, ledger),
        tabulate_models(material, ledger),
        tabulate_sensitivity(material, ledger),
        tabulate_missing(material, ledger),
        tabulate_imputation(material, ledger),
        tabulate_stages(material, ledger),
        tabulate_engines(material, ledger),
        tabulate_integrity(material, ledger),
        tabulate_not_obtained(material, ledger),
        tabulate_representative(material, ledger),
        tabulate_scales(material, ledger),
    ]
    notes = list(filter(None, (blinded_note(material.plan), threshold_note(material.plan))))
    return [replace(table, notes=[*table.notes, *notes]) for table in found if not table.empty]
