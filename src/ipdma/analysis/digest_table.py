"""A table by what it holds, to tell whether another one holds the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd


def digest_table(table: pd.DataFrame) -> str:
    """SHA-256 of a table: names, types and values of its columns, in order."""
    digest = hashlib.sha256()
    for part in column_bytes(table):
        digest.update(f"{len(part)}\n".encode())
        digest.update(part)
    return digest.hexdigest()


def column_bytes(frame: pd.DataFrame) -> Iterator[bytes]:
    """Each column's name and type, then its values."""
    yield str(len(frame)).encode()
    for name, column in frame.items():
        yield f"{name}\n{column.dtype}".encode()
        values = column.to_numpy()
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
            yield values.tobytes()
        elif pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty"):
            codes, levels = pd.factorize(values)
            yield codes.tobytes()
            yield json.dumps(list(map(str, levels))).encode()
        else:
            missing = column.isna().to_numpy()
            objects = column.astype(object).to_numpy()
            yield json.dumps(
                [None if gone else str(v) for v, gone in zip(objects, missing, strict=True)]
            ).encode()
