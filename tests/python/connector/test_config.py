"""connector.yml: what is refused, and that an error names key, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from prohandel.connector.config import load
from prohandel.errors import ProhandelError
from tests.python.connector.lab import EXAMPLE


def _load(folder: Path, *replacements: tuple[str, str]) -> object:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "connector.yml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_the_example_is_good() -> None:
    config = load(EXAMPLE)
    assert config.function_name == "prohandel-fivetran-connector"
    assert config.schedule.every_minutes == 60
    assert config.time_limit_seconds == 180
    assert len(config.tables) == 9
    assert config.tables["customer"].columns() == {"email": "hashed", "phone": "left out"}


WRONG = {
    "a schema's name": (("name: prohandel ", "name: Pro-Handel "), 5, "name", "lower case letters"),
    "a group by no name": (("group: your_group_id ", "group: "), 6, "group", "Write"),
    "no such key": (("group:", "grupe: x\ngroup:"), 6, "grupe", "Did you mean group?"),
    "a key that is missing": (("region: eu-central-1", "# eu-central-1"), 5, "region", "Write it"),
    "another service": (("service: aws_lambda ", "service: azure "), 8, "service", "Write one of these"),
    "a function's name": (("function: arn:aws:lambda:eu-central-1:123456789012:function:", "function: "), 9, "function",
                          "arn:aws:lambda:"),
    "another region": (("region: eu-central-1", "region: eu-west-1"), 10, "region", "same region in both"),
    "another account": (("iam::123456789012", "iam::123456789013"), 11, "role", "both must be of one"),
    "another external id": (("external_id: your_group_id", "external_id: other"), 12, "external_id", "trust policy"),
    "a time limit of a day": (("time_limit_seconds: 180", "time_limit_seconds: 86400"), 13, "time_limit_seconds",
                              "smaller"),
    "a time limit in words": (("time_limit_seconds: 180", "time_limit_seconds: long"), 13, "time_limit_seconds",
                              "whole number"),
    "a frequency": (("every_minutes: 60", "every_minutes: 45"), 23, "schedule.every_minutes", "Write one of these"),
    "a schedule's key": (("every_minutes: 60", "every_minute: 60"), 23, "schedule.every_minute", "every_minutes?"),
    "a misspelt table": (("  shop:", "  shop:\n  suplier:"), 42, "tables.suplier", "Did you mean supplier?"),
    "a table that is not listed": (("  shop:\n", ""), 33, "tables", "sync: false"),
    "a key column hashed": (("hash: [email]", "hash: [email, id]"), 36, "tables.customer.hash", "Remove id"),
    "an essential column left out": (("  sale:\n", "  sale:\n    leave_out: [articleNumber]\n"), 40,
                                     "tables.sale.leave_out", "Remove articleNumber"),
    "a column hashed and left out": (("leave_out: [phone]", "leave_out: [phone, email]"), 35, "tables.customer",
                                     "one of the two"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_key_line_and_remedy(tmp_path: Path, case: str) -> None:
    replacement, line, key, remedy = WRONG[case]
    with pytest.raises(ProhandelError) as caught:
        _load(tmp_path, replacement)
    assert caught.value.message.startswith(f"{tmp_path / 'connector.yml'}, line {line}, key {key}: ")
    assert remedy in caught.value.remedy


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError) as caught:
        _load(tmp_path, ("every_minutes: 60", "every_minutes: 45"), ("name: prohandel ", "name: 9 "))
    assert "has 2 errors" in caught.value.message
    assert "line 5, key name" in caught.value.message
    assert "line 23, key schedule.every_minutes" in caught.value.message


@pytest.mark.parametrize("secret", ["hunter2-secret", "hunter2: secret", "[hunter2", "'hunter2", "{a: hunter2}"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ProhandelError) as caught:
        _load(tmp_path, ("PROHANDEL_PASSWORD: PROHANDEL_PASSWORD", f"PROHANDEL_PASSWORD: {secret}"))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)


def test_a_key_that_is_there_twice(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="line 6, key name: it is there twice; the first time in line 5"):
        _load(tmp_path, ("group: your", "name: x\ngroup: your"))


@pytest.mark.parametrize(("text", "said"), [("", "no list of keys"), ("- a", "no list of keys"), ("a: [", "no YAML")])
def test_files_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "connector.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProhandelError, match=said):
        load(path)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="cannot be read") as caught:
        load(tmp_path / "connector.yml")
    assert "connector.example.yml" in caught.value.remedy


def test_variables_without_a_value_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(EXAMPLE)
    for name in config.secrets.values():
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("PROHANDEL_PASSWORD")
    monkeypatch.setenv("PROHANDEL_USERNAME", "")
    with pytest.raises(ProhandelError, match="PROHANDEL_PASSWORD, PROHANDEL_USERNAME are not set"):
        config.secret_values()
