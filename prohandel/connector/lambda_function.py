"""The Lambda function as AWS has it, where there are credentials for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prohandel.connector.config import FILE, Connection

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def client_of(config: Connection) -> LambdaClient | None:
    """A client of AWS Lambda in the function's region; None where there are no credentials."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(region_name=config.region)
        if session.get_credentials() is None:
            return None
        quick = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})
        return session.client("lambda", config=quick)
    except BotoCoreError:
        # A profile that is named and missing, say.
        return None


def problems_of_function(config: Connection, client: LambdaClient | None) -> tuple[list[str], list[str]]:
    """Compares the function with the file.

    Args:
        config: the file.
        client: of AWS Lambda; None where there are no credentials.

    Returns:
        Problems that keep syncs from working, and notes of what could not be checked.
    """
    if client is None:
        return [], ["function: not compared with AWS, because there are no AWS credentials here."]
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = client.get_function_configuration(FunctionName=config.function)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ResourceNotFoundException":
            return [
                f"function: AWS has no function {config.function_name} in {config.region}. Correct function in {FILE}."
            ], []
        return [], [f"function: not compared with AWS, which refuses ({code}): allow lambda:GetFunctionConfiguration."]
    except BotoCoreError as error:
        return [], [f"function: not compared with AWS, which cannot be reached ({type(error).__name__})."]
    problems = []
    if found.get("Timeout") != config.time_limit_seconds:
        problems.append(
            f"time_limit_seconds: the function ends after {found.get('Timeout')} s, {FILE} says "
            f"{config.time_limit_seconds} s. Set it: aws lambda update-function-configuration "
            f"--function-name {config.function_name} --region {config.region} --timeout {config.time_limit_seconds}"
        )
    if found.get("State", "Active") not in ("Active", "Inactive"):
        problems.append(f"function: its state in AWS is {found.get('State')}: {found.get('StateReason', '')}".strip())
    return problems, []


def time_limit_in_aws(function: str, region: str) -> int | None:
    """The time limit of a function in seconds; None where AWS does not tell."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session(region_name=region)
        if session.get_credentials() is None:
            return None
        return session.client("lambda").get_function_configuration(FunctionName=function).get("Timeout")
    except (BotoCoreError, ClientError):
        return None
