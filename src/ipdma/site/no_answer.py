"""What programs and people write where there is no value: NA, k.A., unknown, a spreadsheet's error."""

from __future__ import annotations

import re

from ipdma.site.scan_words import plain

# signs and short forms, compared as they stand
NO_VALUE = frozenset(
    ("na", "n/a", "nan", "none", "null", "nil", "missing", "unknown", "n.a.", "k.a.", "nvt", "n.v.t.")
).union(("onbekend", "unbekannt", "inconnu", "sconosciuto", "desconocido", "-", "--", ".", "?", "??"))
# an error of Excel or Calc in any of their languages: #N/A, #NV, #WERT!, #NAAM?, #DIV/0!, Err:502
SHEET_ERROR = re.compile(
    r"#(?:n/[a-z]{1,5}|n[abdv]|[^\W\d_][\w/ .-]{1,14}[!?])\Z|(?:err|fehler|fout|erreur|errore):[0-9]{3}\Z",
    re.IGNORECASE,
)
# whole labels, without accents and signs
PHRASES = frozenset(
    " ".join(phrase.split())
    for phrase in """
    missing, missing value, missing data, unknown, not known, unk, not available, not
    applicable, does not apply, not asked, not answered, no answer, not recorded, not done, not
    reported, not specified, no information, no response, non response, refused, refusal,
    refuses, refused to answer, declined, dont know, don t know, do not know, cannot say, na, n
    a, nk, dk, system missing, user missing, invalid, prefer not to say, onbekend, niet bekend,
    niet ingevuld, niet gevraagd, niet van toepassing, nvt, n v t, geen antwoord, geen opgave,
    geen gegevens, ontbreekt, ontbrekend, geweigerd, weigert, weigering, wil niet zeggen, weet
    niet, weet ik niet, niet afgenomen, niet beantwoord, missend, unbekannt, nicht bekannt,
    keine angabe, keine angaben, k a, ka, weiss nicht, weiss ich nicht, fehlend, fehlt,
    fehlender wert, verweigert, antwort verweigert, nicht erhoben, nicht beantwortet, nicht
    zutreffend, trifft nicht zu, nicht gefragt, entfallt, sconosciuto, non noto, non so, non sa,
    non risponde, non risposto, rifiuta, rifiuto, mancante, non applicabile, non disponibile,
    non rilevato, dato mancante, desconocido, no sabe, no contesta, no sabe no contesta, ns nc,
    ns, nc, rehusa, rechaza, no aplica, perdido, sin datos, sin respuesta, no consta, inconnu,
    inconnue, ne sait pas, nsp, refus, sans reponse, non repondu, non applicable, manquant,
    donnee manquante, non renseigne, pas de reponse, wn, w n, vet ikke, ved ikke, vet inte, ikke
    besvart, ikke besvaret, inget svar, manglende, saknas, puuttuu, ei tiedossa, nie wiem, brak
    danych, brak odpowiedzi, odmowa, nie dotyczy, nao sabe, nao responde, nao se aplica, sem
    resposta, em falta, ignorado, bilinmiyor, cevap yok, nevim, bez odpovedi, inapplicable,
    skipped, blank, not assessed, not collected, not completed, no data, not stated,
    undetermined, unclear, unsure, not sure, keine antwort, nicht ausgefullt, ohne angabe, o a,
    nicht verfugbar, niet beschikbaar, niet gemeten, niet opgegeven, niet gegeven
    """.replace("\n", " ").split(",")
)
SHORTEST_WORD = 5  # `ns` or `dk` as text may be somebody's short name


def says_missing(label: str) -> bool:
    """Whether a label stands for the absence of an answer."""
    return re.sub(r"[^a-z]+", " ", plain(label)).strip() in PHRASES or is_sheet_error(label)


def is_sheet_error(text: str) -> bool:
    """Whether a text is what a spreadsheet shows where a formula found nothing."""
    return SHEET_ERROR.match(text.strip()) is not None


def is_phrase(word: str) -> bool:
    """Whether free text is such a label, long enough and without digits, so that it is no code."""
    letters = sum(map(str.isalpha, word))
    return letters >= SHORTEST_WORD and not any(map(str.isdigit, word)) and says_missing(word)


def is_no_value(text: str) -> bool:
    """Whether free text stands where there is no value."""
    word = " ".join(text.split()).casefold()
    return word in NO_VALUE or is_sheet_error(word) or is_phrase(word)
