"""No secret of a log line reaches a reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prohandel.aws.masking import MASK, mask

ANY = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="*"), min_size=8, max_size=40)
SECRETS = st.text(
    st.characters(categories=["L", "N"], include_characters="!$%()*+-./:<=>?^_|~#", max_codepoint=255),
    min_size=8,
    max_size=40,
)
PLAIN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", min_size=8, max_size=40)
NAMES = st.sampled_from(
    [
        "PROHANDEL_PASSWORD", "PROHANDEL_USERNAME", "password", "apiKey", "api_key", "client_secret", "clientSecret",
        "access_token", "refresh_token", "FIVETRAN_API_SECRET", "aws_secret_access_key", "x-api-key", "pwd",
    ]
)  # fmt: skip


@given(NAMES, SECRETS)
def test_values_after_their_names_in_json(name: str, secret: str) -> None:
    for line in (
        json.dumps({name: secret, "page": 3}),
        json.dumps({"body": json.dumps({name: secret})}),
        repr({name: secret}),
    ):
        assert secret not in mask(line, {})
        assert secret not in mask(json.loads(line)["body"] if "body" in line[:8] else line, {})


@given(NAMES, ANY)
def test_values_with_quotes_and_brackets(name: str, secret: str) -> None:
    once = json.dumps({name: secret, "page": 3})
    for line in (once, json.dumps({"body": once})):
        masked = mask(line, {})
        assert [form for form in (secret, json.dumps(secret)[1:-1], secret[-6:]) if form in masked] == []


@given(NAMES, PLAIN)
def test_values_after_their_names_in_text(name: str, secret: str) -> None:
    for line in (
        f"{name}={secret}",
        f"with {name}: {secret}, page 3",
        f"?{name}={secret}&page=3",
        f"{name} = '{secret}'",
    ):
        assert secret not in mask(line, {}), line


@given(PLAIN, st.sampled_from(["Basic", "Bearer", "bearer"]))
def test_headers(secret: str, scheme: str) -> None:
    for line in (
        f"Authorization: {scheme} {secret}",
        json.dumps({"Authorization": f"{scheme} {secret}"}),
        f"{scheme} {secret}",
    ):
        assert secret not in mask(line, {}), line


@given(st.dictionaries(st.text("abcdefXYZ_", min_size=3), ANY, min_size=1, max_size=4))
def test_the_secrets_of_a_request_of_fivetran(secrets: dict[str, str]) -> None:
    request = {"agent": "Fivetran", "state": {"cursor": "2026-03-02"}, "secrets": secrets, "sync_id": "s1"}
    for line in (json.dumps(request), repr(request), f"event {json.dumps(request)[:-20]}"):
        masked = mask(line, {})
        assert [secret for secret in secrets.values() if secret in masked or json.dumps(secret)[1:-1] in masked] == []
        assert "2026-03-02" in masked


@given(SECRETS)
def test_values_of_the_environment_anywhere(secret: str) -> None:
    assert secret not in mask(f"login as {secret} failed", {"PROHANDEL_PASSWORD": secret})


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("https://anna:geheim@api.example.com/v2", f"https://{MASK}@api.example.com/v2"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def used", f"token {MASK} used"),
        ("key AKIAIOSFODNN7EXAMPLE", f"key {MASK}"),
        ("customer anna.meier@example.com", f"customer {MASK}"),
        ('{"secrets": {"A": "b"}, "state": {}}', '{"secrets": {***}, "state": {}}'),
        ("password='it''s' end", f"password='{MASK}''s' end"),
        ('{\\"password\\": \\"geheim1\\", \\"page\\": 1}', f'{{\\"password\\": \\"{MASK}\\", \\"page\\": 1}}'),
    ],
)
def test_what_it_looks_like(line: str, masked: str) -> None:
    assert mask(line, {}) == masked


@pytest.mark.parametrize(
    "line",
    [
        "Fetched 1,204 sales from ProHandel", "primary key: id", "KeyError: 'articleNumber'",
        "the password was refused", "status: ok, tokens used", "https://api.example.com/v2/sale?page=3",
        "basic sales report", "Task timed out after 180.00 seconds",
        '{"primary_key": ["id"], "rows": 12}', "secretary", "sale 2026-03-02T14:05:12.345Z",
    ],
)  # fmt: skip
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert mask(line, {"HOME": "/home/anna", "PROHANDEL_HASH_KEY": "x", "EDITOR_KEY": ""}) == line
