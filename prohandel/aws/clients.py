"""Clients of AWS, and what to do where AWS does not let us in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.session import Session
from botocore import exceptions
from botocore.config import Config

from prohandel.aws.names import FUNCTION_VARIABLE
from prohandel.errors import ProhandelError

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
"""A run must not wait for minutes for AWS."""

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_INVALID = ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException")


def open_session(region: str | None = None) -> Session:
    """A session with a region and credentials, as boto3 finds them.

    Args:
        region: in place of that of the environment.

    Raises:
        ProhandelError: there is no region, no credential, or no such profile.
    """
    with explained("sign in to AWS"):
        session = Session(region_name=region or os.environ.get("AWS_REGION") or None)
        if not session.region_name:
            raise ProhandelError(
                "No AWS region is named.",
                "Name the one that the function runs in: AWS_REGION=eu-central-1, or --region.",
            )
        if session.get_credentials() is None:
            raise ProhandelError(
                "There are no AWS credentials.",
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; infra/log-reader.yaml makes a role "
                "that may read just this.",
            )
    return session


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Says of an error of AWS what it means and what to do.

    Args:
        what: was tried, such as "read the log group x".

    Raises:
        ProhandelError: in place of every error of boto3.
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(what, error) from error
    except exceptions.ProfileNotFound as error:
        raise ProhandelError(
            f"Could not {what}: {error}", "Name a profile of ~/.aws/config in AWS_PROFILE, or unset it."
        ) from error
    except (exceptions.SSOError, exceptions.TokenRetrievalError) as error:
        raise ProhandelError(f"Could not {what}: {error}", "Sign in again: aws sso login") from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise ProhandelError(
            f"Could not {what}: {error}", "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise ProhandelError(
            f"Could not {what}: AWS does not answer ({type(error).__name__}).",
            "Check the network and the region (AWS_REGION).",
        ) from error
    except exceptions.BotoCoreError as error:
        raise ProhandelError(f"Could not {what}: {error}", "Check AWS_REGION and ~/.aws/config.") from error


def _refused(what: str, error: exceptions.ClientError) -> ProhandelError:
    details = error.response.get("Error", {})
    code, said = details.get("Code", ""), details.get("Message", "")
    if code in _EXPIRED:
        remedy = "The credentials have expired: sign in again."
    elif code in _INVALID:
        remedy = (
            "AWS does not know these credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )
    elif code in _DENIED:
        remedy = "Attach the policy of infra/log-reader.yaml to whoever runs this."
    elif code in _THROTTLED:
        remedy = "AWS is limiting: try again in a minute."
    elif code == "ResourceNotFoundException":
        remedy = f"Check the region, and the function's name: --function, or {FUNCTION_VARIABLE}."
    else:
        remedy = "Look up the code in AWS's documentation."
    return ProhandelError(f"Could not {what}: {code}: {said}", remedy)
