"""What is said where AWS does not let us in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore import exceptions

from prohandel.aws.clients import explained, open_session
from prohandel.aws.names import DEFAULT_FUNCTION, function_name, watched_function
from prohandel.errors import ProhandelError
from tests.python.aws.cloudformation import load, parameters


def refused(code: str) -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": "said"}}, "FilterLogEvents")


@pytest.mark.parametrize(
    ("error", "message", "remedy"),
    [
        (refused("ExpiredTokenException"), "Could not read it: ExpiredTokenException: said", "sign in again"),
        (refused("UnrecognizedClientException"), "UnrecognizedClientException", "does not know these credentials"),
        (refused("AccessDenied"), "AccessDenied: said", "infra/log-reader.yaml"),
        (refused("AccessDeniedException"), "AccessDeniedException: said", "infra/log-reader.yaml"),
        (refused("ThrottlingException"), "ThrottlingException", "try again in a minute"),
        (refused("ResourceNotFoundException"), "ResourceNotFoundException", "PROHANDEL_FUNCTION"),
        (refused("Strange"), "Strange: said", "Look up the code"),
        (exceptions.NoCredentialsError(), "Unable to locate credentials", "AWS_PROFILE"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="key"), "Partial", "AWS_SECRET_ACCESS_KEY"),
        (exceptions.ProfileNotFound(profile="x"), "profile (x)", "AWS_PROFILE"),
        (exceptions.UnauthorizedSSOTokenError(), "SSO", "aws sso login"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), "does not answer", "AWS_REGION"),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), "does not answer (ReadTimeoutError)", "network"),
        (exceptions.InvalidRegionError(region_name="x y"), "x y", "AWS_REGION"),
    ],
)
def test_errors_say_what_and_what_to_do(error: Exception, message: str, remedy: str) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(ProhandelError) as caught, explained("read it"):
        fail()
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def test_our_own_errors_stay_as_they_are() -> None:
    with pytest.raises(ProhandelError, match=r"^ours$"), explained("read it"):
        raise ProhandelError("ours")


def test_without_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProhandelError, match="No AWS region") as caught:
        open_session()
    assert "AWS_REGION=eu-central-1" in caught.value.remedy


def test_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with pytest.raises(ProhandelError, match="no AWS credentials") as caught:
        open_session()
    assert "AWS_PROFILE" in caught.value.remedy
    assert "infra/log-reader.yaml" in caught.value.remedy


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ProhandelError, match="nobody"):
        open_session("eu-central-1")


def _by_environment(monkeypatch: pytest.MonkeyPatch, _folder: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def _by_profile(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "config").write_text(
        "[profile p]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "p")


@pytest.mark.parametrize("set_up", [_by_environment, _by_profile])
def test_a_session_is_found_as_boto3_finds_it(
    set_up: Callable[[pytest.MonkeyPatch, Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(monkeypatch, tmp_path)
    assert open_session().region_name == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert open_session().region_name == "eu-west-2"
    assert open_session("eu-west-3").region_name == "eu-west-3"


def test_the_function_is_that_of_the_environment_else_that_of_the_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (watched_function(), function_name()) == (None, DEFAULT_FUNCTION)
    for name in ("monitoring.yaml", "fivetran-role.yaml", "log-reader.yaml"):
        assert parameters(load(name))["FunctionName"] == DEFAULT_FUNCTION
    monkeypatch.setenv("PROHANDEL_FUNCTION", "mine")
    assert (watched_function(), function_name()) == ("mine", "mine")
