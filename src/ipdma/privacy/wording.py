"""Words that can point at a person: in labels, in names of columns, in what a person writes into a
mapping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set

from ipdma.privacy.identifying import ADDRESS, BIRTH, EMAIL, NAME, NUMBER, PATTERNS, PHONE

KEPT_BACK = "(kept at the site)"
IDENTIFIER = "identifier"
ANYWHERE = (
    (EMAIL, re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")),
    (
        BIRTH,
        re.compile(
            r"(?<![\w/])(?:\d{1,2}[-./ ]\d{1,2}[-./ ](?:\d{4}|\d{2})|\d{4}[-./]\d{1,2}[-./]\d{1,2})(?!\w)|"
            r"\b\d{1,2}\.? ?[^\W\d_]{3,9}\.? (?:19|20)\d\d\b"
        ),
    ),
    (PHONE, re.compile(r"(?<!\w)(?:\+|00?)\d[\d ()/.-]{5,}\d(?!\w)")),
    (NUMBER, re.compile(r"(?<![\w./-])\d{6,}(?![\w/])")),
)
TITLE = re.compile(
    r"\b(?i:drs?|prof|mr|mrs|ms|miss|frau|herrn?|hr|dhr|mevr|mevrouw|mw|ir|sig|dott|sra?|srta|doña|mme|mlle|"
    r"monsieur|madame|psych)\b\.?(?:ra|ssa)?\.? +(?:[^\W\d_]+\.? +){0,3}[A-ZÀ-Þ][\w'’-]+"
)
INITIALS = re.compile(
    r"\b[A-ZÀ-Þ]\. ?(?:[A-ZÀ-Þ]\. ?)*(?:van |von |de |der |den |di |da )*[A-ZÀ-Þ][a-zß-ÿ'’-]{2,}"
)
LAST_FIRST = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ'’-]+, ?(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ][a-zß-ÿ'’-]+)\Z")
NUMBERED = re.compile(
    r"\b(?:patient|participant|subject|case|person|proband|teilnehmer|deelnemer|pati[eë]nt|paziente|paciente|"
    r"id|nr|no|number|nummer)(?:e|in|en)?\b[ .:#-]*([\w-]*\d[\w-]*)",
    re.IGNORECASE,
)
GIVEN = frozenset(
    [
        "anna",
        "anne",
        "maria",
        "marie",
        "jan",
        "johan",
        "johannes",
        "hans",
        "peter",
        "pieter",
        "piet",
        "petra",
        "paul",
        "paolo",
        "pablo",
        "pedro",
        "luca",
        "lucia",
        "laura",
        "eva",
        "emma",
        "sophie",
        "sofia",
        "julia",
        "giulia",
        "marco",
        "mario",
        "martin",
        "martina",
        "thomas",
        "tom",
        "michael",
        "michel",
        "miguel",
        "andreas",
        "andrea",
        "klaus",
        "karl",
        "carl",
        "carlos",
        "carla",
        "christian",
        "christina",
        "cristina",
        "stefan",
        "stefanie",
        "sabine",
        "monika",
        "wolfgang",
        "heinz",
        "juergen",
        "jurgen",
        "uwe",
        "ursula",
        "brigitte",
        "willem",
        "wim",
        "kees",
        "henk",
        "els",
        "ingrid",
        "joost",
        "bas",
        "sanne",
        "lotte",
        "daan",
        "femke",
        "anneke",
        "john",
        "mary",
        "james",
        "robert",
        "david",
        "richard",
        "susan",
        "linda",
        "barbara",
        "elizabeth",
        "sarah",
        "emily",
        "charles",
        "george",
        "william",
        "henry",
        "jack",
        "jose",
        "juan",
        "antonio",
        "manuel",
        "francisco",
        "javier",
        "ana",
        "carmen",
        "isabel",
        "rosa",
        "giovanni",
        "giuseppe",
        "francesco",
        "francesca",
        "elena",
        "chiara",
        "alessandro",
        "roberto",
        "pierre",
        "jean",
        "jacques",
        "francois",
        "claire",
        "camille",
        "nathalie",
        "isabelle",
        "louis",
        "luis",
        "zoe",
        "daniel",
        "daniela",
        "markus",
        "lukas",
        "lena",
        "lea",
        "nina",
        "olga",
        "ivan",
        "natasha",
    ]
)
ACTOR = re.compile(
    r"\b(?:by|asked|called|phoned|told|contacted|door|gevraagd|gebeld|durch|gefragt|chiesto|par|por)\s+"
    r"([A-ZÀ-Þ][a-zß-ÿ'’-]+)\s+(?:(?:van|von|de|den|der|di|da|del|la|le) )*([A-ZÀ-Þ][a-zß-ÿ'’-]+)"
)
ROLES = frozenset(
    [
        "data",
        "manager",
        "trial",
        "study",
        "principal",
        "investigator",
        "coordinator",
        "nurse",
        "statistician",
        "research",
        "assistant",
        "team",
        "monitor",
        "site",
        "centre",
        "center",
        "clinic",
        "hospital",
        "university",
        "department",
        "head",
        "chief",
        "senior",
        "junior",
        "clinical",
        "office",
        "datamanager",
        "projectleider",
        "onderzoeker",
        "studienleiter",
        "datenmanager",
        "responsable",
        "ricercatore",
        "investigador",
        "unit",
        "committee",
        "board",
        "group",
        "ethic",
        "institut",
        "klinik",
        "kliniek",
        "universit",
        "hospital",
        "manag",
        "leit",
        "zentr",
        "centr",
        "steering",
        "quality",
        "medical",
        "doctor",
        "psycholog",
        "psychiatr",
        "therap",
        "student",
        "local",
        "national",
        "chair",
        "secretar",
    ]
)


def points_at(text: str, identifiers: Set[str] = frozenset()) -> str | None:
    """What a text may say of a person, as one of the kinds of `identifying`, or None.

    Parameters
    ----------
    text : str
        A label, a reason, who confirmed something.
    identifiers : set of str
        The file's own identifiers, without regard to case.
    """
    for kind, pattern in ANYWHERE:
        if pattern.search(text):
            return kind
    if PATTERNS[ADDRESS].match(text.strip()):
        return ADDRESS
    if TITLE.search(text) or INITIALS.search(text) or LAST_FIRST.match(text.strip()) or is_full_name(text):
        return NAME
    return IDENTIFIER if names_one(text, identifiers) else None


def is_full_name(text: str) -> bool:
    """Whether a text is a given name and another, or holds a given name before another capitalised word."""
    words = [plain(word) for word in re.findall(r"[\w'’-]+", text)]
    if PATTERNS[NAME].match(text.strip()) and not set(words) & ROLES and set(words) & GIVEN:
        return True
    pairs = zip(re.findall(r"[\w'’-]+", text), re.findall(r"[\w'’-]+", text)[1:], strict=False)
    return any(plain(a) in GIVEN and a[:1].isupper() and is_surname(b) for a, b in pairs)


def is_surname(word: str) -> bool:
    """Whether a word after a given name can be its surname."""
    return (word[:1].isupper() or plain(word) in ("van", "von", "de", "der")) and plain(word) not in ROLES


def plain(word: str) -> str:
    """Lower case without accents."""
    apart = unicodedata.normalize("NFKD", word.replace("ß", "ss"))
    return "".join(c for c in apart if not unicodedata.combining(c)).lower()


def is_somebody(text: str) -> bool:
    """Whether a text that says who did something is two or three capitalised words and none of a role."""
    words = re.findall(r"[\w'’-]+", text)
    return PATTERNS[NAME].match(text.strip()) is not None and not any(map(is_role, words))


def acts(text: str) -> bool:
    """Whether two capitalised words, none of a role, stand behind a word as `by` or `asked`."""
    return any(not is_role(found[1]) and not is_role(found[2]) for found in ACTOR.finditer(text))


def is_role(word: str) -> bool:
    """Whether a word names a task or a place of work; a language's endings and plurals included."""
    return any(plain(part).startswith(tuple(ROLES)) for part in word.split("-"))


def names_one(text: str, identifiers: Set[str]) -> bool:
    """Whether a text holds an identifier: one with letters and digits as a word, any behind `patient` or
    `id`."""
    if not identifiers:
        return False
    words = {word.casefold() for word in re.findall(r"[\w-]+", text)}
    telling = {
        word
        for word in words
        if any(map(str.isdigit, word)) and (any(map(str.isalpha, word)) or len(word) > 4)
    }
    return bool(telling & identifiers) or any(
        found[1].casefold() in identifiers for found in NUMBERED.finditer(text)
    )


def told_of(key: str, text: str, identifiers: Set[str] = frozenset()) -> str | None:
    """As `points_at`, of what stands under a key of study.yaml: `by` says who, `why` may say who did it."""
    kind = points_at(text, identifiers)
    if kind is None and (is_somebody(text) if key == "by" else key == "why" and acts(text)):
        return NAME
    return kind


def kept_back(text: str, identifiers: Set[str] = frozenset(), key: str = "why") -> str:
    """The text, or a word in its place where it may point at a person."""
    return KEPT_BACK if told_of(key, text, identifiers) else text
