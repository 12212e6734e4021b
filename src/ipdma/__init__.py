"""Individual-participant-data meta-analysis of trials: harmonise, fit, report.

By hand: ``ipdma.fit(rows, outcome="post", covariates=["base"])``, ``ipdma.pool(effects)``,
``ipdma.read_plan(path)`` and ``ipdma.read_run(folder)``. Each is imported when it is first used.
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["FinishedRun", "FitResult", "IpdmaError", "PoolResult", "fit", "pool", "read_plan", "read_run"]

HOMES = {
    "FinishedRun": "ipdma.library.finished_run",
    "FitResult": "ipdma.library.fit_result",
    "IpdmaError": "ipdma.errors",
    "PoolResult": "ipdma.library.pool_result",
    "fit": "ipdma.library.by_hand",
    "pool": "ipdma.library.by_hand",
    "read_plan": "ipdma.plan",
    "read_run": "ipdma.library.finished_run",
}


def __getattr__(name: str) -> object:
    """Import what is asked for; `import ipdma` alone costs nothing."""
    if name not in HOMES:
        raise AttributeError(f"module 'ipdma' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    """What a person finds with the tab key."""
    return [*__all__, "__version__"]
