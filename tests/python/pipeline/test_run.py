"""`prohandel run` from outside: order, exit codes, messages, and what stays when it fails."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psycopg
import pytest

from tests.python.pipeline.conftest import Toy, write_profile


def wait_for(toy: Toy, query: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not toy.value(query):
        assert time.monotonic() < deadline, f"never true: {query}"
        time.sleep(0.1)


SLEEPING = (
    "select exists(select from pg_stat_activity"
    " where query ilike '%pg_sleep(%' and query ilike '%slowly%' and pid <> pg_backend_pid() and state = 'active')"
)


def test_a_good_run(toy: Toy) -> None:
    report = toy.report()
    assert [step["name"] for step in report["steps"]] == [
        "prepare",
        "freshness",
        "snapshots",
        "build",
        "alerts",
        "summary",
    ]
    assert report["findings"] == []
    assert report["summary"]["tables"] == [{"table": "sale", "landed": 2, "staged": 2, "rejected": 0, "superseded": 0}]
    assert {"name": "gross revenue", "unit": "money", "value": "42.5"} in report["summary"]["figures"]
    assert {entry["table"]: entry["status"] for entry in report["freshness"]} == {
        "prohandel.sale": "pass",
        "prohandel.article": "pass",
    }
    built = [node["unique_id"] for node in report["nodes"]]
    assert len(built) == len(set(built)), "a node was built twice"
    assert toy.value("select count(*) from snapshots.sales_snapshot") == 2
    # The nightly test waits for the night.
    assert sum(name.startswith("test.") for name in built) == 2


def test_the_nightly_run(toy: Toy) -> None:
    report = toy.report("--nightly")
    assert sum(node["unique_id"].startswith("test.") for node in report["nodes"]) == 3
    assert toy.value("select was_nightly from marts.sales_performance")


def test_neither_the_time_nor_the_night_has_the_project_parsed_anew(toy: Toy) -> None:
    toy.report()
    (kept,) = toy.folder.parent.rglob("partial_parse.msgpack")
    before = kept.stat().st_mtime_ns
    toy.report("--nightly", "--vars", "now: 2026-02-28 12:00+00")
    assert kept.stat().st_mtime_ns == before


def test_a_selection_builds_just_that(toy: Toy) -> None:
    report = toy.report("--select", "dim_articles")
    assert [node["unique_id"] for node in report["nodes"]] == ["model.prohandel_analytics.dim_articles"]


def test_a_failing_test_is_named(toy: Toy) -> None:
    toy.execute("update prohandel.sale set sale_price = -1")
    done = toy.run()
    assert done.code == 1
    assert "test positive_sales_performance_: 1 row" in done.out
    assert "1 failed" in done.out


def test_a_failing_model_keeps_its_content_and_a_rerun_heals(toy: Toy) -> None:
    toy.report()
    toy.execute("update prohandel.sale set sale_price = 'ten' where id = '1'")
    report = toy.report(code=1)
    assert "base_prohandel__sales" in report["findings"][0]["what"]
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    assert toy.value("select count(*) from staging.base_prohandel__sales") == 2

    toy.execute("update prohandel.sale set sale_price = '20' where id = '1'")
    toy.report()
    assert toy.value("select gross_revenue from marts.sales_performance") == 52.5


@pytest.mark.slow
def test_a_failing_test_does_not_cost_the_snapshot(toy: Toy) -> None:
    toy.report()
    toy.execute("update prohandel.sale set sale_price = '11' where id = '1'")
    toy.execute("alter table prohandel.sale drop constraint sale_pkey; insert into prohandel.sale values ('2')")
    toy.execute("update prohandel.sale set sale_price = '1' where sale_price is null")
    toy.report(code=1)
    changes = "select count(*) from snapshots.sales_snapshot where sale_line_id = '1'"
    assert toy.value(changes) == 2


def test_a_stale_source_is_built_and_told(toy: Toy) -> None:
    toy.execute("update prohandel.sale set _fivetran_synced = now() - interval '3 days'")
    report = toy.report(code=3)
    assert "prohandel.sale is stale: its newest row is 72.0 hours old" in report["findings"][0]["what"]
    assert "Fivetran" in report["findings"][0]["remedy"]
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5


def test_a_failing_test_outweighs_a_stale_source(toy: Toy) -> None:
    toy.execute("update prohandel.sale set _fivetran_synced = now() - interval '3 days', sale_price = -1")
    assert len(toy.report(code=1)["findings"]) == 2


def test_a_warning_is_no_failure(toy: Toy) -> None:
    toy.execute("update prohandel.sale set _fivetran_synced = now() - interval '30 hours'")
    report = toy.report()
    assert "warn" in {entry["status"] for entry in report["freshness"]}


def test_two_runs_never_overlap(toy: Toy) -> None:
    first = toy.start("run", "--target", "toy", TOY_SECONDS="12")
    wait_for(toy, SLEEPING)
    second = toy.run()
    assert second.code == 4
    assert f"process {first.pid} on" in second.err
    assert "since 20" in second.err
    assert first.wait(timeout=120) == 0
    toy.report()


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGINT], ids=["SIGTERM", "SIGINT"]
)
def test_a_stopped_run_ends_its_queries_and_frees_the_lock(toy: Toy, number: signal.Signals) -> None:
    toy.report()
    running = toy.start("run", "--target", "toy", TOY_SECONDS="60")
    wait_for(toy, SLEEPING)
    running.send_signal(number)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert f"Stopped by {number.name}" in stderr
    assert not toy.value(SLEEPING)
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    toy.report()


@pytest.mark.slow
def test_a_killed_run_frees_the_lock_too(toy: Toy) -> None:
    running = toy.start("run", "--target", "toy", TOY_SECONDS="3")
    wait_for(toy, SLEEPING)
    running.kill()
    running.communicate()
    wait_for(toy, "select not exists(select from pg_locks where locktype = 'advisory')")
    toy.report()


@pytest.mark.parametrize(
    ("statement", "said", "remedy"),
    [
        ("drop table prohandel.article", "prohandel.article: not landed", "using_article: false"),
        ("alter table prohandel.sale drop column date", "no column date or sale_date", "using_sale: false"),
        ("alter table prohandel.sale drop column id", "no column id", "using_sale: false"),
        ("truncate prohandel.sale", "prohandel.sale: has no rows", "using_sale: false"),
        ("alter schema prohandel rename to prohandl", "schema prohandel: there is none", "prohandel_schema: prohandl"),
    ],
)
def test_a_landing_that_cannot_be_built(toy: Toy, statement: str, said: str, remedy: str) -> None:
    toy.report()
    toy.execute(statement)
    done = toy.run()
    assert done.code == 2
    assert said in done.err
    assert remedy in done.err
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5


def test_an_optional_table_without_rows_is_told_and_no_reason_to_stop(toy: Toy) -> None:
    toy.execute("create table prohandel.supplier (id text, _fivetran_synced timestamptz)")
    done = toy.run("--vars", "using_supplier: true")
    assert done.code == 0, done.err
    assert "prohandel.supplier: has no rows; sync it again, or set using_supplier: false" in done.err
    toy.execute("alter table prohandel.supplier drop column id")
    done = toy.run("--vars", "using_supplier: true")
    assert (done.code, "prohandel.supplier: no column id" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("changes", "said", "remedy"),
    [
        ({"host": "127.0.0.1", "port": 9}, "does not answer (postgres@127.0.0.1:9/", "Check that it runs"),
        ({"dbname": "warehouze"}, 'database "warehouze" does not exist', "Correct user or dbname"),
        ({"type": "snowflake"}, "is of type snowflake", "type: postgres"),
        ({"host": None}, "lacks host", "profiles.example.yml"),
        ({"password": "{{ env_var('NO_SUCH_PASSWORD') }}"}, "from NO_SUCH_PASSWORD, which is not set", "Set the"),
        ({"search_path": "marts"}, "sets search_path", "Remove search_path"),
    ],
)
def test_a_target_that_cannot_be_used(toy: Toy, changes: dict[str, object], said: str, remedy: str) -> None:
    write_profile(toy.folder, toy.database, **changes)
    done = toy.run()
    assert done.code == 2
    assert said in done.err
    assert remedy in done.err


def test_a_wrong_password(toy: Toy) -> None:
    home = toy.database.server.home
    rules = home / "pgdata" / "pg_hba.conf"
    before = rules.read_text()
    toy.execute("create role reader login password 'right'")
    try:
        rules.write_text(f"local all reader scram-sha-256\n{before}")
        toy.execute("select pg_reload_conf()")
        write_profile(toy.folder, toy.database, user="reader", password="wrong")
        wait_for_refusal(toy)
        done = toy.run()
    finally:
        rules.write_text(before)
        toy.execute("select pg_reload_conf()")
        toy.execute("drop role reader")
    assert done.code == 2
    assert "refuses the password of reader" in done.err
    assert "target 'toy'" in done.err
    assert "wrong" not in done.err.replace("wrong password", "")


def wait_for_refusal(toy: Toy) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg.connect(
                host=toy.database.server.socket_dir, user="reader", password="wrong", dbname=toy.database.name
            ).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.1)
    pytest.fail("the server still trusts everybody")


def break_off(toy: Toy) -> None:
    """Ends the connection of the model that sleeps."""
    wait_for(toy, SLEEPING)
    toy.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and query ilike '%slowly%' and pid <> pg_backend_pid()"
    )


def test_what_the_database_breaks_off_is_tried_once_more(toy: Toy) -> None:
    running = toy.start("run", "--target", "toy", TOY_SECONDS="5")
    break_off(toy)
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 0, stdout + stderr
    assert "once more as soon as it answers" in stderr
    assert "0 failed, 0 skipped" in stdout
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5


def test_a_database_that_goes_away_in_mid_run(toy: Toy) -> None:
    running = toy.start("run", "--target", "toy", TOY_SECONDS="60")
    break_off(toy)
    break_off(toy)
    stdout, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "sales_performance: the database went away" in stdout
    toy.report()


@pytest.mark.slow
def test_a_database_that_stays_away(toy: Toy) -> None:
    """What is known of the run is said all the same: which model failed, and that there are no figures."""
    toy.report()
    running = toy.start("run", "--target", "toy", TOY_SECONDS="60")
    wait_for(toy, SLEEPING)
    name = toy.database.name
    with toy.database.server.connect() as conn:
        conn.execute(f"alter database {name} allow_connections false".encode())
        try:
            conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            stdout, stderr = running.communicate(timeout=120)
        finally:
            conn.execute(f"alter database {name} allow_connections true".encode())
    assert running.returncode == 1, stderr
    assert "sales_performance: the database went away" in stdout
    assert "No summary: The database does not answer" in stdout
    assert "Check that it runs" in stdout
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    toy.report()


def test_configuration_that_is_missing(toy: Toy) -> None:
    for arguments, environment, said in (
        (("--target", "prd"), {}, "has no target 'prd'"),
        (("--target", "toy"), {"PROHANDEL_HASH_KEY": ""}, "PROHANDEL_HASH_KEY is not set"),
        (("--target", "toy"), {"DBT_PROFILES_DIR": "/nowhere"}, "no profiles.yml in /nowhere"),
        (("--target", "toy", "--vars", "{using_sales: true}"), {}, "did you mean using_sale?"),
        (("--target", "toy", "--vars", "[1]"), {}, "maps no name to a value"),
    ):
        done = toy.prohandel("run", *arguments, **environment)
        assert done.code == 2, done.err
        assert said in done.err


def test_a_project_that_dbt_cannot_read(toy: Toy) -> None:
    broken = toy.folder / "models" / "broken.sql"
    broken.write_text("select * from {{ ref('nothing') }}")
    done = toy.run()
    broken.unlink()
    assert done.code == 2
    assert "broken" in done.err


def test_the_hash_key_reaches_the_session_and_no_file(toy: Toy) -> None:
    model = toy.folder / "models" / "hashed.sql"
    model.write_text("{{ config(schema='marts') }} select md5(current_setting('prohandel.hash_key')) as hashed")
    secret = r"a b\c'd"
    toy.report("--select", "hashed", PROHANDEL_HASH_KEY=secret)
    model.unlink()
    with toy.database.connect() as conn:
        assert conn.execute("select hashed = md5(%s) from marts.hashed", [secret]).fetchone() == (True,)
    kept = [path for folder in (toy.folder, Path(toy.environment["PROHANDEL_HOME"])) for path in folder.rglob("*")]
    assert not [path for path in kept if path.is_file() and secret.encode() in path.read_bytes()]
