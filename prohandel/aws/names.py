"""Which Lambda function is meant."""

from __future__ import annotations

import os

FUNCTION_VARIABLE = "PROHANDEL_FUNCTION"
"""Environment variable that names the Lambda function; once it is set, runs look at its alarms."""

DEFAULT_FUNCTION = "prohandel-fivetran-connector"


def watched_function() -> str | None:
    """The function whose alarms every run looks at; None where PROHANDEL_FUNCTION names none."""
    return os.environ.get(FUNCTION_VARIABLE) or None


def function_name() -> str:
    """The function that PROHANDEL_FUNCTION names, else the one that infra/ takes by default."""
    return watched_function() or DEFAULT_FUNCTION
