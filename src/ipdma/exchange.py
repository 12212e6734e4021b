"""Exchanges two folders in one act of the system, where it has such an act."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

HERE = -100  # AT_FDCWD
SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


def exchange(first: Path, second: Path) -> bool:
    """Exchange two existing files or folders of one disk; False, and nothing done, where that cannot be."""
    a, b = os.fsencode(first), os.fsencode(second)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return library.renamex_np(a, b, SWAP) == 0
        return library.renameat2(HERE, a, HERE, b, SWAP) == 0
    except (OSError, AttributeError, TypeError):
        return False
