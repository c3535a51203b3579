"""The casts of staging, value by value: by hand, and against a reading of the same rules in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.python.staging.staging import Staging

BERLIN = ZoneInfo("Europe/Berlin")
KINDS = (
    *("id", "code", "flag_code", "text", "number", "integer", "boolean", "date"),
    *("timestamp", "utc_timestamp"),
)
TYPES = {
    "text": "text",
    "double": "double precision",
    "decimal": "numeric",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
}
SESSIONS = (
    {"timezone": "UTC", "datestyle": "ISO, MDY"},
    {"timezone": "America/Lima", "datestyle": "SQL, DMY"},
    {"timezone": "Pacific/Auckland", "datestyle": "German, DMY", "extra_float_digits": "0"},
)

Clean = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def clean(parsed_staging: Staging) -> Clean:
    """Reads values of one landed type as one kind of column, with the SQL that the macros render."""
    expressions = _render(parsed_staging)

    def read(kind: str, landed_type: str, values: Sequence[str | None], **session: str) -> list[Any]:
        with parsed_staging.warehouse.connect() as conn:
            # The values themselves are written in ISO; the session that reads them may be anything.
            conn.execute("set timezone = 'UTC'")
            conn.execute(
                f"create temp table typed as select cast(text as {TYPES[landed_type]}) as value, place"
                " from unnest(%(values)s::text[]) with ordinality as given (text, place)".encode(),
                {"values": list(values)},
            )
            for name, setting in session.items():
                conn.execute(f"set {name} = '{setting}'".encode())
            statement = f"select cast({expressions[kind, landed_type]} as {_result_type(kind)}) as value from typed order by place"
            conn.execute(f"create temp table cleaned as {statement}".encode())
            conn.execute("set timezone = 'UTC'")
            conn.execute("set datestyle = 'ISO'")
            return [row[0] for row in conn.execute("select value from cleaned")]

    return read


def _result_type(kind: str) -> str:
    return {
        "number": "numeric(18, 4)",
        "integer": "bigint",
        "boolean": "boolean",
        "date": "date",
        "timestamp": "timestamptz",
        "utc_timestamp": "timestamptz",
        "time": "timestamptz",
    }.get(kind, "text")


def _render(staging: Staging) -> dict[tuple[str, str], str]:
    calls = {
        **{(kind, landed): f"clean('{kind}', 'value', '{landed}')" for kind in KINDS for landed in TYPES},
        **{("time", landed): f"time_of('(' ~ clean('timestamp', 'value', '{landed}') ~ ')')" for landed in TYPES},
    }
    result = staging.invoke("compile", "--inline", "\n@@\n".join(f"{{{{ {call} }}}}" for call in calls.values()))
    assert result.success, result.exception
    rendered = result.result.results[0].node.compiled_code.split("@@")
    return {pair: text.strip() for pair, text in zip(calls, rendered, strict=True)}


NUMBERS = {
    "12.90": "12.9",
    "12,90": "12.9",
    "1.234,50": "1234.5",
    "1,234.50": "1234.5",
    "1.234": "1.234",
    "1,234": "1.234",
    "1.234.567": "1234567",
    "1,234,567": "1234567",
    "1.234.567,89": "1234567.89",
    "1 234,50": "1234.5",
    "1\u00a0234,50": "1234.5",
    "1\u202f234\u202f567": "1234567",
    "-5": "-5",
    "5-": "-5",
    "12,50-": "-12.5",
    "- 12,50": "-12.5",
    "\u221212,50": "-12.5",
    "+7": "7",
    ".5": "0.5",
    ",5": "0.5",
    "5.": "5",
    "5,": "5",
    "  12,90\t": "12.9",
    "12,90 €": "12.9",
    "€ 12,90": "12.9",
    "EUR 1.234,50": "1234.5",
    "-1.234,50 EUR": "-1234.5",
    "-€ 5": "-5",
    "€ -5": "-5",
    "$5.00": "5",
    "1.2e3": "1200",
    "1,5E+2": "150",
    "5e-1": "0.5",
    "12.899999999999999": "12.9",
    "007": "7",
    "0,00005": "0.0001",
    "99999999999999": "99999999999999",
    "": None,
    "   ": None,
    "abc": None,
    "NaN": None,
    "nan": None,
    "Infinity": None,
    "-inf": None,
    "1.23.456": None,
    "1,2,3": None,
    "12 34": None,
    "1 2345": None,
    "5€30": None,
    "€5€": None,
    "--5": None,
    "-5-": None,
    "19 %": None,
    "1e99": None,
    "1e400": None,
    "123456789012345": None,
    "12.12.2024": None,
    "0x10": None,
    "1_000": None,
    "٣": None,
    "5 Stück": None,
    ".": None,
    ",": None,
    "-": None,
    "9" * 200: None,
}


def test_numbers_as_text(clean: Clean) -> None:
    expected = {text: None if value is None else Decimal(value) for text, value in NUMBERS.items()}
    assert dict(zip(NUMBERS, clean("number", "text", list(NUMBERS)), strict=True)) == expected


@pytest.mark.parametrize(
    ("landed_type", "values"),
    [
        (
            "double",
            {"12.9": "12.9", "0.1": "0.1", "-3": "-3", "NaN": None, "Infinity": None, "-Infinity": None, "1e300": None},
        ),
        ("decimal", {"12.9": "12.9", "1234.56785": "1234.5679", "NaN": None, "1e20": None, "99999999999999": None}),
        ("integer", {"12": "12", "-5": "-5", "9223372036854775807": None}),
        ("boolean", {"true": "1", "false": "0"}),
        ("date", {"2025-01-01": None}),
        ("timestamp", {"2025-01-01": None}),
        ("timestamptz", {"2025-01-01": None}),
    ],
)
def test_numbers_of_other_types(clean: Clean, landed_type: str, values: dict[str, str | None]) -> None:
    expected = [None if value is None else Decimal(value) for value in values.values()]
    assert clean("number", landed_type, list(values)) == expected


def test_whole_numbers(clean: Clean) -> None:
    values = {"3": 3, "3,0": 3, "3.0": 3, "1.000": 1, "3,5": None, "x": None, "": None}
    assert clean("integer", "text", list(values)) == list(values.values())
    assert clean("integer", "double", ["3", "3.5", "NaN"]) == [3, None, None]
    assert clean("integer", "integer", ["3"]) == [3]


BOOLEANS = {
    **dict.fromkeys(
        ("true", "TRUE", "t", "yes", "Y", "ja", "JA", "J", "j", "wahr", "Wahr", "1", "1.0", " 1 ", "1,0"), True
    ),
    **dict.fromkeys(("false", "False", "f", "no", "N", "nein", "Nein", "n", "falsch", "FALSCH", "0", "0.0"), False),
    **dict.fromkeys(("", " ", "2", "-1", "maybe", "x", "10", "null"), None),
}


def test_booleans(clean: Clean) -> None:
    assert dict(zip(BOOLEANS, clean("boolean", "text", list(BOOLEANS)), strict=True)) == BOOLEANS
    for landed_type in ("double", "decimal", "integer"):
        assert clean("boolean", landed_type, ["1", "0", "2", None]) == [True, False, None, None]
    assert clean("boolean", "boolean", ["true", "false", None]) == [True, False, None]
    assert clean("boolean", "timestamptz", ["2025-01-01"]) == [None]


DATES = {
    "2025-03-30": "2025-03-30",
    "2025-03-30T00:00:00": "2025-03-30",
    "2025-03-30 23:59:59.999999": "2025-03-30",
    "2025-03-30T23:59": "2025-03-30",
    # One hour before midnight UTC it is tomorrow in Berlin, in summer two hours before.
    "2025-02-28T23:00:00Z": "2025-03-01",
    "2025-02-28T22:59:59Z": "2025-02-28",
    "2025-07-31T22:00:00Z": "2025-08-01",
    "2025-07-31T21:59:59Z": "2025-07-31",
    # The nights in which the clocks change.
    "2025-03-29T23:00:00Z": "2025-03-30",
    "2025-03-30T21:59:59Z": "2025-03-30",
    "2025-03-30T22:00:00Z": "2025-03-31",
    "2025-10-25T21:59:59Z": "2025-10-25",
    "2025-10-25T22:00:00Z": "2025-10-26",
    "2025-10-26T22:59:59Z": "2025-10-26",
    "2025-10-26T23:00:00Z": "2025-10-27",
    # The seventh digit of a second must not push the day on.
    "2025-02-28T22:59:59.9999999Z": "2025-02-28",
    "2025-02-28T23:59:59.9999999": "2025-02-28",
    "2025-03-01T00:30:00+02:00": "2025-02-28",
    "2025-03-01T00:30:00+0100": "2025-03-01",
    "2025-02-28 20:00:00-05": "2025-03-01",
    "2025-02-28 23:30:00+00": "2025-03-01",
    "2025-02-28T23:30:00 UTC": "2025-03-01",
    "28.02.2025": "2025-02-28",
    "1.3.2025": "2025-03-01",
    "01.03.2025 14:30": "2025-03-01",
    "20250301": "2025-03-01",
    " 2025-03-01 ": "2025-03-01",
    "2024-02-29": "2024-02-29",
    "2000-02-29": "2000-02-29",
    "9999-12-31": "9999-12-31",
    "1900-01-01": "1900-01-01",
    "2025-02-29": None,
    "2025-02-30": None,
    "2100-02-29": None,
    "2025-04-31": None,
    "2025-13-01": None,
    "2025-00-10": None,
    "2025-01-00": None,
    "30.02.2025": None,
    "31.4.2025": None,
    "20250230": None,
    "0001-01-01T00:00:00": None,
    "1899-12-31": None,
    "2025-03-01T24:00:00": None,
    "2025-03-01T10:60:00": None,
    "2025-03-01Z": None,
    "2025-03-01T10:00:00+25:00": None,
    "03/01/2025": None,
    "01.03.25": None,
    "gestern": None,
    "infinity": None,
    "now": None,
    "today": None,
    "epoch": None,
    "2025-3-1": None,
    "": None,
    "  ": None,
}


def test_business_days_of_text(clean: Clean) -> None:
    expected = {text: None if day is None else date.fromisoformat(day) for text, day in DATES.items()}
    for session in SESSIONS:
        assert dict(zip(DATES, clean("date", "text", list(DATES), **session), strict=True)) == expected


def test_business_days_of_other_types(clean: Clean) -> None:
    expected = [date(2025, 3, 1)]
    for session in SESSIONS:
        assert clean("date", "date", ["2025-03-01", "infinity", "0001-01-01"], **session) == [*expected, None, None]
        assert clean("date", "timestamp", ["2025-03-01 23:59:59", "-infinity"], **session) == [*expected, None]
        assert clean("date", "timestamptz", ["2025-02-28 23:30:00Z", "infinity"], **session) == [*expected, None]
        assert clean("date", "double", ["20250301", "20250230", "45000", "NaN"], **session) == [
            *expected,
            None,
            None,
            None,
        ]
        assert clean("date", "integer", ["20250301", "1740787200"], **session) == [*expected, None]
        assert clean("date", "boolean", ["true"], **session) == [None]


def test_moments(clean: Clean) -> None:
    winter, summer = datetime(2025, 3, 1, 9, 30, tzinfo=UTC), datetime(2025, 7, 1, 8, 30, tzinfo=UTC)
    for session in SESSIONS:
        values = [
            "2025-03-01T09:30:00Z",
            "2025-03-01T10:30:00",
            "01.03.2025 10:30",
            "2025-07-01 10:30:00+02",
            "2025-02-30T10:00:00",
        ]
        assert clean("timestamp", "text", values, **session) == [winter, winter, winter, summer, None]
        assert clean("utc_timestamp", "text", ["2025-03-01T09:30:00"], **session) == [winter]
        assert clean("timestamp", "timestamp", ["2025-03-01 10:30:00"], **session) == [winter]
        assert clean("utc_timestamp", "timestamp", ["2025-03-01 09:30:00"], **session) == [winter]
        assert clean("timestamp", "timestamptz", ["2025-03-01 09:30:00Z", "infinity"], **session) == [winter, None]
        assert clean("timestamp", "date", ["2025-03-01"], **session) == [datetime(2025, 2, 28, 23, tzinfo=UTC)]
        assert clean("timestamp", "double", ["1740787200"], **session) == [None]


def test_times_of_day_are_known_only_where_one_landed(clean: Clean) -> None:
    sold = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
    values = {
        "2025-03-01T10:30:00": sold,
        "2025-03-01T09:30:00Z": sold,
        "01.03.2025 10:30": sold,
        "2025-03-01": None,
        "2025-03-01T00:00:00": None,
        "2025-03-01 00:00:00.000": None,
        "01.03.2025": None,
        "01.03.2025 00:00": None,
        # A local midnight, once as it is in UTC and once taken for UTC by a loader.
        "2025-02-28T23:00:00Z": None,
        "2025-03-01T00:00:00Z": None,
        "2025-02-30T10:00:00": None,
    }
    for session in SESSIONS:
        assert dict(zip(values, clean("time", "text", list(values), **session), strict=True)) == values
        assert clean("time", "timestamp", ["2025-03-01 10:30:00", "2025-03-01"], **session) == [sold, None]
        assert clean("time", "timestamptz", ["2025-03-01 09:30Z", "2025-03-01 00:00Z"], **session) == [sold, None]
        assert clean("time", "date", ["2025-03-01"], **session) == [None]


def test_numbers_that_name_something(clean: Clean) -> None:
    assert clean("id", "text", [" 0901 ", "", "\u00a0", "aB-1", "1e5", "4711.0"]) == [
        "0901",
        None,
        None,
        "aB-1",
        "1e5",
        "4711.0",
    ]
    for session in SESSIONS:
        values = ["4711", "1e15", "12.5", "123456789012345", "-0", "NaN", "Infinity", "0.00001"]
        expected = ["4711", "1000000000000000", "12.5", "123456789012345", "0", None, None, "0.00001"]
        assert clean("id", "double", values, **session) == expected
        assert clean("id", "date", ["2025-03-01"], **session) == ["2025-03-01"]
        assert clean("id", "timestamptz", ["2025-03-01 10:00Z"], **session) == ["2025-03-01T10:00:00.000000Z"]
    assert clean("id", "decimal", ["4711.00", "12.50", "NaN"]) == ["4711", "12.5", None]
    assert clean("id", "integer", ["4711"]) == ["4711"]
    assert clean("id", "boolean", ["true", "false", None]) == ["1", "0", None]
    assert clean("text", "boolean", ["true", "false"]) == ["true", "false"]
    assert clean("text", "text", ["  Rock  "]) == ["Rock"]


def test_codes_that_were_numbers_once(clean: Clean) -> None:
    assert clean("flag_code", "text", ["0", "0.0", "1,00", "R", "", " 1 ", "0.5"]) == [
        "0",
        "0",
        "1",
        "R",
        None,
        "1",
        "0.5",
    ]
    assert clean("flag_code", "double", ["0", "1"]) == ["0", "1"]
    assert clean("flag_code", "boolean", ["false", "true"]) == ["0", "1"]


# What follows reads the same rules in Python, without looking at how the macros do it.

_GROUPED_BY = {" ": (r" ", ",."), ".": (r"\.", ","), ",": (r",", ".")}


def number_of(text: str) -> Decimal | None:
    """A number as the casts should read it; None where they should not."""
    if len(text) >= 60:
        return None
    plain = re.sub("[\u00a0\u202f\u2009\t]", " ", text).replace("\u2212", "-").replace("\u2013", "-")
    currency = r"(?:€|\$|£|eur|usd|gbp|chf)"
    front = re.match(rf"^[-+ ]*{currency}", plain, re.IGNORECASE)
    plain = (
        re.sub(currency, "", plain, count=1, flags=re.IGNORECASE)
        if front
        else re.sub(rf"{currency}([-+ ]*)$", r"\1", plain, count=1, flags=re.IGNORECASE)
    )
    plain = plain.strip(" \r\n")
    if re.fullmatch(r"[^-+].*-", plain):
        plain = "-" + plain[:-1].rstrip(" ")
    sign, digits = (plain[0], plain[1:].lstrip(" ")) if plain[:1] in {"-", "+"} else ("", plain)
    magnitude = _magnitude_of(digits)
    if magnitude is None or magnitude >= Decimal("1e14"):
        return None
    return (-magnitude if sign == "-" else magnitude).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _magnitude_of(digits: str) -> Decimal | None:
    scientific = re.fullmatch(r"([0-9]{1,13}(?:[.,][0-9]*)?|[.,][0-9]+)[eE]([-+]?[0-9]{1,2})", digits)
    if scientific:
        return Decimal(scientific[1].replace(",", ".")).scaleb(int(scientific[2]))
    if re.fullmatch(r"[0-9]{1,14}|[0-9]{1,13}[.,][0-9]*|[.,][0-9]+", digits):
        return Decimal(digits.replace(",", "."))
    for group, (escaped, points) in _GROUPED_BY.items():
        grouped = re.fullmatch(rf"([0-9]{{1,3}}(?:{escaped}[0-9]{{3}})+)(?:([{points}])([0-9]*))?", digits)
        if grouped and digits.count(group) <= 4 and (group == " " or grouped[2] or digits.count(group) > 1):
            return Decimal(grouped[1].replace(group, "") + "." + (grouped[3] or "0"))
    return None


_DIGITS = st.text("0123456789", min_size=1, max_size=5)
_NUMBERISH = st.one_of(
    st.lists(
        st.sampled_from([*"0123456789", "000", "123", ".", ",", " ", "-", "+", "€", "EUR", "e", "E5", "\u00a0", "\t", "\u2212"]),
        max_size=9,
    ).map("".join),
    st.builds("{}{}{}{}{}".format, st.sampled_from(["", "-", "+", "- ", "€ ", "€ -"]), _DIGITS, st.sampled_from([".", ","]), _DIGITS,
              st.sampled_from(["", "-", " €", " EUR", "€-", " "])),
    st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(lambda value: f"{value:,}"),
    st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(
        lambda value: f"{value:,}".translate(str.maketrans(",.", ".,"))
    ),
    st.floats(allow_nan=True).map(repr),
    st.text(max_size=8).filter(lambda text: "\x00" not in text),
)  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(_NUMBERISH, min_size=100, max_size=200))
def test_any_text_as_a_number(clean: Clean, values: list[str]) -> None:
    found = dict(zip(values, clean("number", "text", values), strict=True))
    assert found == {text: number_of(text) for text in values}


def day_of(text: str) -> date | None:
    """A business day as the casts should read it; None where they should not."""
    plain = text.strip(" \t\r\n\u00a0")
    german = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(.*)", plain, re.DOTALL)
    if german:
        plain = f"{german[3]}-{german[2]:0>2}-{german[1]:0>2}{german[4]}"
    if re.fullmatch(r"[0-9]{8}", plain):
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    parts = re.fullmatch(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
        r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?( ?(?:[Zz]|UTC|[-+][0-9]{2}(?::?[0-9]{2})?))?)?",
        plain,
    )
    if not parts or int(parts[1]) < 1900:
        return None
    try:
        day = date(int(parts[1]), int(parts[2]), int(parts[3]))
        moment = datetime(
            *day.timetuple()[:3], int(parts[4] or 0), int(parts[5] or 0), int(parts[6] or 0), int((parts[7] or "0")[:6].ljust(6, "0"))
        )  # fmt: skip
    except ValueError:
        return None
    if not parts[8]:
        return day
    offset = re.sub("[^0-9]", "", parts[8])
    if int(offset[:2] or 0) > 14 or int(offset[2:] or 0) > 59:
        return None
    zone = timezone(
        (-1 if "-" in parts[8] else 1) * timedelta(hours=int(offset[:2] or 0), minutes=int(offset[2:] or 0))
    )
    return moment.replace(tzinfo=zone).astimezone(BERLIN).date()


_ZONES = st.sampled_from(["", "", "Z", "z", "+00", "+02:00", "-0530", " UTC", "+14:00", "+15:00", "+1"])
_TIMES = st.one_of(
    st.just(""),
    st.times().map(lambda time: "T" + time.isoformat()),
    st.times().map(lambda time: f" {time:%H:%M}"),
    st.builds(" {:02}:{:02}:{:02}.{}".format, st.integers(20, 25), st.integers(55, 60), st.integers(58, 60), st.sampled_from(["9", "9999999", "999999999"])),
)  # fmt: skip
_DAYS = st.one_of(
    st.dates(date(1895, 1, 1), date(9998, 12, 31)).map(date.isoformat),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)).map(date.isoformat),
    st.builds("{:04}-{:02}-{:02}".format, st.sampled_from([1900, 2000, 2023, 2024, 2100]), st.integers(0, 13), st.integers(0, 32)),
    st.builds("{}.{}.{:04}".format, st.integers(0, 32), st.integers(0, 13), st.sampled_from([1900, 2000, 2024, 2025])),
    st.builds("{:02}.{:02}.{:04}".format, st.integers(0, 32), st.integers(0, 13), st.sampled_from([1899, 2000, 2024, 2025])),
    st.builds("{:04}{:02}{:02}".format, st.integers(1800, 2200), st.integers(0, 13), st.integers(0, 32)),
)  # fmt: skip
_DATEISH = st.one_of(
    st.builds("{}{}{}".format, _DAYS, _TIMES, _ZONES),
    _DAYS.map(lambda day: f" {day}\t"),
    st.text("0123456789-.:TZ+ ", max_size=20),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(_DATEISH, min_size=100, max_size=200))
def test_any_text_as_a_business_day(clean: Clean, values: list[str]) -> None:
    found = dict(zip(values, clean("date", "text", values, timezone="Asia/Tokyo", datestyle="SQL, DMY"), strict=True))
    assert found == {text: day_of(text) for text in values}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.one_of(st.sampled_from(list(BOOLEANS)), st.text(max_size=5).filter(lambda text: "\x00" not in text)),
                       min_size=50, max_size=100))  # fmt: skip
def test_any_text_as_a_boolean(clean: Clean, values: list[str]) -> None:
    truths = {"true", "t", "yes", "y", "ja", "j", "wahr", "1", "1.0", "1,0"}
    falsehoods = {"false", "f", "no", "n", "nein", "falsch", "0", "0.0", "0,0"}

    def expected(text: str) -> bool | None:
        word = text.strip(" \t\r\n\u00a0").lower()
        return True if word in truths else False if word in falsehoods else None

    assert clean("boolean", "text", values) == [expected(text) for text in values]
