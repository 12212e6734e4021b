"""The file's own labels as evidence: `unknown` on a number, a mapping that says the opposite of a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ipdma.codebook import Variable
from ipdma.site.codes import code_key, parse_number
from ipdma.site.scan_words import (
    CONDITIONS,
    LEVELS,
    NO,
    VARIABLES,
    YES,
    has_words,
    match,
    plain,
    words_of,
)
from ipdma.site.study_file import Arm
from ipdma.site.table import Column

# whole labels, without accents and signs
MISSING = frozenset(
    phrase.strip()
    for phrase in """
    missing, missing value, missing data, unknown, not known, unk, not available, not applicable, does
    not apply, not asked, not answered, no answer, not recorded, not done, not reported, not specified,
    no information, no response, non response, refused, refusal, refuses, refused to answer, declined,
    dont know, don t know, do not know, cannot say, na, n a, nk, dk, system missing, user missing,
    invalid, prefer not to say, onbekend, niet bekend, niet ingevuld, niet gevraagd, niet van
    toepassing, nvt, n v t, geen antwoord, geen opgave, geen gegevens, ontbreekt, ontbrekend, geweigerd,
    weigert, weigering, wil niet zeggen, weet niet, weet ik niet, niet afgenomen, niet beantwoord,
    missend, unbekannt, nicht bekannt, keine angabe, keine angaben, k a, ka, weiss nicht, weiss ich
    nicht, fehlend, fehlt, fehlender wert, verweigert, antwort verweigert, nicht erhoben, nicht
    beantwortet, nicht zutreffend, trifft nicht zu, nicht gefragt, entfallt, sconosciuto, non noto, non
    so, non sa, non risponde, non risposto, rifiuta, rifiuto, mancante, non applicabile, non
    disponibile, non rilevato, dato mancante, desconocido, no sabe, no contesta, no sabe no contesta, ns
    nc, ns, nc, rehusa, rechaza, no aplica, perdido, sin datos, sin respuesta, no consta, inconnu,
    inconnue, ne sait pas, nsp, refus, sans reponse, non repondu, non applicable, manquant, donnee
    manquante, non renseigne, pas de reponse
    """.replace("\n", " ").split(",")
)
STARTS_WITH = re.compile(
    r"\s*[\[(]?\s*(-?[0-9]{1,3}(?:[.,][0-9]+)?)\s*(?:[\])=:.]|[-–](?!\s*[0-9])|$)\s*(?![0-9])"
)
NEGATED = (
    "free no not without ohne zonder senza sin sans kein* geen niet nicht non complet* voltooid* vollstandig*"
)
POLES = {"yes": YES, "no": NO}


def says_missing(label: str) -> bool:
    """Whether a label stands for the absence of an answer."""
    text = re.sub(r"[^a-z]+", " ", plain(label)).strip()
    return text in MISSING


def missing_labels(column: Column) -> frozenset[object]:
    """Codes, as they are compared, that the file labels as no answer."""
    return frozenset(code_key(code) for code, label in column.labels.items() if says_missing(label))


def label_number(label: str) -> float | None:
    """The number that a label states at its start, as `0 = never`, `(2) often`, `3`; none in `1-2 times`."""
    found = STARTS_WITH.match(label)
    return parse_number(found[1].replace(",", ".")) if found else None


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
    return not any(code_key(said) in names_of(other) or other.condition in told for other in others)


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
        return one_of(words, LEVELS["sex"], word)
    if set(variable.levels) == set(POLES) and is_straight(variable, column):
        return one_of(words[:1], POLES, word)
    return True


def one_of(words: Iterable[str], levels: Mapping[str, str], word: str) -> bool:
    """Whether no word of two letters or more belongs to another level, or one belongs to this one."""
    long = [each for each in words if len(each) > 1]
    told = {level for level, known in levels.items() if any(match(w, p) for w in long for p in known.split())}
    return not told or word in told


def is_straight(variable: Variable, column: Column) -> bool:
    """Whether a column asks what the variable asks, not its opposite: by its name and label."""
    words = words_of(column.name) + words_of(column.label)
    known = VARIABLES.get(variable.name, "")
    named = has_words(words, known) or "_".join(words_of(column.name)) == variable.name
    return named and not has_words(words, NEGATED)
