"""From records to the lines of a forest plot."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import replace

from ipdma.analysis.records import Ident
from ipdma.model.df import df_label
from ipdma.model.term import Term
from ipdma.report import wording
from ipdma.report.beside import known_intervals
from ipdma.report.boundary import boundary, in_place
from ipdma.report.forest_layout import Forest, Line, shown_headings
from ipdma.report.heterogeneity import f_test, heterogeneity
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.words import STANDARDISE, condition, instruments

SIDES = ("active", "reference")
ODDS_AXIS = "Odds ratio (log scale)"
LARGEST_ODDS, LARGEST_SMD = math.log(20), 2.5  # intervals beyond end in an arrow
BIAS = "Bias"
POOLED = 3  # trials from which a diamond is drawn
ROB = ("rob_d1", "rob_d2", "rob_d3", "rob_d4", "rob_d5", "rob_overall")


def forest_of(material: Material, analysis: Analysis, ledger: Ledger) -> Forest | None:
    """The forest plot of the primary model: studies, subgroups, both stages; None without study rows."""
    two = analysis.ident(material.primary, "two")
    rows = list(select(material.records.of("study_estimates", two), term="treatment", moderator=""))
    if not rows:
        return None
    pen = ledger.pen(f"figures/forest.{analysis.id}")
    shows = ForestRows(material, analysis, pen, rows)
    answer = tuple(shows.pooled())
    lines = [*shows.studies(), *shows.not_estimable(), *answer, *shows.without_ipd()]
    forest = Forest(
        title=material.title(analysis),
        columns=shows.columns(),
        left=len(shows.columns()) - 2,
        spare=shows.spare(),
        cap=LARGEST_ODDS if shows.odds else LARGEST_SMD if shows.standard else math.inf,
        lines=lines,
        answer=answer,
        directions=material.directions(analysis.contrast, analysis.outcome),
        axis=shows.axis(),
        odds=shows.odds,
        lights=(BIAS,) if shows.judged else (),
        stamp=material.stamp,
    )
    return replace(forest, footer=shows.footer(two, shown_headings(forest)))


def axis_title(material: Material, analysis: Analysis) -> str:
    """What the axis measures."""
    if material.is_binary(analysis.outcome):
        return "Log odds ratio"
    if material.standardise(analysis.outcome) == "none":
        return "Mean difference (points)"
    return "Standardised mean difference"


def odds_rows(material: Material, row: Row, ends: tuple[str, ...] = ("", "_low", "_high")) -> list[Row]:
    """The odds ratio and limits that the records hold for a row of log odds ratios; empty if one lacks."""
    counts = material.records.of("counts", row.text("analysis_id"))
    place = {"variable": row.text("term"), "study": row.text("study"), "level": row.text("level")}
    rows = [first(counts, what=f"odds_ratio{end}", **place) for end in ends]
    found = [r for r in rows if r is not None and r.number("value") is not None]
    return found if len(found) == len(ends) else []


def effect_text(material: Material, pen: Pen, row: Row, odds: bool) -> str:
    """`estimate [low, high]`; as an odds ratio where the axis shows them."""
    found = odds_rows(material, row) if odds else []
    if not found:
        return pen.effect(row)
    value, low, high = (pen.number(r, "value") for r in found)
    return f"{value} [{low}, {high}]"


def prediction_text(material: Material, pen: Pen, row: Row, odds: bool) -> str:
    """`[low, high]` of the prediction interval; as odds ratios where the axis shows them."""
    found = odds_rows(material, row, ("_pi_low", "_pi_high")) if odds else []
    if not found:
        return pen.interval(row, "pi_low", "pi_high")
    return f"[{pen.number(found[0], 'value')}, {pen.number(found[1], 'value')}]"


class ForestRows:
    """The lines of one treatment-effect forest plot."""

    def __init__(self, material: Material, analysis: Analysis, pen: Pen, rows: list[Row]) -> None:
        self.material, self.analysis, self.pen = material, analysis, pen
        order = material.in_order(r.text("study") for r in rows)
        self.rows = sorted(rows, key=lambda r: order.index(r.text("study")))
        self.judged = any(material.registry_text(r.text("study"), ROB[-1]) for r in rows)
        self.binary = material.is_binary(analysis.outcome)
        self.measure = material.measure(analysis.ident(material.primary, "two"))
        self.standard = not self.binary and material.standardise(analysis.outcome) != "none"
        self.unit = sole_unit(material, analysis) if self.standard else 1.0
        self.scant = False  # whether a diamond was left out
        self.odds = self.binary and all(odds_rows(material, r) for r in rows)
        self.inner = self.inner_column()

    def axis(self) -> str:
        """What the axis measures."""
        if self.measure:
            return wording.heading(self.measure)
        return ODDS_AXIS if self.odds else axis_title(self.material, self.analysis)

    def inner_column(self) -> str:
        """What stands beside n: events, or mean (SD) in the instrument's points; nothing where all of it is
        withheld, nor where scores of several instruments were divided by standard deviations, since no
        reader knows such means."""
        if self.binary:
            shown = {self.event_cell(r.text("study"), side) for r in self.rows for side in SIDES}
            return "Events" if any(text.isdigit() for text in shown) else ""
        given = any(r.number(f"mean_{side}") is not None for r in self.rows for side in SIDES)
        return "" if self.unit is None or not given else "Mean (SD)"

    def columns(self) -> list[tuple[str, str, str]]:
        """Group, heading and alignment of every text column."""
        active, reference = headings(self.material, self.analysis)
        names = ("n", self.inner) if self.inner else ("n",)
        arms = [(side, name, "right") for side in (active, reference) for name in names]
        binary = wording.heading(self.measure) or "Log OR"
        what = "Odds ratio" if self.odds else binary if self.binary else "Estimate"
        return [
            ("", "Study", "left"),
            *arms,
            ("", f"{what} [{self.material.level} CI]", "right"),
            ("", "Weight", "right"),
        ]

    def spare(self) -> tuple[int, ...]:
        """Columns that give way to the plot: the weight, which the squares show, then means or events."""
        columns = self.columns()
        return (len(columns) - 1, *(i for i, c in enumerate(columns) if self.inner and c[1] == self.inner))

    def studies(self) -> list[Line]:
        """Study lines, grouped by comparator where the run compared subgroups."""
        groups = self.subgroups()
        if len(groups) < 2:
            return [self.study_line(row) for row in self.rows]
        lines: list[Line] = []
        for level, members in groups.items():
            lines.append(Line("heading", (f"Against {comparator(level)}",)))
            lines += [self.study_line(row) for row in members]
            lines += self.subgroup_line(level)
        return lines + self.subgroup_test()

    def subgroups(self) -> dict[str, list[Row]]:
        """Study rows by comparator; empty where no subgroup analysis was run."""
        if self.measure or not self.subgroup_rows():
            return {}
        counts = self.material.counts_of(self.analysis.id, "comparator")
        of_study = {c.text("study"): c.text("level") for c in counts}
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(of_study.get(row.text("study"), ""), []).append(row)
        return dict(sorted(groups.items()))

    def subgroup_rows(self) -> list[Row]:
        """Records of the subgroup analysis by comparator: the second stage, else the first."""
        found = self.material.rows_of(self.analysis, "subgroup")
        for stage in ("two", "one"):
            rows = list(select(found, stage=stage, moderator="comparator"))
            if any(r.text("level") and r.text("term") == "treatment" for r in rows):
                return rows
        return []

    def subgroup_line(self, level: str) -> list[Line]:
        """The pooled effect within one comparator."""
        row = first(self.subgroup_rows(), term="treatment", level=level)
        if row is None or row.number("estimate") is None:
            return []
        k = self.pen.count(row, "k")
        return [self.pooled_line(f"Subgroup (k = {k})", row)]

    def subgroup_test(self) -> list[Line]:
        """The joint test between subgroups."""
        row = first(self.subgroup_rows(), term=Term("across", "comparator"), level="")
        if row is None or row.number("p_value") is None:
            return []
        return [Line("note", (f"Test for subgroup differences: {f_test(self.material, self.pen, row)}",))]

    def study_line(self, row: Row) -> Line:
        """One study; a trial that the pooled estimates above do not hold has no weight in them."""
        study, aside = row.text("study"), row.text("source") == "aggregate"
        arms = self.arm_cells(row, "active") + self.arm_cells(row, "reference")
        shown = row.number("weight") is not None and not aside
        weight = self.pen.number(row, "weight", 1) + "%" if shown else ""
        return Line(
            "aggregate" if aside else "study",
            (self.material.study(study), *arms, effect_text(self.material, self.pen, row, self.odds), weight),
            row.number("estimate"),
            row.number("ci_low"),
            row.number("ci_high"),
            row.number("weight"),
            self.lights(study),
            study,
        )

    def lights(self, study: str) -> tuple[str, ...]:
        """The registry's judgement of the whole trial; its domains stand in the figure of risk of bias."""
        return (self.material.registry_text(study, ROB[-1]),) if self.judged else ()

    def arm_cells(self, row: Row, side: str) -> tuple[str, ...]:
        """n, and mean (SD) or events, of one side; means and events of few people are withheld, arm sizes
        are not."""
        there = row.number(f"n_{side}") is not None or row.withheld
        n = self.pen.count(row, f"n_{side}") if there else ""
        if not self.inner:
            return (n,)
        return n, self.event_cell(row.text("study"), side) if self.binary else self.mean_cell(row, side)

    def mean_cell(self, row: Row, side: str) -> str:
        """Mean (SD) of one side."""
        if row.number(f"mean_{side}") is None:
            return row.withheld
        unit = self.unit or 1.0
        mean, sd = (self.pen.scaled(row, f"{what}_{side}", unit) for what in ("mean", "sd"))
        return f"{mean} ({sd})"

    def event_cell(self, study: str, side: str) -> str:
        """Events of one side, or what stands for them."""
        row = first(self.material.counts_of(self.analysis.id, "events"), study=study, arm=side)
        return "" if row is None else self.pen.count(row)

    def not_estimable(self) -> list[Line]:
        """Studies that cannot be estimated alone are named all the same."""
        two = self.analysis.ident(self.material.primary, "two")
        blanks = ("",) * (len(self.columns()) - 3)
        rows = self.material.counts_of(two, "not_estimable")
        return [
            Line(
                "study",
                (self.material.study(row.text("study")), *blanks, "not estimable", ""),
                study=row.text("study"),
            )
            for row in rows
            if row.text("study")
        ]

    def pooled(self) -> list[Line]:
        """The diamonds of both stages with their prediction intervals."""
        lines: list[Line] = []
        for stage, name in (("two", "Two-stage"), ("one", "One-stage"))[: 1 if self.measure else 2]:
            row = self.material.headline(self.analysis, stage)
            if row is not None and row.number("estimate") is not None:
                lines.append(self.pooled_line(name, row, totals=True))
                lines += self.prediction_line(row)
        return lines

    def pooled_line(self, name: str, row: Row, totals: bool = False) -> Line:
        """A diamond; with the arms' totals beside the headline. Of two trials numbers alone: how effects vary
        between trials cannot be seen from them."""
        columns = len(self.columns())
        away = in_place(self.material, row)
        shown = away or effect_text(self.material, self.pen, row, self.odds)
        texts = [name, *[""] * (columns - 3), shown, ""]
        if totals:
            wide = 2 if self.inner else 1
            for side, column in (("active", columns - 2 - 2 * wide), ("reference", columns - 2 - wide)):
                texts[column] = self.arm_total(row, side)
        if away or (row.number("k") or POOLED) < POOLED:
            self.scant = self.scant or not away
            return Line("pooled", tuple(texts))
        low, high = row.number("ci_low"), row.number("ci_high")
        return Line("pooled", tuple(texts), row.number("estimate"), low, high)

    def arm_total(self, row: Row, side: str) -> str:
        """Participants of one arm in the trials that inform an effect; nothing where rows are missing."""
        where = row.text("analysis_id")
        found = self.material.count(where, "pooled_arm", arm=side)
        missing = self.material.count(where, "excluded_rows")
        if found is None and missing is not None and (missing.withheld or missing.number("n")):
            return ""
        found = found or self.material.count(self.analysis.id, "analysed", arm=side)
        return self.pen.count(found) if found is not None else ""

    def prediction_line(self, row: Row) -> list[Line]:
        """The interval for the effect in a new study, a bar below the diamond; nothing of fewer than three
        trials or of a result at a boundary."""
        if row.number("pi_low") is None or row.number("pi_high") is None:
            return []
        if (row.number("k") or POOLED) < POOLED or boundary(self.material, row):
            return []
        blanks = [""] * (len(self.columns()) - 3)
        texts = (
            f"  {self.material.level} prediction interval",
            *blanks,
            prediction_text(self.material, self.pen, row, self.odds),
            "",
        )
        return [Line("interval", texts, None, row.number("pi_low"), row.number("pi_high"))]

    def without_ipd(self) -> list[Line]:
        """Aggregate results of trials without IPD, and the pooled estimate that includes them."""
        both = self.analysis.ident("aggregate", "two")
        rows = list(select(self.material.records.of("study_estimates", both), source="aggregate"))
        if self.measure or not rows:
            return []
        lines = [Line("heading", ("Trials without participant data (published results)",))]
        lines += [self.study_line(row) for row in rows]
        for name, model in (
            ("Without participant data only", "not_obtained"),
            ("With and without participant data", "aggregate"),
        ):
            pooled = first(
                self.material.records.of("estimates", self.analysis.ident(model, "two")), term="treatment"
            )
            if pooled is not None and pooled.number("estimate") is not None:
                lines += [self.pooled_line(name, pooled), *self.prediction_line(pooled)]
        return lines

    def withheld_line(self) -> str:
        """Why some arms show no mean or event."""
        few = self.material.least
        if self.binary:
            return (
                f"<{few}: events withheld, fewer than {few} in the arm; * withheld so that these cannot be "
                "worked out."
            )
        return f"<{few}: means withheld, arms of fewer than {few}."

    def footer(self, two: Ident, shown: Set[str]) -> list[str]:
        """Heterogeneity, methods and signs; of columns and lights those that are `shown`."""
        text = [heterogeneity(self.material, self.analysis, self.pen)]
        text.append(model_line(self.material, self.analysis))
        text.append(known_intervals(self.material, self.analysis, self.pen, self.odds))
        text.append(
            "Squares: each trial's own estimate, area by weight in the second stage; diamonds: pooled "
            "estimate with its "
            f"{self.material.level} confidence interval; grey bars: prediction intervals; arrows: the "
            "interval goes on."
        )
        if self.unit not in (None, 1.0) and self.inner in shown and not self.binary:
            text.append("Means (SD) of the arms are in points of the one instrument that all trials used.")
        if self.material.least and self.inner in shown:
            text.append(self.withheld_line())
        if self.scant:
            text.append("No diamond where fewer than three trials are pooled.")
        if BIAS in shown:
            text.append(f"{BIAS}: overall risk of bias, + low, ? some concerns, \u2212 high.")
        return [line for line in text if line]


def sole_unit(material: Material, analysis: Analysis) -> float | None:
    """The constant by which scores were divided, where all trials used one instrument on which more is worse
    and one constant; else None."""
    constants = material.counts_of(analysis.id, "standardiser")
    used = distinct(material.counts_of(analysis.id, "instrument"), "variable")
    if len(constants) != 1 or len(used) != 1 or constants[0].text("study"):
        return None
    known = instruments().get(used[0])
    return constants[0].number("value") if known is not None and known.higher_is_worse else None


def comparator(level: str) -> str:
    """A comparator's label inside a heading."""
    return " / ".join(condition(c.strip()).lower() for c in level.split("/")) or "comparator not named"


def model_line(material: Material, analysis: Analysis) -> str:
    """Which model, which degrees of freedom, which standard deviation, which sign."""
    parts: list[str] = []
    for stage, name in (("one", "One stage"), ("two", "Two stages")):
        row = material.headline(analysis, stage)
        if row is not None:
            method = row.text("df_method")
            parts.append(f"{name if not parts else name.lower()}: {df_label(method)} intervals")
    sd = ""
    if not material.is_binary(analysis.outcome):
        sd = f" Outcomes divided by {STANDARDISE.get(material.standardise(analysis.outcome), 'a constant')}."
    return (
        f"Model '{material.primary}'. {'; '.join(parts)}.{sd} "
        f"{material.sign_note(analysis.contrast, analysis.outcome)}"
    )


def headings(material: Material, analysis: Analysis) -> tuple[str, str]:
    """The two sides as column headings."""
    active, reference = material.sides(analysis.contrast)
    return active[:1].upper() + active[1:], reference[:1].upper() + reference[1:]
