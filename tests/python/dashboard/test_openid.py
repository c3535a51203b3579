"""Signing in by OpenID Connect in Chromium, with a provider of the test's own on loopback."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Page, expect, sync_playwright
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.python.dashboard.browsing import CHROMIUM, FLAGS, PATIENCE, free_port, serving, settle
from tests.python.dashboard.conftest import fill

pytestmark = pytest.mark.slow

_CLIENT = "prohandel-dashboard"


@dataclass
class Provider:
    """An OpenID provider that asks for no password: it signs in whoever `claims` says.

    Attributes:
        issuer: its address.
        claims: of the next token, beside those that every token has.
        asked: the parameters of each request to sign in.
    """

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def metadata(self, _: Request) -> Response:
        return _json({
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })  # fmt: skip

    def authorize(self, request: Request) -> Response:
        self.asked.append(dict(request.args))
        back = f"{request.args['redirect_uri']}?{urlencode({'code': 'c', 'state': request.args['state']})}"
        return Response(status=302, headers={"Location": back})

    def token(self, _: Request) -> Response:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": _CLIENT, "sub": "1", "iat": now, "exp": now + 600, **self.claims}
        claims["nonce"] = self.asked[-1]["nonce"]
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return _json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def keys(self, _: Request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]})


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), content_type="application/json")


@pytest.fixture
def provider(httpserver: HTTPServer) -> Provider:
    made = Provider(httpserver.url_for("").rstrip("/"))
    for path, answer in (
        ("/.well-known/openid-configuration", made.metadata),
        ("/authorize", made.authorize),
        ("/token", made.token),
        ("/keys", made.keys),
    ):
        httpserver.expect_request(path).respond_with_handler(answer)
    return made


@pytest.fixture
def page(marts: psycopg.Connection[Any], provider: Provider, tmp_path: Path) -> Iterator[Page]:
    """The first page of a dashboard that asks this provider, in a browser that nobody has signed in with."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}")
    marts.execute("create table quality.dashboard_access (user_name text, branch_number text)")
    fill(marts, "quality.dashboard_access", [
        {"user_name": "Anna@example.com", "branch_number": "0901"},
        {"user_name": "chef@example.com", "branch_number": "*"},
    ])  # fmt: skip
    port = free_port()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(
        f"""
        [auth]
        redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
        cookie_secret = "{os.urandom(16).hex()}"
        client_id = "{_CLIENT}"
        client_secret = "{os.urandom(8).hex()}"
        server_metadata_url = "{provider.issuer}/.well-known/openid-configuration"
        """
    )
    environment = {**os.environ, "HOME": str(tmp_path), "PROHANDEL_DASHBOARD_ACCESS": "oidc"}
    expect.set_options(timeout=PATIENCE)
    with serving(environment, port) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        opened = browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 900}).new_page()
        opened.set_default_timeout(PATIENCE)
        opened.goto(f"{base}/warehouse_performance")
        yield opened
        browser.close()


def test_who_signs_in_sees_their_branches_until_they_sign_out(page: Page, provider: Provider) -> None:
    expect(page.locator(".st-key-state-signed-out")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)

    provider.claims = {"email": "anna@example.com", "email_verified": True}
    page.locator(".st-key-sign_in button").click()
    settle(page)
    expect(page.get_by_text("anna@example.com")).to_be_visible()
    of_one = page.get_by_test_id("stMetric").first.text_content()
    assert provider.asked[-1]["scope"].split()[0] == "openid"

    page.locator(".st-key-sign_out button").click()
    expect(page.locator(".st-key-state-signed-out")).to_be_visible()

    provider.claims = {"email": "chef@example.com", "email_verified": True}
    page.locator(".st-key-sign_in button").click()
    settle(page)
    expect(page.get_by_text("chef@example.com")).to_be_visible()
    assert page.get_by_test_id("stMetric").first.text_content() != of_one


@pytest.mark.parametrize(
    ("claims", "state"),
    [
        ({"email": "fremd@example.com", "email_verified": True}, ".st-key-state-no-branches"),
        ({"email": "chef@example.com", "email_verified": False}, ".st-key-state-signed-out"),
        ({}, ".st-key-state-signed-out"),
    ],
    ids=["not in the seed", "not verified", "no address"],
)
def test_others_see_nothing(page: Page, provider: Provider, claims: dict[str, Any], state: str) -> None:
    provider.claims = claims
    with page.expect_response(re.compile("/oauth2callback")) as back:
        page.locator(".st-key-sign_in button").click()
    assert "_streamlit_user" in str(back.value.all_headers())
    page.wait_for_url(re.compile(r"^http://127\.0\.0\.1:\d+/$"))
    expect(page.locator(state)).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
