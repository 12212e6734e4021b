"""The small study as an SPSS or Stata file with value labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat


def write_labelled(
    small,
    labels: dict[str, dict[float, str]],
    ending: str = ".sav",
    texts: tuple[str, ...] = ("id",),
    names: dict[str, str] | None = None,
) -> Path:
    """Write the study with these labels of codes (and of columns); its columns but `texts` are numbers."""
    small.map["source"]["file"] = f"f{ending}"
    folder = small.write(b"-")
    frame: Any = pd.DataFrame(small.rows, columns=small.header)
    for name in small.header:
        if name not in texts:
            frame[name] = pd.to_numeric(frame[name])
    extra = {
        "variable_value_labels": labels,
        "column_labels": [(names or {}).get(n, "") for n in small.header],
    }
    write = pyreadstat.write_dta if ending == ".dta" else pyreadstat.write_sav
    if ending == ".dta":
        extra["variable_value_labels"] = {k: {int(c): t for c, t in v.items()} for k, v in labels.items()}
        for name in labels:
            frame[name] = frame[name].astype("Int32") if frame[name].isna().any() else frame[name].astype(int)
    write(frame, folder / f"f{ending}", **extra)
    return folder
