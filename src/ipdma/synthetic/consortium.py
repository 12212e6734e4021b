"""All trials of the truth in memory: for the files, and for studies that draw hundreds of consortia."""

from __future__ import annotations

from collections.abc import Callable

from ipdma.synthetic.trial import Trial, draw_trial
from ipdma.synthetic.truth import Truth


def draw_consortium(
    truth: Truth, seed: int | None = None, progress: Callable[[str], None] | None = None
) -> list[Trial]:
    """Draw every trial of `truth`, in its order; the same seed draws the same participants and scores.

    Parameters
    ----------
    truth : Truth
        See `read_truth`.
    seed : int, optional
        Default: the truth's own.
    progress : callable, optional
        Called with each trial's name before it is drawn.
    """
    trials = []
    for name, study in truth.studies.items():
        if progress:
            progress(name)
        trials.append(draw_trial(study, truth, truth.seed if seed is None else seed))
    return trials
