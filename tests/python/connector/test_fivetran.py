"""The client of the API: what it repeats, how long it waits, and what it never shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from prohandel.connector.fivetran import PATIENCE_SECONDS, Fivetran, FivetranError
from prohandel.errors import ProhandelError
from tests.python.connector.fake_fivetran import GROUP, KEY, SECRET, FakeFivetran
from tests.python.connector.fake_network import Fault

BODY = {
    "group_id": GROUP,
    "service": "aws_lambda",
    "paused": True,
    "run_setup_tests": False,
    "config": {
        "schema": "prohandel",
        "function": "f",
        "region": "eu-central-1",
        "role_arn": "arn:aws:iam::123456789012:role/r",
        "secrets_list": [{"key": "K", "value": "secret-value-88"}],
    },
}


@pytest.fixture
def fake() -> FakeFivetran:
    return FakeFivetran()


@pytest.fixture
def client(fake: FakeFivetran) -> Fivetran:
    return Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)


def test_all_pages_are_read(fake: FakeFivetran, client: Fivetran) -> None:
    fake.page_size = 2
    fake.groups = {f"g{number}": "" for number in range(7)}
    assert [one["id"] for one in client.groups()] == [f"g{number}" for number in range(7)]
    assert [one.params.get("cursor") for one in fake.requests] == [None, "c2", "c4", "c6"]


def test_a_connection_on_the_third_page_is_found(fake: FakeFivetran, client: Fivetran) -> None:
    fake.page_size = 1
    for schema in ("prohandel_test", "prohandel"):
        fake.add_connection(schema)
    found = client.find_connection(GROUP, "prohandel")
    assert found is not None
    assert found["id"] == "connection_2"
    assert client.find_connection(GROUP, "shopify") is None


def test_two_connections_of_one_schema_are_an_error(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    fake.add_connection("prohandel")
    with pytest.raises(FivetranError, match="connection_1, connection_2"):
        client.find_connection(GROUP, "prohandel")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_too_many_requests_waits_as_long_as_asked(fake: FakeFivetran, client: Fivetran, method: str) -> None:
    connection = "connection_1" if method != "POST" else ""
    if connection:
        fake.add_connection("prohandel")
    fake.faults = [Fault("status", method, rf"/connections(/{connection})?", times=3, status=429, retry_after="37")]
    calls: dict[str, Callable[[], object]] = {
        "GET": lambda: client.connection(connection),
        "POST": lambda: client.create(BODY),
        "PATCH": lambda: client.patch(connection, {"sync_frequency": 30}),
        "DELETE": lambda: client.delete(connection),
    }
    calls[method]()
    assert fake.clock.slept == [37, 37, 37]
    assert len(fake.connections) == (0 if method == "DELETE" else 1)


def test_a_date_to_wait_for(fake: FakeFivetran, client: Fivetran) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    fake.faults = [Fault("status", "GET", status=429, retry_after=later)]
    client.groups()
    assert fake.clock.slept == [pytest.approx(119, abs=2)]


def test_nobody_waits_for_hours(fake: FakeFivetran, client: Fivetran) -> None:
    fake.faults = [Fault("status", "GET", times=1000, status=429, retry_after="3600")]
    with pytest.raises(FivetranError, match="429") as caught:
        client.groups()
    assert max(fake.clock.slept) == 300
    assert fake.clock.now <= PATIENCE_SECONDS
    assert "limit of requests" in caught.value.remedy


def test_a_fault_is_tried_again_with_longer_and_longer_waits(fake: FakeFivetran, client: Fivetran) -> None:
    fake.faults = [Fault("status", "GET", times=3, status=503), Fault("drop", "GET")]
    client.groups()
    assert fake.clock.slept == [2, 4, 8, 16]


def test_a_fault_that_stays_is_told(fake: FakeFivetran, client: Fivetran) -> None:
    fake.faults = [Fault("drop", times=100)]
    with pytest.raises(FivetranError, match="does not answer") as caught:
        client.groups()
    assert caught.value.status == 0
    assert len(fake.requests) == 5


@pytest.mark.parametrize("kind", ["status", "drop"])
def test_a_connection_created_without_an_answer_is_found(fake: FakeFivetran, client: Fivetran, kind: str) -> None:
    fake.faults = [Fault("status" if kind == "status" else "drop", "POST", after_effect=True)]
    assert client.create(BODY)["id"] == "connection_1"
    assert fake.count("POST") == 1


def test_a_creation_that_failed_is_not_repeated(fake: FakeFivetran, client: Fivetran) -> None:
    fake.faults = [Fault("status", "POST")]
    with pytest.raises(FivetranError, match="500"):
        client.create(BODY)
    assert fake.count("POST") == 1
    assert client.create(BODY)["id"] == "connection_1"


def test_a_connection_that_is_there_is_not_created(fake: FakeFivetran, client: Fivetran) -> None:
    there = fake.add_connection("prohandel")
    assert client.create(BODY)["id"] == there["id"]
    assert fake.count("POST") == 0


def test_pausing_that_answers_500_and_works_is_not_repeated(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    fake.faults = [Fault("status", "PATCH", after_effect=True)]
    assert client.patch("connection_1", {"paused": True, "run_setup_tests": False})["paused"] is True
    assert fake.count("PATCH") == 1


def test_a_patch_that_was_lost_is_repeated(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    fake.faults = [Fault("drop", "PATCH")]
    assert client.patch("connection_1", {"sync_frequency": 30})["sync_frequency"] == 30


def test_whether_secrets_arrived_cannot_be_seen_so_they_are_sent_again(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    fake.faults = [Fault("status", "PATCH", after_effect=True)]
    secrets = [{"key": "K", "value": "secret-value-88"}]
    client.patch("connection_1", {"config": {"secrets_list": secrets}})
    assert fake.count("PATCH") == 2
    assert fake.connections["connection_1"]["config"]["secrets_list"] == secrets


@pytest.mark.parametrize(("force", "posts"), [(False, 2), (True, 1)])
def test_a_forced_sync_is_not_asked_for_twice(fake: FakeFivetran, client: Fivetran, force: bool, posts: int) -> None:
    fake.add_connection("prohandel")
    fake.faults = [Fault("status", "POST")]
    if force:
        with pytest.raises(FivetranError, match="500"):
            client.sync("connection_1", force=True)
    else:
        client.sync("connection_1")
    assert fake.count("POST") == posts


def test_a_resync_while_a_sync_runs(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    client.sync("connection_1")
    with pytest.raises(FivetranError, match="409") as caught:
        client.resync("connection_1", {"prohandel": ["sale"]})
    assert "A sync runs" in caught.value.remedy


def test_functions_that_are_refused_name_the_way_out(fake: FakeFivetran, client: Fivetran) -> None:
    fake.refuses_functions = True
    with pytest.raises(FivetranError) as caught:
        client.create(BODY)
    assert "2025-07-22" in caught.value.remedy
    assert "Connector SDK" in caught.value.remedy
    assert "docs/connector.md" in caught.value.remedy


def test_no_schema_config_is_no_error_but_no_connection_is(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    assert client.schemas("connection_1") is None
    with pytest.raises(FivetranError, match="NotFound_Connection"):
        client.schemas("connection_9")


def test_deleting_what_is_gone(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    fake.faults = [Fault("status", "DELETE", after_effect=True)]
    client.delete("connection_1")
    assert fake.connections == {}
    assert fake.count("DELETE") == 2


def test_a_wrong_key(fake: FakeFivetran) -> None:
    client = Fivetran(KEY, "wrong-secret-12", transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)
    with pytest.raises(FivetranError, match="401") as caught:
        client.groups()
    assert "FIVETRAN_API_SECRET" in caught.value.remedy
    assert "wrong-secret-12" not in str(caught.value)


def test_each_request_asks_for_the_form_of_answer_that_its_path_has(fake: FakeFivetran, client: Fivetran) -> None:
    fake.add_connection("prohandel")
    client.groups()
    client.connection("connection_1")
    client.reload_schemas("connection_1")
    assert [one.headers["accept"] for one in fake.requests] == [
        "application/json",
        "application/json;version=2",
        "application/json",
    ]


@pytest.mark.parametrize("message", ["Value secret-value-88 is bad", "Key fake-api-secret-9q2w is bad"])
def test_an_error_that_quotes_a_secret_is_masked(fake: FakeFivetran, client: Fivetran, message: str) -> None:
    fake.faults = [Fault("status", "POST", status=422, message=message)]
    with pytest.raises(FivetranError, match=r"\*\*\*\*\*\* is bad") as caught:
        client.create(BODY)
    assert "secret-value-88" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_client_shows_no_key(client: Fivetran) -> None:
    assert repr(client) == "Fivetran('https://api.fivetran.com/v1/')"
    assert KEY not in str(vars(client))
    assert SECRET not in str(vars(client))


@pytest.mark.parametrize(
    "url",
    ["https://user:pass-7781@api.invalid/v1", "http://api.invalid/v1", "ftp://api.invalid", "api.invalid"],
)
def test_addresses_that_would_leak(url: str) -> None:
    with pytest.raises(ProhandelError) as caught:
        Fivetran(KEY, SECRET, url)
    assert "pass-7781" not in str(caught.value)


def test_an_answer_that_is_no_json(fake: FakeFivetran) -> None:
    import httpx

    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>proxy</html>"))
    client = Fivetran(KEY, SECRET, transport=transport, sleep=fake.clock.sleep, clock=fake.clock)
    with pytest.raises(FivetranError, match="no JSON object") as caught:
        client.groups()
    assert "proxy" in caught.value.remedy


def test_variables_that_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIVETRAN_API_KEY", raising=False)
    with pytest.raises(ProhandelError, match="FIVETRAN_API_KEY is not set"):
        Fivetran.from_environment()
