"""Finds scores in column names for `ipdma scan`: instrument, items, time point and weeks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ipdma.codebook import Codebook, Instrument
from ipdma.site.scan_columns import Look
from ipdma.site.scan_words import TIME_WORDS, UNITS

WEEKS_PER_MONTH = 30.4375 / 7
NUMBERED = re.compile(r"(?:t|v|visit|time|mzp|m|meting)?(\d{1,2})\Z")
WITH_UNIT = re.compile(r"([a-z]*)(\d{1,3})([a-z]*)\Z")
UNIT_LETTERS = {"w": 1.0, "wk": 1.0, "m": WEEKS_PER_MONTH, "mo": WEEKS_PER_MONTH, "mnd": WEEKS_PER_MONTH}
UNIT_WORDS = {
    **UNIT_LETTERS,
    **dict.fromkeys(UNITS["weeks"].split(), 1.0),
    **dict.fromkeys(UNITS["months"].split(), WEEKS_PER_MONTH),
}
POST_FROM = 8.0
FEWEST_ITEMS = 5
LATEST_BASELINE = 2.0
NOT_TOTALS = {"date", "datum", "data", "fecha", "rater", "complete", "version", "language", "done"}


@dataclass(frozen=True)
class Moment:
    """When: a word of the codebook, weeks, or a number in a series of visits."""

    timepoint: str | None = None
    weeks: float | None = None
    number: int | None = None


@dataclass(frozen=True)
class Found:
    """A score in the file."""

    instrument: str
    moment: Moment
    total: str | None = None
    items: tuple[str, ...] = ()
    sure: bool = True


def find_scores(looks: list[Look], codebook: Codebook) -> list[Found]:
    """Totals and sets of items, as they stand in the file."""
    usable = [look for look in looks if look.kind in ("number", "codes", "empty") and not look.identifying]
    found: list[Found] = []
    taken: set[str] = set()
    for columns in item_sets(usable):
        made = as_items(columns, codebook)
        if made and not taken & set(made.items):
            found.append(made)
            taken.update(made.items)
    for look in usable:
        if look.name not in taken and not set(look.words) & NOT_TOTALS:
            found += as_total(look, codebook)
    return found


def item_sets(looks: list[Look]) -> list[list[Look]]:
    """Runs of neighbouring columns whose names differ in a number that counts up from 1."""
    runs: list[list[Look]] = []
    current: list[Look] = []
    for look in looks:
        if current and follows(current, look):
            current.append(look)
            continue
        runs.append(current)
        current = [look] if any(number == 1 for number in numbers_in(look.name)) else []
    runs.append(current)
    long = [run for run in runs if len(run) >= FEWEST_ITEMS]
    taken = {look.name for run in long for look in run}
    return long + scattered_sets([look for look in looks if look.name not in taken])


def scattered_sets(looks: list[Look]) -> list[list[Look]]:
    """Columns that count from 1 up in one number of their name, wherever they stand (sorted as text, say)."""
    groups: dict[tuple[str, ...], dict[int, Look]] = {}
    for look in looks:
        parts = re.split(r"(\d+)", look.name)
        for at in range(1, len(parts), 2):
            key = (*parts[:at], "#", *parts[at + 1 :])
            groups.setdefault(key, {}).setdefault(int(parts[at]), look)
    sets = []
    for group in groups.values():
        count = next(n for n in range(len(group) + 1) if n + 1 not in group)
        if count >= FEWEST_ITEMS:
            sets.append([group[n] for n in range(1, count + 1)])
    return sets


def numbers_in(name: str) -> list[int]:
    """Every number in a name."""
    return [int(digits) for digits in re.findall(r"\d+", name)]


def follows(run: list[Look], look: Look) -> bool:
    """Whether this column is the next item after `run`."""
    first, wanted = re.split(r"(\d+)", run[0].name), len(run) + 1
    parts = re.split(r"(\d+)", look.name)
    if len(parts) != len(first):
        return False
    changed = [at for at in range(len(parts)) if parts[at] != first[at]]
    return len(changed) == 1 and parts[changed[0]].isdigit() and int(parts[changed[0]]) == wanted


def as_items(columns: list[Look], codebook: Codebook) -> Found | None:
    """A run of items whose number and name fit an instrument."""
    names = [look.name for look in columns]
    at = next(
        i for i, part in enumerate(re.split(r"(\d+)", names[0])) if part != re.split(r"(\d+)", names[1])[i]
    )
    parts = re.split(r"(\d+)", names[0])
    stem, rest = "".join(parts[:at]), "".join(parts[at + 1 :])
    fitting = [i for i in codebook.instruments.values() if i.default.items == len(columns)]
    label_words = [set(look.label.lower().split()) for look in columns[:1]]
    for instrument in fitting:
        if names_instrument(stem + rest, instrument) or any(
            set(instrument.patterns) & w for w in label_words
        ):
            return Found(instrument.name, moment_of(split(rest) or split(stem)), items=tuple(names))
    initial = [
        i for i in fitting if len(stem.strip("_.")) == 1 and i.name.startswith(stem.strip("_.").lower())
    ]
    if initial:
        return Found(initial[0].name, moment_of(split(rest)), items=tuple(names), sure=False)
    return None


def names_instrument(text: str, instrument: Instrument) -> bool:
    """Whether a column's name holds one of the instrument's names."""
    joined = "".join(split(text))
    return any(pattern.replace("_", "") in joined for pattern in instrument.patterns)


def split(text: str) -> list[str]:
    """Lower-case words of a name, cut at signs."""
    return re.findall(r"[a-z0-9]+", text.lower())


def as_total(look: Look, codebook: Codebook) -> list[Found]:
    """A column whose name is an instrument's, or begins with it; nothing where none is."""
    words = split(look.name)
    best: tuple[int, Instrument, list[str]] | None = None
    for instrument in codebook.instruments.values():
        for pattern in instrument.patterns:
            length, rest = leading(words, pattern)
            if length and (best is None or (length, is_plain(rest)) > (best[0], is_plain(best[2]))):
                best = (length, instrument, rest)
    if best is None:
        return by_label(look, codebook)
    _, instrument, rest = best
    return [Found(instrument.name, moment_of(rest), total=look.name, sure=bool(rest))]


def leading(words: list[str], pattern: str) -> tuple[int, list[str]]:
    """How many letters of the name the pattern takes up, and the words after it; 0 where it is not there."""
    want = pattern.replace("_", "")
    for start in range(len(words)):
        joined = ""
        for end in range(start, len(words)):
            joined += words[end]
            if joined == want:
                return len(want), words[:start] + words[end + 1 :]
        if words[start].startswith(want) and is_plain([words[start][len(want) :]]):
            return len(want), [*words[:start], words[start][len(want) :], *words[start + 1 :]]
    return 0, []


def is_plain(rest: list[str]) -> bool:
    """Whether what is left of a name says when."""
    return moment_of(rest) != Moment() or rest in (["tot"], ["total"], ["sum"], ["score"])


def by_label(look: Look, codebook: Codebook) -> list[Found]:
    """An instrument that the column's label names in full."""
    label = "".join(split(look.label))
    for instrument in codebook.instruments.values():
        names = [p.replace("_", "") for p in instrument.patterns if len(p) > 4]
        if any(name in label for name in names):
            return [Found(instrument.name, moment_of(split(look.name)), total=look.name, sure=False)]
    return []


def moment_of(words: list[str]) -> Moment:
    """What words say about when: `t0`, `post`, `w16`, `3m`, `week 8`, a bare number."""
    for word in words:
        for timepoint, known in TIME_WORDS.items():
            if word in known.split():
                weeks = weeks_in([w for w in words if w != word])
                return Moment(timepoint, 0.0 if timepoint == "baseline" else weeks)
    weeks = weeks_in(words)
    if weeks is not None:
        return Moment(weeks=weeks)
    numbers = [int(m.group(1)) for word in words if (m := NUMBERED.match(word))]
    return Moment(number=numbers[-1]) if numbers else Moment()


def weeks_in(words: list[str]) -> float | None:
    """Weeks in words such as `w16`, `16w`, `3m`, `week 8`."""
    for at, word in enumerate(words):
        found = WITH_UNIT.match(word)
        if not found:
            continue
        before, digits, after = found.groups()
        unit = before or after or (words[at - 1] if at else "") or ""
        follows = words[at + 1] if at + 1 < len(words) else ""
        for name in (unit, follows):
            if name in UNIT_WORDS and not (before and after):
                return round(int(digits) * UNIT_WORDS[name], 1)
    return None


def place(moments: list[Moment]) -> dict[Moment, Moment]:
    """Time points for moments that do not name one: the first is baseline, the first from week 8 on is post.

    Without weeks a series of two or three is baseline, post and follow-up; of a longer one the last is post.
    """
    open_ones = sorted((m for m in set(moments) if m.timepoint is None), key=order)
    named = {m.timepoint for m in moments}
    placed = {m: m for m in set(moments) if m.timepoint is not None}
    has_baseline, has_post = "baseline" in named, "post" in named
    for at, moment in enumerate(open_ones):
        left = len(open_ones) - at - 1
        if not has_baseline and (moment.weeks is None or moment.weeks <= LATEST_BASELINE):
            timepoint, has_baseline = "baseline", True
        elif has_post:
            timepoint = "interim" if before_follow_up(moment, moments) else "follow_up"
        elif moment.weeks is not None:
            timepoint = "post" if moment.weeks >= POST_FROM or not left else "interim"
        else:
            timepoint = "post" if len(open_ones) <= 3 or not left else "interim"
        has_post = has_post or timepoint == "post"
        weeks = 0.0 if timepoint == "baseline" else moment.weeks
        placed[moment] = replace(moment, timepoint=timepoint, weeks=weeks)
    return placed


def before_follow_up(moment: Moment, moments: list[Moment]) -> bool:
    """Whether a visit with weeks comes before every named follow-up that has weeks."""
    named = [m.weeks for m in moments if m.timepoint == "follow_up" and m.weeks is not None]
    return bool(named) and moment.weeks is not None and moment.weeks < min(named)


def order(moment: Moment) -> tuple[float, float]:
    """Weeks first, then numbers."""
    if moment.weeks is not None:
        return (moment.weeks, 0.0)
    return (-1.0 if moment.number is None else float(moment.number), 1.0)
