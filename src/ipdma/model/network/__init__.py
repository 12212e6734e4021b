"""One model over all arms of all trials: effects between any two kinds of arm, consistent with each other.

    y_ij = phi_k + d_node(ij) + u_k,node(ij) + ... + e_ij,    d of the reference node is 0

A trial's own intercept phi_k leaves contrasts between its arms; with independent u of variance tau2 / 2 for
each node of a trial, these have covariance tau2 (I + J) / 2 between trials, so that an arm shared by two
contrasts counts once (Lu and Ades 2004; White and others 2012; Debray and others 2018, one stage).
"""

from ipdma.model.network.consistency import Inconsistency, Split, fit_inconsistency, p_scores, split_node
from ipdma.model.network.fit import Comparison, NetworkFit, fit_network
from ipdma.model.network.pool import (
    ArmContrasts,
    NetworkPool,
    pool_network,
    pooled_inconsistency,
    study_contrasts,
)
from ipdma.model.network.shape import Network, NotConnected, inconsistency_columns, network_of

__all__ = [
    "ArmContrasts",
    "Comparison",
    "Inconsistency",
    "Network",
    "NetworkFit",
    "NetworkPool",
    "NotConnected",
    "Split",
    "fit_inconsistency",
    "fit_network",
    "inconsistency_columns",
    "network_of",
    "p_scores",
    "pool_network",
    "pooled_inconsistency",
    "split_node",
    "study_contrasts",
]
