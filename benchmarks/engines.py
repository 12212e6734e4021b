"""Every engine on the same data, one after the other in one process list, with ratios.

    python benchmarks/engines.py [--sizes 800 10000 100000 1000000] [--most SECONDS] [--engines ipdma lme4]

Each engine is timed from a data frame in memory, in processor time (the best of up to twenty runs). Engines
that are not installed are left out; an engine that would take longer than `--most` at a size, judged by the
size before, is left out there. What each gives beside the fit differs, so it stands in the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from draw import draw

from ipdma.model.gaussian import fit_gaussian
from ipdma.model.spec import ModelSpec

GIVES = {
    "ipdma": "Kenward-Roger, every coefficient",
    "ipdma by_study": "Kenward-Roger, residual variance by study",
    "lme4": "fit alone, no df",
    "lmerTest": "Satterthwaite, every coefficient",
    "pbkrtest": "Kenward-Roger, every coefficient",
    "nlme": "fit, containment df",
    "nlme_varIdent": "residual variance by study",
    "glmmTMB": "fit, Wald z",
    "statsmodels": "fit, Wald z",
    "pymer4": "lmerTest through rpy2",
}
R_ENGINES = ("lme4", "lmerTest", "pbkrtest", "nlme", "nlme_varIdent", "glmmTMB")
COVARIATES = ["age", "sex", "chron", "ad"]


def spec(residual: str = "common") -> ModelSpec:
    """y ~ treat * sev + age + sex + chron + ad + (1 + treat | study)."""
    return ModelSpec.from_mapping(
        {
            "covariates": COVARIATES,
            "covariate_slopes": "common",
            "centre_covariates": "none",
            "intercept": "random",
            "moderator": "sev",
            "interaction": "naive",
            "moderator_slopes": "common",
            "residual": residual,
        }
    )


def best_time(run: Callable[[], float], budget: float = 6.0) -> tuple[float, float]:
    """Least processor time of up to twenty runs, and what the last returned (a deviance)."""
    times: list[float] = []
    value = float("nan")
    while len(times) < 20 and sum(times) < budget:
        start = time.process_time()
        value = run()
        times.append(time.process_time() - start)
    return min(times), value


def python_engines(rows: pd.DataFrame) -> dict[str, Callable[[], float]]:
    """What runs in this process."""

    def criterion(value: float | None) -> float:
        return float("nan") if value is None else value

    return {
        "ipdma": lambda: criterion(fit_gaussian(rows, spec(), profile=False).criterion),
        "ipdma by_study": lambda: criterion(fit_gaussian(rows, spec("by_study"), profile=False).criterion),
        "statsmodels": lambda: statsmodels_deviance(rows),
        "pymer4": lambda: pymer4_deviance(rows),
    }


def statsmodels_deviance(rows: pd.DataFrame) -> float:
    """MixedLM, REML."""
    import statsmodels.formula.api as smf

    model = smf.mixedlm("y ~ treat * sev + age + sex + chron + ad", rows, groups="study", re_formula="~treat")
    return float(-2 * model.fit(reml=True).llf)


def pymer4_deviance(rows: pd.DataFrame) -> float:
    """lmer with lmerTest through rpy2."""
    from pymer4.models import Lmer

    model = Lmer("y ~ treat * sev + age + sex + chron + ad + (1 + treat | study)", data=rows)
    model.fit(summarize=False, verbose=False)
    return float(model.logLike) * -2


def run_r(rows: pd.DataFrame, engines: list[str]) -> pd.DataFrame:
    """The R engines, in one R process."""
    with tempfile.TemporaryDirectory() as scratch:
        data, out = Path(scratch, "data.csv"), Path(scratch, "out.csv")
        rows.to_csv(data, index=False)
        script = Path(__file__).with_name("engines.R")
        done = subprocess.run(
            ["Rscript", str(script), str(data), str(out), *engines], capture_output=True, text=True
        )
        if done.returncode:
            print(done.stderr[-300:], file=sys.stderr)
            return pd.DataFrame(columns=["engine", "seconds", "deviance"])
        return pd.read_csv(out)


def main() -> None:
    """Run all sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[800, 10_000, 100_000, 1_000_000])
    parser.add_argument("--engines", nargs="+", default=list(GIVES), choices=list(GIVES))
    parser.add_argument("--most", type=float, default=30.0, help="seconds that one fit may take")
    options = parser.parse_args()
    last: dict[str, tuple[int, float]] = {}
    for n in options.sizes:
        rows, found = draw(n), []
        for name, run in python_engines(rows).items():
            if name in options.engines and affordable(name, n, last, options.most):
                found.append(timed(name, run))
        wanted = [e for e in R_ENGINES if e in options.engines and affordable(e, n, last, options.most)]
        found += [tuple(r) for r in run_r(rows, wanted).itertuples(index=False)]
        found = [f for f in found if f[1] == f[1]]
        last |= {name: (n, seconds) for name, seconds, _ in found}
        print("\n".join(table_lines(n, found)), flush=True)


def affordable(name: str, n: int, last: dict[str, tuple[int, float]], most: float) -> bool:
    """Whether one fit should take at most `most` seconds, judged by the size before."""
    size, seconds = last.get(name, (n, 0.0))
    return seconds * (n / size) ** (2 if name == "pbkrtest" else 1) <= most


def timed(name: str, run: Callable[[], float]) -> tuple[str, float, float]:
    """Time one engine; NaN where it is not there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return (name, *best_time(run))
    except Exception as error:
        print(f"{name}: {type(error).__name__}", file=sys.stderr)
        return (name, float("nan"), float("nan"))


def table_lines(n: int, found: list[tuple[str, float, float]]) -> list[str]:
    """Markdown rows: engine, what it gives, milliseconds, ratio to ours from a data frame, deviance."""
    ours = dict((name, seconds) for name, seconds, _ in found)["ipdma"]
    lowest = min(d for name, _, d in found if "by_study" not in name and "varIdent" not in name)
    lines = [
        f"\n**n = {n:,}**\n",
        "| engine | gives | ms | times ipdma | deviance above the lowest |",
        "|---|---|---|---|---|",
    ]
    for name, seconds, deviance in found:
        other = "by_study" in name or "varIdent" in name
        above = "(another model)" if other else f"{deviance - lowest:.2g}"
        lines.append(f"| {name} | {GIVES[name]} | {seconds * 1e3:.3g} | {seconds / ours:.3g} | {above} |")
    return lines


if __name__ == "__main__":
    main()
