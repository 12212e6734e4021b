"""Pseudonyms are the stated keyed hash."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from ipdma.errors import DataError
from ipdma.privacy import pseudonymise


def test_pseudonym_is_the_stated_keyed_hash():
    expected = hmac.new(b"secret", "MUC2008\nÄ-007".encode(), hashlib.sha256).hexdigest()[:16]
    assert pseudonymise("MUC2008", "Ä-007", "secret") == expected
    assert pseudonymise("MUC2009", "Ä-007", "secret") != expected


def test_pseudonym_of_a_published_test_vector():
    """RFC 4231, test case 2; our message always holds a newline, so the vector checks the key's side."""
    whole = hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest()
    assert whole.startswith("5bdcc146bf60754e6a042426089575c7")
    assert pseudonymise("what do ya want", "for nothing?", "Jefe") != whole[:16]


def test_pseudonym_needs_a_key():
    with pytest.raises(DataError, match="IPDMA_PSEUDONYM_KEY"):
        pseudonymise("A", "1", "")
