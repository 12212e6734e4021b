"""The file's own labels as evidence: `unknown` on a number, a mapping that says the opposite of a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ipdma.codebook import Variable
from ipdma.site.codes import code_key, parse_number
from ipdma.site.no_answer import says_missing
from ipdma.site.scan_words import (
    CONDITIONS,
    LEVELS,
    NO,
    VARIABLES,
    YES,
    has_words,
    match,
    words_of,
)
from ipdma.site.study_file import Arm
from ipdma.site.table import Column

STARTS_WITH = re.compile(
    r"\s*[\[(]?\s*(-?[0-9]{1,3}(?:[.,][0-9]+)?)\s*(?:[\])=:.]|[-–](?!\s*[0-9])|$)\s*(?![0-9])"
)
NEGATED = (
    "free no not without ohne zonder senza sin sans kein* geen niet nicht non complet* voltooid* vollstandig*"
)
# asked as completed, still depressed or first episode as often as not
OPPOSITES = ("dropout", "remitted_by_diagnosis", "chronic")
MORE = "more mehr meer mas piu plus mais over uber"
POLES = {"yes": YES, "no": NO}


def missing_labels(column: Column) -> frozenset[object]:
    """Codes, as they are compared, that the file labels as no answer."""
    return frozenset(code_key(code) for code, label in column.labels.items() if says_missing(label))


def label_number(label: str) -> float | None:
    """The number that a label states at its start, as `0 = never`, `(2) often`, `3`; none in `1-2 times`."""
    found = STARTS_WITH.match(label)
    return parse_number(found[1].replace(",", ".")) if found else None


def says_number(label: str) -> bool:
    """Whether a label states a number and more than it, as `9 or more`, `>8`, `9+`."""
    return re.search(r"[0-9]", label) is not None and has_words(
        words_of(re.sub("[+>≥]", " more ", label)), MORE
    )


def other_scores(column: Column) -> dict[str, str]:
    """Codes whose label states another number than the code, where most labels state one."""
    stated = {code: label_number(label) for code, label in column.labels.items() if not says_missing(label)}
    numbered = {code: n for code, n in stated.items() if n is not None}
    if len(numbered) < 2 or len(numbered) * 2 < len(stated):
        return {}
    return {code: column.labels[code] for code, n in numbered.items() if parse_number(code) not in (None, n)}


def contradictions(
    variable: Variable, values: Mapping[str, str], column: Column, arms: Mapping[str, Arm]
) -> dict[str, str]:
    """Codes whose label (or whose own word) says something else than the mapping, with what it says.

    Only where the label is plain: a word of another level and none of its own.
    """
    found = {}
    for code, word in values.items():
        said = column.label_of(code) or (code if parse_number(code) is None else "")
        if not said or not word:
            continue
        if says_missing(said):
            if column.labels and word != "other":
                found[code] = said
        elif variable.type == "arm":
            if not arm_fits(said, arms[word], arms):
                found[code] = said
        elif not level_fits(variable, said, word, column):
            found[code] = said
    return found


def arm_fits(said: str, arm: Arm, arms: Mapping[str, Arm]) -> bool:
    """Whether a label may be this arm's: it names it, or it names no other declared arm."""
    own, others = names_of(arm), [other for other in arms.values() if other.name != arm.name]
    words = words_of(said)
    if code_key(said) in own or set(words_of(arm.label)) & set(words) - COMMON:
        return True
    told = {name for name, known in CONDITIONS.items() if has_words(words, known)}
    if told & ({arm.condition} | set(arm.condition.split("_"))) or arm.name.casefold() in words:
        return True
    if any(code_key(said) in names_of(other) or other.condition in told for other in others):
        return False
    role = role_of(words)
    own_role = arm.condition in CONTROLS
    return role is None or role == own_role or all((o.condition in CONTROLS) == own_role for o in others)


def role_of(words: Sequence[str]) -> bool | None:
    """Whether a label says no more than `control group` (True) or `intervention group` (False)."""
    roles = [has_words([word], CONTROL) for word in words if word not in COMMON]
    plain_roles = all(has_words([word], f"{CONTROL} {EXPERIMENTAL}") for word in words if word not in COMMON)
    if roles and plain_roles:
        return any(roles)
    return False if set(words) in ({"treatment", "group"}, {"treatment", "arm"}) else None


CONTROLS = ("tau", "waitlist", "placebo")
CONTROL = "control* kontrol* contro* testimone"
EXPERIMENTAL = "experiment* interven* verum sperimental* experimentel*"


COMMON = {
    "therapy",
    "treatment",
    "group",
    "arm",
    "care",
    "therapie",
    "behandeling",
    "behandlung",
    "groep",
    "gruppe",
}


def names_of(arm: Arm) -> set[object]:
    """What an arm is called."""
    return {code_key(name) for name in (arm.name, arm.label, arm.condition) if name}


def level_fits(variable: Variable, said: str, word: str, column: Column) -> bool:
    """Whether a label may stand for this level of a coded variable."""
    words = words_of(said)
    if variable.levels and "_".join(words) in variable.levels:
        turned = set(variable.levels) == set(POLES) and not is_straight(variable, column)
        return turned or "_".join(words) == word
    if variable.name == "sex":
        female = female_letter(column)
        if female and len("".join(words)) == 1:
            return (words == [female]) == (word == "female")
        return one_of(words, LEVELS["sex"], word)
    if set(variable.levels) == set(POLES) and is_straight(variable, column):
        return one_of(words[:1], POLES, word)
    return True


# the letter of women beside that of men: f/m, v/m (Dutch), w/m, k/m, f/h, d/u, and m/h (Spanish)
WOMEN = {"fm": "f", "mv": "v", "mw": "w", "km": "k", "fh": "f", "du": "d", "hm": "m"}


def female_letter(column: Column) -> str:
    """The letter that labels women, where two codes are labelled by letters; empty where none can be told."""
    letters = {"".join(words_of(label)) for label in column.labels.values() if not says_missing(label)}
    return WOMEN.get("".join(sorted(letters)), "") if all(len(letter) == 1 for letter in letters) else ""


def one_of(words: Iterable[str], levels: Mapping[str, str], word: str) -> bool:
    """Whether no word of two letters or more belongs to another level, or one belongs to this one."""
    long = [each for each in words if len(each) > 1]
    told = {level for level, known in levels.items() if any(match(w, p) for w in long for p in known.split())}
    return not told or word in told


def is_straight(variable: Variable, column: Column) -> bool:
    """Whether a column asks what the variable asks, not its opposite: by its name and label, or because
    nobody asks for the opposite."""
    words = words_of(column.name) + words_of(column.label)
    known = VARIABLES.get(variable.name, "")
    named = has_words(words, known) or "_".join(words_of(column.name)) == variable.name
    return (named or variable.name not in OPPOSITES) and not has_words(words, NEGATED)
