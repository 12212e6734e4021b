"""The completed sets of a trial as an earlier run found them: by its rows, what was asked, and its seed."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.imputation.study import ImputedStudy, impute_study

Array = NDArray[Any]
Keep = Callable[[str, Callable[[], Any]], Any]  # what was kept under a digest, made where nothing was
NUMBERS = "<f8"


def keep_nothing(key: str, made: Callable[[], Any]) -> Any:
    """Make it."""
    del key
    return made()


def find_study(
    table: pd.DataFrame,
    arm: Array,
    kinds: dict[str, str],
    study: str,
    m: int,
    iterations: int,
    seed: int,
    keep: Keep,
) -> ImputedStudy:
    """The completed columns of one trial, imputed where they are not kept.

    Parameters
    ----------
    table, arm, kinds, study, m, iterations, seed
        See `impute_study`.
    keep : callable
        Gives what was kept under a digest, as JSON has it, and keeps what it has to make.
    """
    values = table.to_numpy(dtype=float)
    words = [study, list(kinds.items()), [str(label) for label in arm], m, iterations, seed]
    digest = hashlib.sha256(json.dumps(words).encode() + values.astype(NUMBERS).tobytes()).hexdigest()

    def made() -> dict[str, Any]:
        return packed(impute_study(table, arm, kinds, study, m, iterations, seed), np.isnan(values))

    return unpacked(keep(digest, made), values)


def packed(done: ImputedStudy, gaps: Array) -> dict[str, Any]:
    """Completed sets as JSON has them: what was filled in, and what is said of it."""
    return {
        "filled": b64encode(done.values[:, gaps].astype(NUMBERS).tobytes()).decode("ascii"),
        "m": len(done.values),
        "unmeasured": list(done.unmeasured),
        "notes": list(done.notes),
        "traces": {label: trace.tolist() for label, trace in done.traces.items()},
    }


def unpacked(held: Mapping[str, Any], values: Array) -> ImputedStudy:
    """Completed sets as `packed` left them, observed cells from the values given."""
    m = held["m"]
    completed = np.repeat(values[None], m, axis=0)
    completed[:, np.isnan(values)] = np.frombuffer(b64decode(held["filled"]), NUMBERS).reshape(m, -1)
    traces = {label: np.array(trace, dtype=float) for label, trace in held["traces"].items()}
    return ImputedStudy(completed, tuple(held["unmeasured"]), tuple(held["notes"]), traces)
