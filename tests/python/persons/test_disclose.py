"""A customer is shown everything that is held about them, and nothing about anybody else."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from prohandel.errors import ProhandelError
from prohandel.persons.disclose import disclose, write
from tests.python.persons.conftest import ID, NUMBER, OTHER_ID, OTHER_NUMBER, Store


def about(store: Store, number: str = NUMBER) -> dict[str, object]:
    held = store.look()
    return disclose(held.conn, held.tables, held.person(number))


def test_all_rows_and_texts(store: Store) -> None:
    content = about(store)
    shown = json.dumps(content, ensure_ascii=False, default=str)
    tables = {line.split(": ")[0] for line in store.traces()}
    named = {one["table"] for one in content["tables"]} | {  # type: ignore[attr-defined]
        column.rsplit(".", 1)[0]
        for column in content["texts"]  # type: ignore[attr-defined]
    }
    assert tables == named
    assert content["customer_number"] == NUMBER
    for other in (OTHER_NUMBER, OTHER_ID, store.key(OTHER_NUMBER)):
        assert other not in shown


def test_as_many_rows_as_there_are(store: Store) -> None:
    rows = {one["table"]: len(one["rows"]) for one in about(store)["tables"]}  # type: ignore[attr-defined]
    assert rows["prohandel.sale"] == 2
    assert rows["staging.base_prohandel__sales"] == 3
    assert rows["quality.rejected_rows"] == 2
    assert rows["marts.fct_sale_lines"] == 2
    assert rows["state.replaced__marts__fct_sale_lines"] == 1


def test_it_changes_nothing(store: Store) -> None:
    before = store.everything()
    about(store)
    assert store.everything() == before


def test_somebody_unknown(store: Store) -> None:
    content = about(store, "9999999")
    assert (content["tables"], content["texts"]) == ([], {})


def test_an_unknown_table_stops_it(store: Store) -> None:
    store.conn.execute("create table marts.new_table (customer_key text)")
    with pytest.raises(ProhandelError, match=r"marts\.new_table"):
        about(store)


def test_several_tenants(store: Store) -> None:
    held = store.look()
    for given in (NUMBER, f"elsewhere/{NUMBER}"):
        with pytest.raises(ProhandelError, match="does not say whose"):
            type(held)(held.conn, held.tables, held.places, held.landed, 2).person(given)
    person = type(held)(held.conn, held.tables, held.places, held.landed, 2).person(f"prohandel/{NUMBER}")
    assert (person.prefix, person.number) == ("prohandel/", NUMBER)
    assert person.ids == (ID,)
    assert person.keys[0] == store.key(f"prohandel/{NUMBER}")


def test_the_file_is_new_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "disclosure.json"
    write({"customer_number": "1"}, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"customer_number": "1"}
    with pytest.raises(ProhandelError, match="is there already"):
        write({}, file)
    with pytest.raises(ProhandelError, match="cannot be written"):
        write({}, tmp_path / "no" / "disclosure.json")
