"""Which files of a run are bundles; told without reading any."""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".bundle.json"
KEPT = "bundle.json"  # its name among the private uploads of a run


def is_bundle(path: Path) -> bool:
    """Whether a place of a plan's `studies` names a bundle."""
    return path.name.endswith(SUFFIX) and not path.is_dir()
