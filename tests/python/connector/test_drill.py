"""The drill: from the end of a sync to published marts, and from a broken landing to one message.

Everything runs as it does in production, each part a process of its own: Fivetran (the fake API over loopback), the
webhook that listens, `prohandel run --gate` that it starts, the gate, the alerts and the outbox. What lands is the
simulated retailer. What is built is first the toy project with the project's own history of test results, which shows
every turn within minutes, then the whole project.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml

from prohandel.landing.simulate import simulate
from prohandel.landing.state import note_landing
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Database
from tests.python.connector.fake_fivetran import KEY, SECRET, FakeFivetran, Step
from tests.python.connector.lab import example, written
from tests.python.pipeline.conftest import TOY, write_profile
from tests.python.project.copies import copy_project

WEBHOOK_SECRET = "a secret for the drill only"
PATIENCE = 900.0
COMMANDS = "import typer; from prohandel.connector.sync_commands import add_to; app = typer.Typer(); add_to(app); app()"
GOOD_SYNC = (Step(0, {"sync_state": "syncing"}), Step(1, {"sync_state": "scheduled"}, succeeded=True))


@dataclass
class Inbox:
    """A receiver of messages on loopback."""

    port: int
    titles: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Inbox]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            inbox.titles.append(content["title"])
            inbox.bodies.append(content["message"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox = Inbox(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Site:
    """Everything of one installation.

    Attributes:
        folder: of the project.
        database: its warehouse.
        fake: Fivetran.
        inbox: who is told.
        environment: of each process.
        port: of the webhook.
    """

    folder: Path
    database: Database
    fake: FakeFivetran
    inbox: Inbox
    environment: dict[str, str]
    port: int

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Starts a command of the connector."""
        with log.open("wb") as stream:
            return subprocess.Popen(
                [sys.executable, "-c", COMMANDS, *arguments],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def command(self, *arguments: str) -> int:
        """Runs a command of the connector to its end."""
        return self.start(*arguments, log=self.folder.parent / "command.log").wait(PATIENCE)

    def post(self, sync_id: str, status: str = "SUCCESSFUL") -> httpx.Response:
        """What Fivetran posts at the end of a sync."""
        (connection,) = self.fake.connections.values()
        content = json.dumps(
            {
                "event": "sync_end",
                "created": datetime.now(UTC).isoformat(),
                "connector_type": "aws_lambda",
                "connector_id": connection["id"],
                "sync_id": sync_id,
                "data": {"status": status},
            }
        ).encode()
        signature = hmac.new(WEBHOOK_SECRET.encode(), content, hashlib.sha256).hexdigest()
        return httpx.post(
            f"http://127.0.0.1:{self.port}/fivetran",
            content=content,
            headers={"X-Fivetran-Signature-256": signature.upper()},
            timeout=60,
        )

    def value(self, query: str) -> Any:
        with self.database.connect() as conn:
            row = conn.execute(query.encode()).fetchone()
            return row[0] if row else None

    def execute(self, statement: str) -> None:
        with self.database.connect() as conn:
            conn.execute(statement.encode())

    def until(self, what: str, is_so: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"{what}: {(self.folder.parent / 'webhook.log').read_text()}"
            time.sleep(0.2)

    def exit_code_of(self, sync_id: str) -> int:
        """The exit code of the run that a sync has started."""
        query = f"select exit_code from operations.webhook_events where sync_id = '{sync_id}' and not is_waiting"  # noqa: S608
        self.until(f"the run of {sync_id} ends", lambda: self.value(query) is not None)
        return int(self.value(query))

    def sync(self, sync_id: str) -> int:
        """A sync that ends well, and the exit code of its run."""
        assert self.post(sync_id).status_code == 202
        return self.exit_code_of(sync_id)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    """The toy project."""
    folder = tmp_path / "project"
    shutil.copytree(TOY, folder)
    shutil.copytree(PROJECT / "prohandel", folder / "prohandel", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "packages", folder / "packages")
    shutil.copy(PROJECT / "packages.yml", folder)
    for name in ("results.sql", "advice.sql"):
        shutil.copy(PROJECT / "macros" / "quality" / name, folder / "macros")
    (folder / "macros" / "run_time.sql").write_text(_macro("rejections.sql", "run_time"))
    (folder / "models" / "quality").mkdir()
    shutil.copy(PROJECT / "models" / "quality" / "test_results.sql", folder / "models" / "quality")
    content = yaml.safe_load((folder / "dbt_project.yml").read_text())
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    variables |= {name: name in ("using_sale", "using_article") for name in variables if name.startswith("using_")}
    content |= {"vars": variables, "on-run-end": ["{{ record_test_results(results) }}"]}
    content["models"]["prohandel_analytics"]["quality"] = {"+schema": "quality"}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(content))
    with database.connect() as conn:
        simulate(conn, "prohandel", scale="small", seed=7, dirt=0, home=tmp_path / "simulated")
        conn.execute("update prohandel.sale set _fivetran_synced = now()")
        conn.execute("update prohandel.article set _fivetran_synced = now()")
    with opened(folder, database) as made:
        yield made


@pytest.fixture
def whole_site(database: Database, tmp_path: Path) -> Iterator[Site]:
    """The whole project."""
    folder = tmp_path / "project"
    with database.connect() as conn:
        simulate(conn, "prohandel", scale="small", seed=7, dirt=0, home=tmp_path / "simulated")
        copy_project(folder, note_landing(conn, "prohandel", tmp_path / "simulated"))
    with opened(folder, database) as made:
        yield made


@contextmanager
def opened(folder: Path, database: Database) -> Iterator[Site]:
    """An installation of a project, with everything around it."""
    (folder / "alerts.yml").write_text(yaml.safe_dump({"channels": [{"name": "on-call", "url": "DRILL_ON_CALL"}]}))
    write_profile(folder, database)
    written(folder, example())
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fake = FakeFivetran(clock=time.monotonic, sleep=time.sleep, began=datetime.now(UTC))
    fake.sync_script = GOOD_SYNC
    fake.add_connection("prohandel")["status"] |= {"setup_state": "connected"}
    with ExitStack() as stack:
        inbox = stack.enter_context(receiving())
        environment = {
            "PYTHONPATH": str(folder),
            "PROHANDEL_HOME": str(folder.parent / "home"),
            "PROHANDEL_HASH_KEY": "test key",
            "PROHANDEL_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "FIVETRAN_API_KEY": KEY,
            "FIVETRAN_API_SECRET": SECRET,
            "FIVETRAN_API_URL": stack.enter_context(fake.serving()),
            "DRILL_ON_CALL": f"json://127.0.0.1:{inbox.port}/",
            "DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/",
            "COLUMNS": "200",
        }
        yield Site(folder, database, fake, inbox, environment, port)


def _macro(file: str, name: str) -> str:
    """One macro of the project's own."""
    text = (PROJECT / "macros" / "quality" / file).read_text()
    begin = text.index(f"{{% macro {name}(")
    return text[begin : text.index("{% endmacro %}", begin)] + "{% endmacro %}\n"


@contextmanager
def listening(site: Site) -> Iterator[None]:
    process = site.start(
        *("webhook", "serve", "--target", "toy", "--port", str(site.port)), log=site.folder.parent / "webhook.log"
    )
    try:

        def answers() -> bool:
            assert process.poll() is None, (site.folder.parent / "webhook.log").read_text()
            try:
                return httpx.get(f"http://127.0.0.1:{site.port}/health", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        site.until("the webhook listens", answers)
        yield
    finally:
        process.terminate()
        process.wait(60)


def landed_revenue(site: Site) -> Decimal:
    return Decimal(site.value("select sum(sale_price::numeric) from prohandel.sale"))


@pytest.mark.slow
def test_from_the_end_of_a_sync_to_the_marts_and_from_a_broken_landing_to_one_message(site: Site) -> None:
    assert site.command("sync", "--wait") == 0
    with listening(site):
        # The end of a sync: marts are published.
        assert site.sync("sync-1") == 0
        published = site.value("select gross_revenue from marts.sales_performance")
        assert published == landed_revenue(site)
        assert site.inbox.titles == []

        # The same rows land with a wrong sign: the gate keeps the marts, and one message goes out.
        site.execute("update prohandel.sale set sale_price = -sale_price::numeric, _fivetran_synced = now()")
        assert site.sync("sync-2") == 1
        assert site.value("select gross_revenue from marts.sales_performance") == published
        assert site.value("select gross_revenue from marts_audit.sales_performance") == -published
        assert len(site.inbox.titles) == 1
        assert "positive" in site.inbox.titles[0] + site.inbox.bodies[0]

        # What is known already is told to nobody again, and what came before starts nothing.
        assert site.sync("sync-3") == 1
        assert site.post("sync-4", "CANCELED").json() == {"taken": "noted"}
        assert len(site.inbox.titles) == 1

        # A sync that fails brings nothing to build, and is told at once.
        assert site.post("sync-5", "FAILURE_WITH_TASK").json() == {"taken": "told"}
        site.until("the failure is told", lambda: len(site.inbox.titles) == 2)
        assert "failed" in site.inbox.bodies[1]

        # It lands as it should: the marts follow, and the end of both is told once.
        site.execute("update prohandel.sale set sale_price = -2 * sale_price::numeric, _fivetran_synced = now()")
        assert site.sync("sync-6") == 0
        assert site.value("select gross_revenue from marts.sales_performance") == 2 * published
        assert len(site.inbox.titles) == 4
    runs = "select count(distinct run_began_at) from operations.webhook_events"
    assert site.value(runs) == 4
    outcomes = "select string_agg(outcome, ' ' order by run_at) from quality.publications"
    assert site.value(outcomes) == "published refused refused published"


@pytest.mark.slow
def test_the_whole_project_from_the_end_of_a_sync_to_one_message(whole_site: Site) -> None:
    site = whole_site
    with listening(site):
        assert site.sync("sync-1") == 0
        published = revenue(site, "marts")
        assert published > 0
        assert site.inbox.titles == []

        # The prices come under another name. Nearly all follow from label and discount; one message goes out.
        site.execute("alter table prohandel.sale rename column sale_price to price_paid")
        site.execute("update prohandel.sale set _fivetran_synced = _fivetran_synced + interval '1 hour'")
        assert site.sync("sync-2") == 0
        assert abs(revenue(site, "marts") - published) < published / 100
        assert len(site.inbox.titles) == 1
        assert "sale_price" in site.inbox.bodies[0]
        assert site.sync("sync-3") == 0
        assert len(site.inbox.titles) == 1

        # It comes as before, and the end is told.
        site.execute("alter table prohandel.sale rename column price_paid to sale_price")
        site.execute("update prohandel.sale set _fivetran_synced = _fivetran_synced + interval '1 hour'")
        assert site.sync("sync-4") == 0
        assert revenue(site, "marts") == revenue(site, "marts_audit") == published
        assert len(site.inbox.titles) == 2


def revenue(site: Site, schema: str) -> Decimal:
    """Gross revenue of all days, as readers of a schema see it."""
    return Decimal(site.value(f"select sum(gross_revenue) from {schema}.sales_performance"))  # noqa: S608
