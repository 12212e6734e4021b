"""One command over one set of good files, for damaged inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scene:
    """One command over one set of good files.

    Attributes
    ----------
    name, command : str
    words : tuple of str
        Its arguments; paths are relative to the scene's folder.
    targets : tuple of str
        Files to be damaged (patterns).
    outputs : dict of str to tuple of int
        What the command writes, and with which exit statuses.
    weight : float
        How often it is drawn.
    call : callable, optional
        Does what the command does and returns the exit status, where that is no `ipdma COMMAND`.
    keeps : tuple of str
        Folders whose files the command may change at any status: caches, and results of a whole run.
    """

    name: str
    command: str
    words: tuple[str, ...]
    targets: tuple[str, ...]
    outputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    weight: float = 10
    call: Callable[[], int] | None = None
    keeps: tuple[str, ...] = ()
