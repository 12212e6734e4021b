"""Keyed pseudonyms. A plain hash of a short identifier is undone by trying them all; a keyed one is not."""

from __future__ import annotations

import hashlib
import hmac

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
