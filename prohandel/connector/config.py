"""`connector.yml`: the Fivetran connection as it should be."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from prohandel.connector.located_yaml import Location, line_of, read_yaml
from prohandel.errors import ProhandelError
from prohandel.landing.names import landed_name
from prohandel.landing.tables import LANDED_TABLES, LandedTable

FILE = "connector.yml"
EXAMPLE = "connector.example.yml"
FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)
LONGEST_LAMBDA_SECONDS = 900
"""AWS Lambda's own limit."""

ColumnChoice = Literal["plain", "hashed", "left out"]
Handling = Literal["ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"]

_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:([a-z0-9-]+):(\d{12}):function:([\w-]{1,64})")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/[\w+=,.@/-]+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _form(pattern: str, otherwise: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(otherwise)
        return text

    return AfterValidator(check)


# A variable's name is capitals: whoever writes the secret itself must not find it again in a log.
_Variable = Annotated[
    str,
    _form(
        r"[A-Z][A-Z0-9_]*",
        "this is no name of an environment variable; write its name, in capitals, and put the secret into the variable",
    ),
]
_SecretKey = Annotated[str, _form(r"\w[\w.-]*", "this is no name of a secret; write letters, digits, _, . and -")]


class Schedule(_Strict):
    """When Fivetran syncs.

    Attributes:
        every_minutes: between two syncs.
        type: auto, or manual where only `prohandel connector sync` starts one.
        paused: whether nothing is synced.
    """

    every_minutes: int = 60
    type: Literal["auto", "manual"] = "auto"
    paused: bool = False

    @field_validator("every_minutes")
    @classmethod
    def _known(cls, minutes: int) -> int:
        if minutes not in FREQUENCIES:
            raise ValueError(f"Fivetran syncs every {', '.join(map(str, FREQUENCIES))} minutes; write one of these")
        return minutes


class TableChoice(_Strict):
    """What is synced of a table.

    Attributes:
        sync: whether it is.
        hash: columns that land as a hash.
        leave_out: columns that do not land.
    """

    sync: bool = True
    hash: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> TableChoice:
        if twice := sorted({landed_name(one) for one in self.hash} & {landed_name(one) for one in self.leave_out}):
            raise ValueError(f"{', '.join(twice)} cannot be hashed and left out; remove it from one of the two")
        return self

    def columns(self) -> dict[str, ColumnChoice]:
        """The columns that do not land as they are."""
        hashed: dict[str, ColumnChoice] = dict.fromkeys(self.hash, "hashed")
        return hashed | dict.fromkeys(self.leave_out, "left out")


class Connection(_Strict):
    """The connection.

    Attributes:
        name: of the connection and of the schema that it lands in; fixed once it is created.
        group: id of the destination's group in Fivetran.
        service: aws_lambda.
        function: ARN of the Lambda function.
        region: of the function.
        role: ARN of the role that Fivetran assumes to call the function.
        external_id: that the role's trust policy asks of Fivetran; always the group's id.
        time_limit_seconds: after which AWS ends a call of the function.
        secrets: name of the environment variable of each secret that the function is given.
        schedule: when Fivetran syncs.
        schema_change_handling: what becomes of new tables and columns.
        tables: what is synced.
    """

    name: Annotated[
        str, _form(r"[a-z_][a-z0-9_]{0,62}", "this is no name of a schema; write lower case letters, digits and _")
    ]
    group: Annotated[str, Field(min_length=1)]
    service: Literal["aws_lambda"] = "aws_lambda"
    function: Annotated[
        str,
        _form(_FUNCTION.pattern, "this is no function's ARN; write arn:aws:lambda:<region>:<account>:function:<name>"),
    ]
    region: str
    role: Annotated[str, _form(_ROLE.pattern, "this is no role's ARN; write arn:aws:iam::<account>:role/<name>")]
    external_id: str
    time_limit_seconds: Annotated[int, Field(ge=1, le=LONGEST_LAMBDA_SECONDS)] = 180
    secrets: dict[_SecretKey, _Variable]
    schedule: Schedule = Schedule()
    schema_change_handling: Handling = "ALLOW_COLUMNS"
    tables: dict[str, Annotated[TableChoice, BeforeValidator(lambda given: {} if given is None else given)]]

    @field_validator("region")
    @classmethod
    def _of_function(cls, region: str, info: ValidationInfo) -> str:
        found = _FUNCTION.fullmatch(info.data.get("function", ""))
        if found and found[1] != region:
            raise ValueError(f"the function's ARN is of {found[1]}; write the same region in both")
        return region

    @field_validator("role")
    @classmethod
    def _of_account(cls, role: str, info: ValidationInfo) -> str:
        function, found = _FUNCTION.fullmatch(info.data.get("function", "")), _ROLE.fullmatch(role)
        if function and found and function[2] != found[1]:
            raise ValueError(
                f"the role is of account {found[1]} and the function of {function[2]}; Fivetran calls the function by "
                "its name, in the role's account: both must be of one"
            )
        return role

    @field_validator("external_id")
    @classmethod
    def _is_group(cls, external_id: str, info: ValidationInfo) -> str:
        if "group" in info.data and external_id != info.data["group"]:
            raise ValueError(
                "Fivetran uses the group's id as external id, so the role would refuse it; write the same as in group, "
                "here and in the role's trust policy"
            )
        return external_id

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, tables: dict[str, TableChoice]) -> dict[str, TableChoice]:
        missing = [name for name, table in LANDED_TABLES.items() if not table.optional and name not in tables]
        if missing:
            raise ValueError(
                f"{', '.join(missing)} must be listed; write `sync: false` below the name of one that is not to land"
            )
        return tables

    @property
    def function_name(self) -> str:
        """The name within the ARN; what Fivetran calls the function by."""
        return self.function.rsplit(":", 1)[-1]

    @property
    def schema_name(self) -> str:
        """The schema that the connection lands in."""
        return self.name

    def secret_values(self) -> dict[str, str]:
        """The secrets, from the environment.

        Raises:
            ProhandelError: a variable is not set.
        """
        unset = sorted({name for name in self.secrets.values() if not os.environ.get(name)})
        if unset:
            raise ProhandelError(
                f"{', '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set, which {FILE} takes secrets from.",
                f"Export {'it' if len(unset) == 1 else 'them'}; without the values nobody can tell whether they have "
                "been rotated. `prohandel connector drift` needs none.",
            )
        return {key: os.environ[name] for key, name in self.secrets.items()}


def load(path: Path) -> Connection:
    """Reads `connector.yml`.

    Raises:
        ProhandelError: names each key that is wrong, its line, and the remedy.
    """
    content, lines = read_yaml(path, EXAMPLE)
    if not isinstance(content, dict):
        raise ProhandelError(f"{path}, line 1: this is no list of keys with values.", f"{EXAMPLE} shows its form.")
    problems: list[tuple[Location, str, str]] = []
    connection = None
    try:
        connection = Connection.model_validate(content)
    except ValidationError as error:
        problems = [_problem(one) for one in error.errors(include_url=False, include_input=False)]
    if connection:
        problems = _problems_of_columns(connection)
    if problems or connection is None:
        told = sorted((line_of(lines, where), _key(where), what, remedy) for where, what, remedy in problems)
        if len(told) == 1:
            line, key, what, remedy = told[0]
            raise ProhandelError(f"{path}, line {line}, key {key}: {what}.", remedy)
        raise ProhandelError(
            f"{path} has {len(told)} errors:\n"
            + "\n".join(f"  line {line}, key {key}: {what}. {remedy}" for line, key, what, remedy in told),
            f"Correct them; {EXAMPLE} explains each key.",
        )
    return connection


def _problems_of_columns(connection: Connection) -> list[tuple[Location, str, str]]:
    problems: list[tuple[Location, str, str]] = []
    for table, choice in connection.tables.items():
        known = LANDED_TABLES.get(table)
        if known is None:
            close = get_close_matches(table, LANDED_TABLES, n=1)
            remedy = f"Did you mean {close[0]}?" if close else f"Write one of {', '.join(LANDED_TABLES)}."
            problems.append((("tables", table), "ProHandel lands no such table", remedy))
            continue
        for setting, columns in (("hash", choice.hash), ("leave_out", choice.leave_out)):
            for position, column in enumerate(columns):
                if what := _why_needed(known, column):
                    where: Location = ("tables", table, setting, position)
                    problems.append((where, what, f"Remove {column} from {setting}."))
    return problems


def _why_needed(table: LandedTable, column: str) -> str:
    """Why a column must land as it is; empty where it need not."""
    name = landed_name(column)
    known = table.column(name)
    if name in table.primary_key:
        return f"{column} is of the primary key of {table.name}, which Fivetran upserts by"
    if known is not None and known.essential:
        return f"{column} must land as it is: rows of {table.name} are rejected without it"
    return ""


# What to do about an error of Pydantic's own, by its type.
_REMEDIES: Mapping[str, str] = {
    "missing": f"Write it; {EXAMPLE} explains it.",
    "int_parsing": "Write a whole number.",
    "int_type": "Write a whole number.",
    "bool_parsing": "Write true or false.",
    "bool_type": "Write true or false.",
    "string_type": "Write text; numbers and dates in quotes.",
    "greater_than_equal": "Write a greater number.",
    "less_than_equal": "Write a smaller number.",
    "string_too_short": "Write something.",
}


def _problem(error: ErrorDetails) -> tuple[Location, str, str]:
    """Where, what and remedy of one error of Pydantic's; never with the value, which may be a secret."""
    where: Location = tuple(part for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind == "value_error":
        what, _, remedy = str(error["ctx"]["error"]).partition("; ")
        return where, what, _sentence(remedy) if remedy else f"{EXAMPLE} shows it."
    if kind == "missing":
        return where, "it is missing", _REMEDIES[kind]
    if kind == "extra_forbidden":
        close = get_close_matches(str(where[-1]), _keys_beside(where), n=1)
        return where, "there is no such key", f"Did you mean {close[0]}?" if close else "Remove it."
    if kind == "literal_error":
        expected = error["ctx"]["expected"]
        return where, f"it is none of {expected}", "Write one of these."
    return where, _uncapitalised(error["msg"]), _REMEDIES.get(kind, f"{EXAMPLE} shows it.")


def _keys_beside(where: Location) -> Sequence[str]:
    model: Any = {"schedule": Schedule, "tables": TableChoice}.get(str(where[0]), Connection)
    return list((Connection if len(where) == 1 else model).model_fields)


def _key(where: Location) -> str:
    return ".".join(str(part) for part in where if not isinstance(part, int)) or "(top)"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
