"""The commands `prohandel connector webhook ...`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prohandel.connector.connected import connection_id_of, say_line
from prohandel.connector.opening import File, opened
from prohandel.console import ProfilesDir, TargetName, use_profiles
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from prohandel.connector.events import Events
    from prohandel.connector.run_queue import OpenEvents
    from prohandel.pipeline.target import Target

LAYER = "operations"

webhook_app = typer.Typer(
    name="webhook", help="Fivetran's events, in place of polling: a sync that ended starts a run.", no_args_is_help=True
)


@webhook_app.callback()
def webhook() -> None:
    """Fivetran's events, in place of polling: a sync that ended starts a run."""


@webhook_app.command("serve")
def webhook_serve(
    host: Annotated[str, typer.Option(help="Address to listen on; a proxy that ends TLS belongs in front.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8787,
    connection: Annotated[
        str, typer.Option("--connection", help="Id of the connection; by default Fivetran is asked for it.")
    ] = "",
    gate: Annotated[bool, typer.Option(help="Run behind the gate.")] = True,
    variables: Annotated[str, typer.Option("--vars", help="Variables of each run, YAML or JSON.")] = "",
    file: File = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Listen for Fivetran's events: start `prohandel run` when a sync has ended well, tell when one has failed.

    PROHANDEL_WEBHOOK_SECRET is the secret that the webhook was registered with; this command registers nothing. Each
    event counts once. Syncs that end during a run are followed by one run.

    Examples:

        prohandel connector webhook serve --target prod
        prohandel connector webhook serve --target prod --connection speak_inexpensive --port 9000
    """
    import uvicorn

    from prohandel.connector.run_queue import RunQueue, command_of
    from prohandel.connector.webhook import PATH, SECRET_VARIABLE, secret_of_environment
    from prohandel.connector.webhook import webhook_app as application_of
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    secret = secret_of_environment()
    if not connection:
        config, client = opened(file)
        with client:
            connection = connection_id_of(client, config)
    where = find_target(target)
    open_events = event_tables(where)
    further = [*(["--gate"] if gate else []), *(["--vars", variables] if variables else [])]
    profiles = str(profiles_dir) if profiles_dir else None
    run = command_of("run", *further, target=target, profiles_dir=profiles)
    alerts = command_of("alerts", target=target, profiles_dir=profiles)
    environment = {name: value for name, value in os.environ.items() if name != SECRET_VARIABLE}
    queue = RunQueue(open_events, run, alerts, say_line, environment)
    app = application_of(secret, connection, open_events, queue, say_line)
    if host not in ("127.0.0.1", "::1", "localhost"):
        say_line(f"Listening on {host}, unencrypted: nobody but a proxy that ends TLS should reach this port")
    say_line(f"Listening for {connection} on http://{host}:{port}{PATH}")
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=50,
        timeout_keep_alive=5,
    )


def event_tables(where: Target) -> OpenEvents:
    """Gives what opens the table of events, made if it is missing."""
    from prohandel.connector.events import Events

    schema = where.schema_of(LAYER)

    @contextmanager
    def open_events() -> Iterator[Events]:
        with where.connect("prohandel connector webhook") as conn:
            yield Events(conn, schema)

    with open_events() as events:
        events.prepare()
    return open_events


def newest_events(target: str | None) -> list[dict[str, Any]]:
    """What the webhook has brought; nothing where the warehouse cannot be reached or never had one."""
    from psycopg import sql

    from prohandel.connector.events import Events
    from prohandel.pipeline.target import exists, find_target

    try:
        where = find_target(target)
        schema = where.schema_of(LAYER)
        with where.connect("prohandel connector status") as conn:
            if not exists(conn, sql.Identifier(schema, "webhook_events")):
                return []
            return Events(conn, schema).newest(5)
    except ProhandelError as error:
        say_line(f"What the webhook has brought is not shown: {error.message}")
        return []
