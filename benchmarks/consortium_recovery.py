"""Draws and fits many consortia, and writes what was found against the truth.

    python benchmarks/consortium_recovery.py --consortia 200 --out docs/validation-consortium.md
    python benchmarks/consortium_recovery.py --estimates results/estimates.csv --out page.md

Consortium number s is drawn with seed s; the repository's own is not among them. One process, one core.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import pandas as pd
from scipy import stats

from ipdma.synthetic.beside_truth import beside_truth
from ipdma.synthetic.recovery import recover, tabulate_coverage
from ipdma.synthetic.truth import Truth, read_truth

ROOT = Path(__file__).parents[1]
LABELS = {
    "stpp_control": "STPP against control",
    "combined_antidepressant": "combined against antidepressants",
    "stpp_antidepressant": "STPP against antidepressants",
    "post": "post",
    "follow_up": "follow-up",
    "nst": "null-standardised t",
    "kenward_roger": "Kenward-Roger",
    "hksj": "Hartung-Knapp's scale",
}
SECONDS = 4.3  # processor seconds per consortium, where the fits are read from a file
NUMBERS = ("value", "estimate", "std_error", "ci_low", "ci_high", "k")
COMMAND = (
    "python benchmarks/consortium_recovery.py --consortia {n} --estimates results/estimates.csv "
    "--out docs/validation-consortium.md"
)
HEAD = """\
# Does the analysis find what was put in?

`data/synthetic/truth.yaml` states what the synthetic trials look for. This page holds what the
analysis finds against it, in two ways: over {n} consortia drawn from the same truth with seeds 1 to
{n}, and in the one consortium of the repository, whose seed was written down before anything was
drawn.

Draw it again: `{command}` ({minutes:.0f} minutes on one core).

Every consortium has the trials, arm sizes, instruments, attrition and missing moderators of the
repository's own: 11 trials of STPP against control, 7 of combined treatment, 4 of STPP against
antidepressants. Each is stacked, standardised and joined to rows by the code of the pipeline, then
fitted by the primary model (stratified intercepts and baseline slopes, residual variance by study,
random treatment effect, REML). The headline has the null-standardised t interval, a plan's default,
beside Kenward-Roger and Hartung-Knapp's scale inside one stage. A within-trial interaction that is
common to all trials has Kenward-Roger, the default, and Hartung-Knapp's scale; the one that varies
between trials has the null-standardised t.

- *bias*: mean estimate minus truth, with its Monte Carlo standard error; baseline SDs of the
  instrument.
- *SD*, *mean SE*: spread of the estimates over consortia, and what the model says it is.
- *coverage*: share of 95 % intervals that hold the truth; with {n} consortia its own standard error
  is {se:.1f} points.
- *excludes 0*: power, or the type I error where the truth is 0.

Attrition depends on scores, scores stop at the ends of their scales and are whole points, and the
constant that standardises is itself estimated: each can move an estimate a little from a truth that
is stated without them. The bias columns show all of it together.
"""


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("--consortia", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--truth", type=Path, default=ROOT / "data" / "synthetic" / "truth.yaml")
    parser.add_argument(
        "--keep", type=Path, metavar="F.csv", help="also write every fitted term of every seed"
    )
    parser.add_argument("--found", type=Path, metavar="F.csv", help="tabulate what --keep wrote, fit nothing")
    parser.add_argument("--estimates", type=Path, help="estimates.csv of a run of the default plan")
    parser.add_argument("--out", type=Path, required=True, help="the page to write (markdown)")
    return parser


def markdown(table: pd.DataFrame) -> str:
    """A table whose cells are text already."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows) + "\n"


def show_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """The coverage table in words and rounded numbers."""
    return pd.DataFrame(
        {
            "contrast": table["contrast"].map(LABELS),
            "time": table["timepoint"].map(LABELS),
            "term": table["term"].str.replace("treatment:within:", ""),
            "df": table["df_method"].map(LABELS),
            "K": table["k"].map("{:.0f}".format),
            "fits": table["fits"],
            "truth": table["value"].map("{:.2f}".format),
            "bias (SE)": [
                f"{b:+.3f} ({e:.3f})" for b, e in zip(table["bias"], table["bias_error"], strict=True)
            ],
            "SD": table["sd"].map("{:.3f}".format),
            "mean SE": table["mean_se"].map("{:.3f}".format),
            "coverage": table["coverage"].map("{:.1%}".format),
            "excludes 0": table["rejected"].map("{:.1%}".format),
        }
    )


def show_beside(table: pd.DataFrame) -> pd.DataFrame:
    """The repository's consortium beside its truth, in words and rounded numbers."""
    interval = [
        f"{low:.2f} to {high:.2f}" for low, high in zip(table["ci_low"], table["ci_high"], strict=True)
    ]
    return pd.DataFrame(
        {
            "contrast": table["contrast"].map(LABELS),
            "time": table["timepoint"].map(LABELS),
            "term": table["term"].str.replace("treatment:within:", ""),
            "stage": table["stage"],
            "truth": table["value"].map("{:.2f}".format),
            "estimate": table["estimate"].map("{:.2f}".format),
            "95 % interval": interval,
            "holds it": table["covered"].map({True: "yes", False: "**no**"}),
            "K": table["k"].map(count),
            "n": table["n"].map(count),
        }
    )


def count(number: float) -> str:
    """A count in a shared record, which may be withheld there."""
    return "withheld" if pd.isna(number) else f"{number:.0f}"


def verdict(table: pd.DataFrame, floor: float = 0.93) -> str:
    """Average coverage by df method, which rows stay below the floor, and whether chance explains them."""
    means = table.groupby("df_method", sort=False)["coverage"].mean()
    lowest = table.groupby("df_method", sort=False)["coverage"].min()
    told = ", ".join(
        f"{LABELS[str(name)]} {value:.1%} (lowest row {lowest[name]:.1%})" for name, value in means.items()
    )
    short = table[table["coverage"] < floor]
    enough = f"{len(table) - len(short)} of {len(table)} rows cover at least {floor:.0%}"
    text = f"Mean coverage: {told}. {enough}."
    if short.empty:
        return text + "\n"
    names = [
        f"{LABELS[r.contrast]}, {LABELS[r.timepoint]}, {r.term}, {LABELS[r.df_method]}: {r.coverage:.1%} "
        f"(K = {r.k:.0f}; by chance, were it {floor:.0%}: {chance(r.coverage, r.fits, floor):.2f})"
        for r in short.itertuples()
    ]
    return text + " Below it:\n\n" + "\n".join(f"- {name}" for name in names) + "\n"


def chance(coverage: float, fits: int, floor: float) -> float:
    """Probability of so few covering intervals or fewer if the true coverage were `floor`."""
    return float(stats.binom.cdf(round(coverage * fits), fits, floor))


def section_of_estimates(path: Path, truth: Truth) -> str:
    """The run of the repository's own consortium, beside its truth."""
    table = beside_truth(pd.read_csv(path, dtype="str"), truth)
    held = int(table["covered"].sum())
    told = f"{held} of {len(table)} intervals hold the truth; a shortfall is left as it fell.\n"
    return "\n## The repository's consortium\n\n" + told + "\n" + markdown(show_beside(table))


def read_or_recover(options: argparse.Namespace, truth: Truth) -> pd.DataFrame:
    """Every fitted term of every seed: read where `--found` says so, else drawn and fitted."""
    if options.found:
        return pd.read_csv(options.found, keep_default_na=False, na_values={"estimate": [""]}).pipe(numbers)
    seeds = range(1, options.consortia + 1)
    found = recover(truth, seeds, lambda seed: print(f"consortium {seed}", file=sys.stderr))
    if options.keep:
        found.to_csv(options.keep, index=False)
    return found


def numbers(found: pd.DataFrame) -> pd.DataFrame:
    """Columns of numbers as numbers; the headline's moderator stays the empty text."""
    return found.assign(**{name: pd.to_numeric(found[name]) for name in NUMBERS})


def main(argv: list[str] | None = None) -> int:
    """Draw, fit, tabulate, write."""
    options = build_parser().parse_args(argv)
    truth, start = read_truth(options.truth), time.process_time()
    found = read_or_recover(options, truth)
    table, n = tabulate_coverage(found), found["seed"].nunique()
    minutes = max((time.process_time() - start) / 60, n * SECONDS / 60 if options.found else 0)
    text = HEAD.format(n=n, se=100 * (0.95 * 0.05 / n) ** 0.5, minutes=minutes, command=COMMAND.format(n=n))
    headline, others = table[table["moderator"] == ""], table[table["moderator"] != ""]
    for title, part in (("Headline effects", headline), ("Moderators (within trials)", others)):
        text += f"\n## {title}\n\n{verdict(part)}\n{markdown(show_coverage(part))}"
    if options.estimates:
        text += section_of_estimates(options.estimates, truth)
    options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
