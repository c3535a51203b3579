"""Fivetran's REST API (https://fivetran.com/docs/rest-api): the calls that one connection needs, and no more.

A call is repeated only where that cannot do harm. 429 means that nothing was done, so every call is. After an answer
of 5xx, or none, the change may have taken effect: what sets values is repeated, what creates or starts something is
looked up first or left to the caller.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from prohandel.connector.answers import FivetranError, Record, content_of, error_of, seconds_to_wait, unreachable
from prohandel.connector.masking import Mask, secrets_in
from prohandel.errors import ProhandelError

__all__ = ["Fivetran", "FivetranError", "Record"]

KEY_VARIABLE = "FIVETRAN_API_KEY"
SECRET_VARIABLE = "FIVETRAN_API_SECRET"  # noqa: S105
URL_VARIABLE = "FIVETRAN_API_URL"
URL = "https://api.fivetran.com/v1"

PATIENCE_SECONDS = 900.0
"""How long one call may go on waiting and repeating."""
LONGEST_WAIT = 300.0
FIRST_WAIT = 2.0
_PAGE = 1000
# Pausing while a sync runs is answered after a minute; setup tests call the function, which may take three.
_TIMEOUT = httpx.Timeout(330, connect=15)
_ATTEMPTS = 5

log = logging.getLogger(__name__)


class Fivetran:
    """A client of the API.

    Args:
        key: of the API.
        secret: that belongs to the key.
        url: of the API, with its version.
        transport: in place of the network, for tests.
        sleep: waits so many seconds.
        clock: seconds of a clock that never goes back.
        say: is told when a call has to wait.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        url: str = URL,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = log.info,
    ) -> None:
        self._mask = Mask([key, secret])
        self._sleep = sleep
        self._clock = clock
        self._say = say
        self._client = httpx.Client(
            base_url=_checked(url), auth=httpx.BasicAuth(key, secret), timeout=_TIMEOUT, transport=transport
        )

    @classmethod
    def from_environment(
        cls,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = log.info,
    ) -> Self:
        """The client that FIVETRAN_API_KEY, FIVETRAN_API_SECRET and FIVETRAN_API_URL describe.

        Raises:
            ProhandelError: key or secret is not set.
        """
        for variable in (KEY_VARIABLE, SECRET_VARIABLE):
            if not os.environ.get(variable):
                raise ProhandelError(
                    f"{variable} is not set.",
                    "Make an API key in Fivetran (your name, API Key) and export both of its parts: "
                    f"{KEY_VARIABLE} and {SECRET_VARIABLE}.",
                )
        return cls(
            os.environ[KEY_VARIABLE],
            os.environ[SECRET_VARIABLE],
            os.environ.get(URL_VARIABLE) or URL,
            transport=transport,
            sleep=sleep,
            clock=clock,
            say=say,
        )

    def __repr__(self) -> str:
        return f"Fivetran({str(self._client.base_url)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the server."""
        self._client.close()

    def hide(self, values: Sequence[str]) -> None:
        """Has values, such as secrets that are to be sent, never appear in an error or a log line."""
        self._mask.add(values)

    def groups(self) -> list[Record]:
        """All groups (destinations) that the key may see: id, name."""
        return list(self._pages("/groups", {}))

    def service(self, name: str) -> Record:
        """What Fivetran says of a service that it offers to this account, such as aws_lambda.

        Raises:
            FivetranError: it offers no such service to it.
        """
        return self._data("GET", f"/metadata/connector-types/{name}", repeat=True)

    def find_connection(self, group_id: str, schema: str) -> Record | None:
        """The connection of a group that lands in a schema, as the list has it, without its config; None if none does.

        Raises:
            FivetranError: there are several, so that nothing can be said of *the* connection.
        """
        pages = self._pages("/connections", {"group_id": group_id, "schema": schema})
        # The server may match by the beginning of a name.
        found = [one for one in pages if one.get("schema") == schema and one.get("group_id", group_id) == group_id]
        if len(found) > 1:
            ids = ", ".join(str(one["id"]) for one in found)
            raise FivetranError(
                200,
                "SeveralConnections",
                f"Group {group_id} has {len(found)} connections that land in the schema {schema}: {ids}.",
                "Delete or rename all but one of them in Fivetran.",
            )
        return found[0] if found else None

    def connection(self, connection_id: str) -> Record:
        """A connection: id, group_id, service, schema, paused, sync_frequency, schedule_type, status, config, ..."""
        return self._data("GET", f"/connections/{connection_id}", repeat=True)

    def create(self, body: Record) -> Record:
        """Creates a connection, unless its group has one that lands in the same schema: then that one is returned.

        Never asked for twice: two connections that land in the same tables are worse than an error.

        Args:
            body: group_id, service, config with schema, and so on.

        Raises:
            FivetranError: refused, or no answer came and no such connection is there.
        """
        group_id, schema = body["group_id"], body["config"]["schema"]
        self.hide(secrets_in(body))
        if there := self.find_connection(group_id, schema):
            return self.connection(there["id"])
        deadline = self._clock() + PATIENCE_SECONDS
        try:
            return self._data("POST", "/connections", body, repeat=False)
        except FivetranError as error:
            if error.status not in (0, 400, 409) and error.status < 500:
                raise
            # It may have been created for all that, and appear in the list only after a while.
            for attempt in range(_ATTEMPTS if error.is_fault else 1):
                if error.is_fault:
                    self._wait(FIRST_WAIT * 2**attempt, deadline, error)
                if there := self.find_connection(group_id, schema):
                    return self.connection(there["id"])
            raise

    def patch(self, connection_id: str, body: Record) -> Record:
        """Changes a connection, and returns it as it is then.

        Where the server fails, the connection is read: pausing in mid-sync answers 500 and takes effect.
        """
        self.hide(secrets_in(body))
        path = f"/connections/{connection_id}"
        deadline = self._clock() + PATIENCE_SECONDS
        for attempt in range(_ATTEMPTS):
            try:
                return self._masked(self._data("PATCH", path, body, repeat=False))
            except FivetranError as error:
                if not error.is_fault:
                    raise
                self._wait(FIRST_WAIT * 2**attempt, deadline, error)
                now = self.connection(connection_id)
                if _holds(now, body):
                    return now
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def delete(self, connection_id: str) -> None:
        """Deletes a connection; one that is gone already is no error."""
        try:
            self._data("DELETE", f"/connections/{connection_id}", repeat=True)
        except FivetranError as error:
            if error.status != 404:
                raise

    def schemas(self, connection_id: str) -> Record | None:
        """Which tables and columns are synced: schema_change_handling, schemas; None before Fivetran knows any."""
        try:
            return self._data("GET", f"/connections/{connection_id}/schemas", repeat=True)
        except FivetranError as error:
            if error.status == 404 and error.code.startswith("NotFound_SchemaConfig"):
                return None
            raise

    def create_schemas(self, connection_id: str, body: Record) -> Record:
        """Says which tables and columns will be synced, before Fivetran knows any."""
        return self._data("POST", f"/connections/{connection_id}/schemas", body, repeat=True)

    def patch_schemas(self, connection_id: str, body: Record) -> Record:
        """Changes which tables and columns are synced."""
        return self._data("PATCH", f"/connections/{connection_id}/schemas", body, repeat=True)

    def columns(self, connection_id: str, schema: str, table: str) -> Record:
        """All columns that the source has of a table, by their names there: name_in_destination, enabled, hashed."""
        path = f"/connections/{connection_id}/schemas/{quote(schema, safe='')}/tables/{quote(table, safe='')}/columns"
        found = self._data("GET", path, repeat=True).get("columns")
        return found if isinstance(found, dict) else {}

    def reload_schemas(self, connection_id: str, exclude_mode: str = "PRESERVE") -> Record:
        """Has Fivetran ask the source for its tables; PRESERVE leaves what was chosen as it is."""
        body = {"exclude_mode": exclude_mode}
        return self._data("POST", f"/connections/{connection_id}/schemas/reload", body, repeat=True)

    def test(self, connection_id: str) -> Record:
        """Runs the setup tests: a connection with setup_tests, each with title, status, message, details.

        Texts in them are without the values that `hide` was told of.
        """
        return self._masked(self._data("POST", f"/connections/{connection_id}/test", {}, repeat=True))

    def sync(self, connection_id: str, force: bool = False) -> Record:
        """Starts a sync.

        Args:
            connection_id: of the connection.
            force: stop a sync that runs, and start anew. Not repeated where no answer came, because a repetition
                would stop the sync that the first call has started.
        """
        return self._data("POST", f"/connections/{connection_id}/sync", {"force": force}, repeat=not force)

    def resync(self, connection_id: str, tables: Mapping[str, Sequence[str]] | None = None) -> Record:
        """Reads the whole history again.

        Args:
            connection_id: of the connection.
            tables: of each schema; all where none is given.

        Raises:
            FivetranError: 409 while a sync runs. Not repeated where no answer came.
        """
        body = {"scope": {schema: list(names) for schema, names in tables.items()}} if tables else {}
        return self._data("POST", f"/connections/{connection_id}/resync", body, repeat=False)

    def _masked(self, answer: Record) -> Record:
        """An answer whose setup tests quote no secret: the Lambda's own words may."""
        tests = [
            {key: self._mask.hide(value) if isinstance(value, str) else value for key, value in one.items()}
            for one in answer.get("setup_tests") or []
        ]
        return answer | {"setup_tests": tests}

    def _pages(self, path: str, given: Record) -> Iterator[Record]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            asked = given | {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            data = self._data("GET", path, params=asked, repeat=True)
            yield from data.get("items") or []
            cursor = data.get("next_cursor")
            if not cursor or cursor in seen:
                return
            seen.add(cursor)

    def _data(
        self, method: str, path: str, body: Record | None = None, *, params: Record | None = None, repeat: bool
    ) -> Record:
        """What the API answers, its `data`.

        Args:
            method: of HTTP.
            path: below the address of the API.
            body: JSON object to send.
            params: of the query.
            repeat: whether the call may be repeated after an answer of 5xx, or none.

        Raises:
            FivetranError: refused; or no good answer came.
        """
        deadline = self._clock() + PATIENCE_SECONDS
        fault = 0
        while True:
            try:
                answer = self._client.request(method, path, json=body, params=params, headers=_headers(path))
            except httpx.TransportError as error:
                problem, wait = unreachable(type(error).__name__, str(self._client.base_url)), None
            else:
                log.debug("%s %s answered %s", method, path, answer.status_code)
                if answer.is_success:
                    return content_of(answer, method, path)
                problem, wait = error_of(answer, method, path, self._mask), seconds_to_wait(answer)
            if problem.is_fault:
                if not repeat or fault + 1 >= _ATTEMPTS:
                    raise problem
                fault += 1
            elif problem.status != 429:
                raise problem
            self._wait(wait if wait is not None else FIRST_WAIT * 2 ** max(fault - 1, 0), deadline, problem)

    def _wait(self, seconds: float, deadline: float, why: FivetranError) -> None:
        """Waits, or raises the error where patience ends before."""
        wait = min(seconds, LONGEST_WAIT)
        if self._clock() + wait > deadline:
            raise why
        self._say(f"Fivetran answered {why.status or 'nothing'}: asking again in {wait:.0f} s")
        self._sleep(wait)


def _checked(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ProhandelError(f"{URL_VARIABLE} is no address of the web.", f"Give one like {URL}, or unset it.")
    if parsed.userinfo:
        raise ProhandelError(
            f"{URL_VARIABLE} holds a name or password.", f"Give them as {KEY_VARIABLE} and {SECRET_VARIABLE} instead."
        )
    if parsed.scheme == "http" and parsed.host not in ("127.0.0.1", "localhost", "::1"):
        raise ProhandelError(
            f"{URL_VARIABLE} would send the secrets to {parsed.host} unencrypted.", "Give an address of https."
        )
    return url.rstrip("/")


def _headers(path: str) -> dict[str, str]:
    """Connections answer in the second version of their form, all else in the first."""
    second = path.startswith("/connections") and "/schemas" not in path
    return {"Accept": "application/json;version=2" if second else "application/json"}


def _holds(connection: Record, body: Record) -> bool:
    """Whether a connection has all values of a body; of masked ones nobody can tell."""
    for key, wanted in body.items():
        if key in ("run_setup_tests", "trust_certificates", "trust_fingerprints"):
            continue
        found = connection.get(key)
        if isinstance(wanted, dict):
            if not isinstance(found, dict) or not _holds(found, wanted):
                return False
        elif found != wanted:
            return False
    return True
