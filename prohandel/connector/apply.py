"""Makes the connection what `connector.yml` says. Stopped at any point, it goes on from there when run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prohandel.connector.answers import FivetranError
from prohandel.connector.changes import body_of_new, secrets_list
from prohandel.connector.config import Connection
from prohandel.connector.fingerprints import fingerprints
from prohandel.connector.fivetran import Fivetran, Record
from prohandel.connector.memory import Memory
from prohandel.connector.plan import Plan, make_plan
from prohandel.connector.setup_tests import SetupTest, setup_tests
from prohandel.connector.tables import body_of_tables
from prohandel.errors import EXIT_TESTS_FAILED, ProhandelError


@dataclass(frozen=True)
class Applied:
    """What was done.

    Attributes:
        connection_id: of the connection.
        done: sentences, in order.
        tests: the setup tests that ran; empty where none had to.
        rest: what still differs; empty unless a setup test failed or Fivetran did not take a value.
    """

    connection_id: str
    done: tuple[str, ...]
    tests: tuple[SetupTest, ...]
    rest: Plan


def apply(
    client: Fivetran,
    config: Connection,
    memory: Memory,
    secrets: Mapping[str, str],
    *,
    allow_destroy: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Applied:
    """Creates the connection or changes it.

    A new connection is created paused, then its tables and columns are chosen, then it is tested, and only then does
    it start: no column that is to be hidden lands before it is. Each step is one call that sets values, or looks first;
    what is remembered of it is written after the call, so that a step whose answer was lost is done again.

    Args:
        client: of Fivetran.
        config: the file.
        memory: the warehouse's.
        secrets: to send, by name.
        allow_destroy: whether a connection of another service that lands in the same schema may be deleted.
        say: is told of each step.

    Raises:
        ProhandelError: refused; somebody else applies; or a deletion is needed and not allowed.
    """
    memory.prepare()
    done: list[str] = []

    def tell(what: str) -> None:
        done.append(what)
        say(what)

    with memory.only_one(config.group, config.schema_name):
        plan = make_plan(client, config, memory, secrets)
        if plan.of("replace"):
            _destroy(client, memory, plan, allow_destroy=allow_destroy)
            tell(f"{plan.changes[0].now} deleted")
            plan = make_plan(client, config, memory, secrets)
        if plan.connection_id is None:
            created = client.create(body_of_new(config, secrets))
            tell(f"connection {created['id']} created, paused")
            if created.get("paused") is True and _is_untouched(created):
                memory.note_secrets(created["id"], fingerprints(created["id"], secrets))
            plan = make_plan(client, config, memory, secrets)
        connection_id = plan.connection_id
        if connection_id is None:
            raise ProhandelError(
                "Fivetran has created the connection, but its list does not have it yet.",
                "Run `prohandel connector apply` again in a minute: it goes on from there.",
            )
        tests = _change(client, config, memory, secrets, plan, connection_id, tell)
        rest = make_plan(client, config, memory, secrets)
        if rest.is_empty:
            memory.note_applied(connection_id, config)
    return Applied(connection_id, tuple(done), tuple(tests), rest)


def _is_untouched(created: Record) -> bool:
    """Whether it is ours, and not one that somebody else had created a moment before."""
    return created.get("succeeded_at") is None and created.get("failed_at") is None


def _destroy(client: Fivetran, memory: Memory, plan: Plan, *, allow_destroy: bool) -> None:
    what = plan.changes[0].now
    if plan.connection_id is None or not allow_destroy:
        raise ProhandelError(
            f"The connection {what} would have to be deleted. Nothing was changed.",
            "Write another name to connector.yml, or allow it: prohandel connector apply --allow-destroy",
        )
    client.delete(plan.connection_id)
    memory.forget(plan.connection_id)


def _change(
    client: Fivetran,
    config: Connection,
    memory: Memory,
    secrets: Mapping[str, str],
    plan: Plan,
    connection_id: str,
    tell: Callable[[str], None],
) -> list[SetupTest]:
    """Makes the changes of a plan; starts the connection last, and only if its setup tests pass."""
    body = plan.body("connection")
    starts = body.get("paused") is False
    if starts:
        del body["paused"]
    if plan.of("tables"):
        _choose_tables(client, config, memory, plan, connection_id)
        tell(f"{_count(len(plan.of('tables')), 'choice')} of tables and columns made")
    tests: list[SetupTest] = []
    is_tested = not plan.of("test")
    if plan.of("secrets"):
        body.setdefault("config", {})["secrets_list"] = secrets_list(secrets)
    if body:
        # What the function is called with has changed: Fivetran tests it within the same call.
        tests = setup_tests(client.patch(connection_id, body | {"run_setup_tests": "config" in body}))
        is_tested = is_tested or bool(tests)
        if plan.of("secrets"):
            memory.note_secrets(connection_id, fingerprints(connection_id, secrets))
        tell(f"{', '.join(_told(plan, starts=starts))} changed")
    if not is_tested:
        tests = setup_tests(client.test(connection_id))
        tell(f"{_count(len(tests), 'setup test')} run")
    if starts and not any(test.has_failed for test in tests):
        client.patch(connection_id, {"paused": False, "run_setup_tests": False})
        tell("connection started")
    return tests


def _told(plan: Plan, *, starts: bool) -> list[str]:
    settings = [change.setting for change in plan.of("secrets", "connection")]
    return [setting for setting in settings if not (starts and setting == "schedule.paused")]


def _choose_tables(client: Fivetran, config: Connection, memory: Memory, plan: Plan, connection_id: str) -> None:
    body = plan.body("tables")
    if not any(change.setting == "tables" and change.now == "not chosen" for change in plan.of("tables")):
        client.patch_schemas(connection_id, body)
        return
    chosen = body_of_tables(config)
    try:
        client.create_schemas(connection_id, chosen)
    except FivetranError as error:
        # The answer to an earlier call was lost, and Fivetran does not show what it took.
        if error.status not in (400, 409):
            raise
        client.patch_schemas(connection_id, chosen)
    memory.note_tables(connection_id, chosen)


def require_passed(applied: Applied) -> None:
    """Whether all is as it should be.

    Raises:
        ProhandelError: a setup test has failed (exit code 1), or Fivetran did not take a value.
    """
    if failed := [test.title for test in applied.tests if test.has_failed]:
        raise ProhandelError(
            f"The setup tests have failed: {', '.join(failed)}.",
            "Mend what the table above says; `prohandel connector test` tries again, `apply` starts the connection.",
            exit_code=EXIT_TESTS_FAILED,
        )
    if not applied.rest.is_empty:
        raise ProhandelError(
            "Fivetran has not taken: " + "; ".join(str(change) for change in applied.rest.changes),
            "Run `prohandel connector apply` again; if it stays, Fivetran's dashboard says what it does not allow.",
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
