"""The commands `prohandel api ...`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from prohandel import warehouse
from prohandel.console import AsJson, ProfilesDir, TargetName, err, out, print_json, say_done, use_profiles
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from prohandel.pipeline.target import Target

PORT = 8600

api_app = typer.Typer(name="api", help="Forecasts and recommendations over HTTP.")
key_app = typer.Typer(name="key", help="Keys of those who may ask the API.", no_args_is_help=True)
api_app.add_typer(key_app)

KeyFile = Annotated[
    Path | None, typer.Option("--keys", help="File of the keys; PROHANDEL_API_KEYS or api_keys.json by default.")
]


@api_app.callback(invoke_without_command=True)
def api(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; a proxy that ends TLS belongs in front.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = PORT,
    connections: Annotated[int, typer.Option(min=1, max=100, help="To the database, at most.")] = 8,
    rate: Annotated[
        float, typer.Option(min=0.1, max=100_000, help="Requests per second and key; twice that at once.")
    ] = 100,
    max_age_days: Annotated[
        int, typer.Option(min=0, help="Of a batch that is used; the variable forecast_max_age_days of the marts.")
    ] = 7,
    price_elasticity: Annotated[
        float | None, typer.Option(min=0, max=10, help="For what-ifs about a price; none by default.")
    ] = None,
    keys: KeyFile = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Answer requests for forecasts, what-ifs, recommendations and overrides.

    Without any key only this machine may ask, and nobody may write. Another address than that of this machine needs a
    key. docs/api.md has the paths; GET /v1/openapi.json describes them.

    Examples:

        prohandel api key add planning
        prohandel api --target prod --port 8600
    """
    from prohandel.api.keys import Keys
    from prohandel.pipeline.target import find_target

    if context.invoked_subcommand:
        return
    use_profiles(profiles_dir)
    path = _file(keys)
    known = Keys(path)
    check_address(host, known.are_there(), path)
    where = find_target(target, needs_hash_key=False)
    err.print(f"Answering on http://{host}:{port}/v1 from {where.address}", soft_wrap=True, markup=False)
    if not known.are_there():
        err.print("There is no key: this machine alone may read, nobody may write", soft_wrap=True)
    serve(where, known, host, port, connections, rate, max_age_days, price_elasticity)


def check_address(host: str, has_keys: bool, path: Path) -> None:
    """Refuses to be reached by others while there is no key.

    Raises:
        ProhandelError: it would.
    """
    from prohandel.api.gate import is_loopback

    if not is_loopback(host) and not has_keys:
        raise ProhandelError(
            f"Without a key the API answers on this machine's own address alone, not on {host}; {path} has none.",
            "Make one: prohandel api key add NAME",
        )


def serve(
    where: Target, keys: Any, host: str, port: int, connections: int, rate: float, max_age_days: int,
    price_elasticity: float | None,
) -> None:  # fmt: skip
    """Serves until it is told to stop."""
    import uvicorn

    from prohandel.api.application import Service, application
    from prohandel.api.database import pool_of, schemas_of
    from prohandel.api.gate import Limits

    service = Service(
        pool_of(where, connections),
        schemas_of(where),
        keys,
        Limits(per_second=rate, burst=2 * rate),
        max_age_days,
        price_elasticity,
    )
    uvicorn.run(
        application(service),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        # What a proxy says of its client is nothing that the API acts on.
        proxy_headers=False,
        ws="none",
        h11_max_incomplete_event_size=32_768,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=10,
    )


@key_app.callback()
def key() -> None:
    """Keys of those who may ask the API."""


@key_app.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="Whose it is; the author of overrides.")],
    write: Annotated[bool, typer.Option("--write", help="May write overrides.")] = False,
    expires: Annotated[
        datetime | None, typer.Option("--expires", formats=["%Y-%m-%d"], help="Last day on which it is valid.")
    ] = None,
    keys: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    Examples:

        prohandel api key add dashboard
        prohandel api key add planning --write --expires 2027-12-31
    """
    from prohandel.api.keys import add_key

    made, text = add_key(_file(keys), name, ["write"] if write else ["read"], expires.date() if expires else None)
    if as_json:
        print_json({"key": text, "key_id": made.key_id, "name": made.name, "scopes": made.scopes})
        return
    sys.stdout.write(f"{text}\n")
    say_done(f"key {made.key_id} of {name} may {' and '.join(made.scopes)}; it is shown this once")


@key_app.command("list")
def key_list(keys: KeyFile = None, as_json: AsJson = False) -> None:
    """List the keys, those that were revoked included.

    Example: `prohandel api key list --json`
    """
    from prohandel.api.keys import read_keys

    found = read_keys(_file(keys))
    now = datetime.now(UTC)
    rows = [
        {
            "key_id": one.key_id,
            "name": one.name,
            "scopes": list(one.scopes),
            "created_at": one.created_at,
            "expires_on": one.expires_on,
            "revoked_at": one.revoked_at,
            "is_valid": one.is_valid(now),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("id", "name", "scopes", "created", "expires", "valid")
    for row in rows:
        table.add_row(
            str(row["key_id"]), str(row["name"]), " ".join(row["scopes"]), str(row["created_at"]),  # type: ignore[arg-type]
            str(row["expires_on"] or "never"), "yes" if row["is_valid"] else "no",
        )  # fmt: skip
    out.print(table)


@key_app.command("revoke")
def key_revoke(named: Annotated[str, typer.Argument(metavar="NAME", help="Name or id.")], keys: KeyFile = None) -> None:
    """Revoke a key; a running server refuses it within a second.

    Example: `prohandel api key revoke planning`
    """
    from prohandel.api.keys import revoke_key

    gone = revoke_key(_file(keys), named)
    say_done(f"key {gone.key_id} of {gone.name} is revoked")


def _file(named: Path | None) -> Path:
    from prohandel.api.keys import file_of

    return named.expanduser() if named else file_of(warehouse.home())
