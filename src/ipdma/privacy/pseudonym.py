"""Keyed pseudonyms. A plain hash of a short identifier is undone by trying them all; a keyed one is not."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from ipdma.errors import DataError

DIGITS = 16


def pseudonymise(study: str, identifier: str, key: str) -> str:
    """The pseudonym of a participant.

    Parameters
    ----------
    study : str
        Identifier of the study: the same identifier in two studies gives two pseudonyms.
    identifier : str
        The site's own identifier, as it stands.
    key : str
        The secret that the site keeps.

    Returns
    -------
    str
        First 16 hexadecimal digits of HMAC-SHA-256 (RFC 2104) of the UTF-8 text `study`, newline,
        `identifier`.

    Raises
    ------
    DataError
        Where the key is empty.
    """
    if not key:
        raise DataError(
            "the pseudonym key is empty; set IPDMA_PSEUDONYM_KEY to a secret that stays at the site"
        )
    text = f"{study}\n{identifier}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def replace_codes(study: str, variable: str, codes: Iterable[str], key: str) -> dict[str, str]:
    """What stands for each free code of a variable (a therapist's), which may be a name.

    Parameters
    ----------
    study, variable : str
        The same code in two studies, or as a participant's identifier, gives another hash.
    codes : iterable of str
        In the order of the file, repeated or not.
    key : str
        The secret that the site keeps; empty: the codes become 1, 2, 3 as they first stand.

    Returns
    -------
    dict of str to str
        By code, each once: its pseudonym, or its number without a key.
    """
    distinct = list(dict.fromkeys(codes))
    if not key:
        return {code: str(number) for number, code in enumerate(distinct, start=1)}
    return {code: pseudonymise(study, f"{variable}\n{code}", key) for code in distinct}
