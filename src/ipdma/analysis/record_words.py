"""Words by which readers of the records know a row; who reads records loads no model for them."""

from __future__ import annotations

STATED = "stated in the plan"  # where a control risk is from: then no event of the trials is in it

# Of an analysis beside which the primary model stands on the same trials.
SAME = "same_trials"
SHARED = "the trials of the primary analysis"
ITSELF = "the primary model itself, on these trials alone"
BESIDE = "the primary model on the same trials stands beside it"
REBUILT = "the rows were scored anew together with the published trials"
FEWER = "fewer trials than the primary analysis has"
NONE = "no trial of the primary analysis is among them"
