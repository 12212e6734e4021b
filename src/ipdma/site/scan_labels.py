"""Which labels and names of columns a draft may show: none that can be a person, a date or an identifier.

A label is shown where its words are known from answers, arms and visits. Where half of a column's labels are
single words or pairs that no one knows, they may be surnames, and the column's labels are kept back.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ipdma.privacy import name_kind
from ipdma.privacy.wording import points_at
from ipdma.site.no_answer import is_no_value
from ipdma.site.scan_words import (
    CONDITIONS,
    LEVELS,
    NO,
    TIME_WORDS,
    UNITS,
    VARIABLES,
    VISITS,
    YES,
    has_words,
    match,
    words_of,
)
from ipdma.site.table import Column

MOST_LABELS = 20
# one to three words that could be a surname, or a surname and a given name
LIKE_A_NAME = re.compile(
    r"[^\W\d_][^\W\d_'’.-]+"
    r"(?:[ ,-]+(?:van|von|de|der|den|di|da|del|la|le|ten|ter|[^\W\d_][^\W\d_'’.-]*\.?)){0,3}\Z"
)
ACRONYM = re.compile(r"[A-ZÀ-Þ0-9/+ -]{2,12}\Z")
EVERYDAY = (
    "never rarely seldom sometimes often usually always daily weekly several days nearly every day all none "
    "little "
    "bit much very somewhat moderately extremely severe* moderate* mild* minimal* normal* absent* present* "
    "low* high* "
    "medium less more than most some other* different unknown* missing* refused* left right good bad better "
    "worse "
    "agree* disagree* neutral* true false control* intervention* experimental* group* arm* therap* "
    "treatment* "
    "complete* dropout* open closed recruit* urban rural white black asian hispanic caucasian primary "
    "secondary "
    "tertiary university school* degree* full part time employed nooit zelden soms vaak altijd dagelijks "
    "weinig veel "
    "matig* ernstig* licht* geen ander* overig* nie selten manchmal oft haufig* immer taglich* wenig viel "
    "massig* "
    "schwer* leicht* keine* ander* sonstig* mai raramente talvolta spesso sempre poco molto grave* lieve* "
    "altro "
    "nunca raramente veces menudo siempre poco mucho leve* otro jamais rarement parfois souvent toujours peu "
    "beaucoup leger* autre* depress* anxi* trauma* disorder* episode* recurrent* single first chronic* remi* "
    "respon*"
)


@lru_cache(maxsize=1)
def known_patterns() -> tuple[str, ...]:
    """Every word that answers, arms, visits and variables are made of."""
    texts = [YES, NO, VISITS, EVERYDAY, *VARIABLES.values(), *UNITS.values(), *TIME_WORDS.values()]
    texts += [*CONDITIONS.values(), *(words for levels in LEVELS.values() for words in levels.values())]
    return tuple(dict.fromkeys(part for text in texts for word in text.split() for part in word.split("+")))


@lru_cache(maxsize=4096)
def is_known(word: str) -> bool:
    """Whether a word, without accents and in lower case, is one of them."""
    return any(match(word, pattern) for pattern in known_patterns())


def can_be_name(label: str) -> bool:
    """Whether a label could be somebody's name: a few words, none of them known, and no acronym."""
    if ACRONYM.match(label) or not LIKE_A_NAME.match(label):
        return False
    return not any(map(is_known, words_of(label)))


def labels_to_show(column: Column) -> dict[str, str]:
    """The labels that the file declares, unless they are many or may point at people."""
    labels = {code: " ".join(label.split()) for code, label in column.labels.items()}
    words = [*words_of(column.name), *words_of(column.label)]
    of_people = has_words(words, VARIABLES["therapist"]) or has_words(
        words_of(column.name), VARIABLES["participant"]
    )
    if len(labels) > MOST_LABELS or of_people or name_kind(column.name, column.label):
        return {}
    told = [label for label in labels.values() if not is_no_value(label)]
    unknown = sum(map(can_be_name, told))
    if any(map(points_at, told)) or (unknown > 1 and unknown * 2 >= len(told)):
        return {}
    return labels


def text_to_show(text: str) -> str:
    """A column's label as it may stand in a draft; empty where it may point at a person."""
    text = " ".join(text.split())
    return "" if points_at(text) or (len(text.split()) > 1 and can_be_name(text)) else text
