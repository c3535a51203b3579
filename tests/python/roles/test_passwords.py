"""Stored passwords are recognised."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from prohandel.errors import ProhandelError
from prohandel.roles.passwords import is_password_of, variables


def test_the_example_of_rfc_7677() -> None:
    """RFC 7677, section 3: password pencil, 4096 rounds, salt W22ZaJ0SNY7soEsUEjb6gQ==.

    Its exchange gives the client's proof, from which the key that a server stores follows.
    """
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    signature = hmac.digest(stored_key, message.encode(), "sha256")
    proof = bytes(left ^ right for left, right in zip(client_key, signature, strict=True))
    assert base64.b64encode(proof).decode() == "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    verifier = f"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${base64.b64encode(stored_key).decode()}:AAAA"
    assert is_password_of(verifier, "pencil")
    assert not is_password_of(verifier, "pencils")
    assert not is_password_of("md5" + "0" * 32, "pencil")


@pytest.mark.parametrize("given", ["reader", "writer=A", "=A", "reader="])
def test_what_the_option_has_to_look_like(given: str) -> None:
    with pytest.raises(ProhandelError, match="KIND=VARIABLE"):
        variables([given])
