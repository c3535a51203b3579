"""The text of a message: what, where, since when, how bad, what follows from it, where to look, what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from prohandel.quality.detect import RATES
from prohandel.quality.incidents import Incident
from prohandel.quality.symptoms import ALL_BRANCHES

_BERLIN = ZoneInfo("Europe/Berlin")
_LONGEST_TITLE = 78
# All columns at once stand as * where a table is gone.
_NO_COLUMN = (None, "*")
_SYMPTOMS_SHOWN, _MARTS_SHOWN, _KEYS_SHOWN = 5, 8, 3
PROOF = "how-to-prove-that-it-is-mended"
"""Anchor of the section of every runbook that shows whether all is well again."""

_TITLES = {
    "missing_data": "Rows are missing in {table}",
    "duplicates": "Rows of {table} are there twice",
    "schema_change": "{table} has other columns than before",
    "failed_test": "A test of {table} fails",
    "stale": "{table} has not been synced",
    "anomaly": "Something is wrong with {column} of {table}",
    "connector": "The {table} raises an alarm",
    "forecast_drift": "{table} drifts away from what is sold",
}
_PREFIXES = {"opened": "", "worsened": "Worse: ", "reminder": "Still: ", "closed": "Over: "}

_PRICES = "Revenue, discounts or margins of {where} are wrong in every mart."
_STOCK = "Stock of {where} is wrong, and with it days of supply, stockouts and order proposals."
_SUMS = "No mart reads these sums; but the connector may have counted sales that have not landed."
# By kind and severity; by table and column of an anomaly; by table where the column is none of these.
_CONSEQUENCES = {
    ("missing_data", "error"): "Sales of {where} are too low in every mart until {its} lines arrive.",
    ("duplicates", "error"): (
        "Sales of {where} are wrong in every mart: they count twice, or have taken the place of older ones."
    ),
    ("schema_change", "error"): "What is read from {column} of {table} may be empty or unreadable in every mart.",
    ("schema_change", "warn"): "A new column changes no figure, unless it takes the place of one that is empty now.",
    ("failed_test", "error"): "What is built on {table} shows the last good run; {table} itself may be wrong.",
    ("failed_test", "warn"): "The marts were built; the rows that the test finds may be wrong in them.",
    (
        "connector",
        "error",
    ): "What ProHandel has recorded since then may not have landed; every mart shows what was there.",
    ("connector", "warn"): "No figure is wrong. Once the function runs into its time limit, nothing lands any more.",
    (
        "forecast_drift",
        "warn",
    ): "Orders follow the forecast: too much or too little is proposed until the next batch has learned from it.",
    ("stale", "error"): "Every mart shows {table} as of {since}; what has changed since is missing.",
    ("stale", "warn"): "Every mart shows {table} as of {since}; what has changed since is missing.",
}
_OF_ANOMALIES = {
    ("sale", None): "These lines are in no mart: sales of {where} are too low.",
    ("sale", "branch_number"): "These lines stand under a branch without name, state and type; totals are right.",
    ("sale", "article_number"): "These lines count in every total, but without category, season and cost.",
    ("sale", "customer_number"): "Sales are right; area and country of these customers are not known.",
    ("sale", "date"): "Sales of {where} may stand on a wrong day or hour, or change days that were closed.",
    ("sale", "quantity"): "Units sold of {where} are wrong, and with them demand and reorder points.",
    ("sale", "sale_price"): _PRICES,
    ("sale", "label_price"): _PRICES,
    ("sale", "discount"): _PRICES,
    ("sale", "purchase_price"): _PRICES,
}
_OF_TABLES = {
    "sale": "Sales of {where} may be wrong in every mart.",
    "inventory": _STOCK,
    "inventory_history": _STOCK,
    "article": "Articles may stand under a wrong category, brand, season, price or cost.",
    "shop": "Branches may show a wrong name, type or state.",
    "customer": "What is known of customers may be wrong; sums of money are right.",
    "order": "Web orders and their delivery times may be wrong; sales are not made of them.",
    "daily_sales_agg": _SUMS,
    "article_sales_agg": _SUMS,
    "warehouse_inventory_agg": "No mart reads these sums; but stock may be counted that has not landed.",
}
_ELSE = "Marts that are built from {table} may be wrong."

_QUERIES = {
    "missing_data": (
        "select arrived_at, sum(numerator) as lines from quality.signals\n"
        "where {table} and metric = 'rows'{branch}\n"
        "and arrived_at > {since} - interval '1 day' group by arrived_at order by arrived_at;"
    ),
    "schema_change": (
        "select detected_at, column_name, change, old_type, new_type from quality.schema_changes\n"
        "where {table} order by detected_at desc limit 24;"
    ),
    "failed_test": (
        "select run_at, test_name, status, failures, message from quality.test_results\n"
        "where {table} and status <> 'pass' order by run_at desc limit 24;"
    ),
    "stale": (
        "select run_at, last_synced_at, hours_since_sync, rows_added, rows_changed from quality.table_metrics\n"
        "where {table} order by run_at desc limit 24;"
    ),
    "connector": (
        "select table_name, last_synced_at, hours_since_sync, rows_added, rows_changed from quality.table_metrics\n"
        "where run_at = (select max(run_at) from quality.table_metrics) order by last_synced_at;"
    ),
    "forecast_drift": (
        "select week, segment, model, tracking_signal, wape, baseline_wape, psi from marts.forecast_drift\n"
        "where is_drifting and week = (select max(week) from marts.forecast_drift)\n"
        "order by abs(tracking_signal) desc;"
    ),
    "anomaly": (
        "select metric, sum(denominator - numerator) as failing, sum(denominator) as checked,\n"
        "min(sample_key) as example from quality.signals where {table}{branch}\n"
        "and arrived_at >= {since} and denominator > 0 group by metric order by failing desc;"
    ),
    "column": (
        "select run_at, rows_measured, null_rate, unreadable_rate, damaged_rate, mean_length\n"
        "from quality.column_metrics\n"
        "where {table} and column_name = {column} order by run_at desc limit 24;"
    ),
}

# What a database quotes of a row in its errors, and addresses of people.
_VALUES = re.compile(r'(?<=: )"[^"]*"|(?<=\)=)\([^)]*\)|[\w.+-]+@[\w.-]+')


@dataclass(frozen=True)
class Context:
    """What an incident means to those who read it.

    Attributes:
        marts: that are built from the table.
    """

    marts: tuple[str, ...] = ()


def title(incident: Incident, event: str) -> str:
    """One line that a phone shows whole: 78 characters at the most."""
    head = f"[{incident.severity}] {_PREFIXES[event]}"
    where = "" if incident.branch == ALL_BRANCHES else f", branch {incident.branch}"
    what = _TITLES[incident.kind].format(table=incident.table, column=incident.column or "the rows")
    room = max(_LONGEST_TITLE - len(head) - len(where), 20)
    return _cut(head + _cut(what, room) + where, _LONGEST_TITLE)


def body(incident: Incident, event: str, context: Context, now: datetime) -> str:
    """The message, plain text."""
    if event == "closed":
        return _over(incident, now)
    parts = (
        _opening(incident, event, now),
        _symptoms(incident),
        _consequence(incident),
        _facts(incident, context, now),
        _steps(incident),
    )
    return "\n\n".join(part for part in parts if part)


def _over(incident: Incident, now: datetime) -> str:
    ended = incident.closed_at or now
    return "\n".join(
        [
            f"Incident {incident.id} is over: the run of {_clock(ended)} saw nothing of it any more.",
            f"Where: {_place(incident)}",
            f"It lasted from {_clock(incident.since)}, {_duration(ended, incident.since)}.",
            f"Is nothing left of it in the marts? {incident.runbook}#{PROOF}",
        ]
    )


def _opening(incident: Incident, event: str, now: datetime) -> str:
    return {
        "opened": "",
        "worsened": "It has become worse since it was told.",
        "reminder": f"Seen for {_duration(now, incident.opened_at)}, and nobody has acknowledged it.",
    }[event]


def _symptoms(incident: Incident) -> str:
    lines = [_sentence(incident, symptom) for symptom in incident.symptoms[:_SYMPTOMS_SHOWN]]
    if len(incident.symptoms) > _SYMPTOMS_SHOWN:
        lines.append(f"And {len(incident.symptoms) - _SYMPTOMS_SHOWN} further symptoms.")
    return "\n".join(lines)


def _sentence(incident: Incident, symptom: str) -> str:
    # dbt says in the first line what it could not do, in the second why; statements and paths follow.
    said = " ".join(line.strip() for line in symptom.strip().splitlines()[:2])
    said = _VALUES.sub("…", said).rstrip(".")
    return f"{said}." if incident.kind == "failed_test" else f"{said[:1].upper()}{said[1:]}."


def _consequence(incident: Incident) -> str:
    if incident.kind == "anomaly":
        of_table = _OF_TABLES.get(incident.table, _ELSE)
        says = _OF_ANOMALIES.get((incident.table, incident.column), of_table)
    else:
        says = _CONSEQUENCES.get((incident.kind, incident.severity), _ELSE)
    is_everywhere = incident.branch == ALL_BRANCHES
    return says.format(
        table=incident.table,
        column="the columns" if incident.column in _NO_COLUMN else f"column {incident.column}",
        where="all branches" if is_everywhere else f"branch {incident.branch}",
        its="their" if is_everywhere else "its",
        since=_clock(incident.since),
    )


def _facts(incident: Incident, context: Context, now: datetime) -> str:
    rows = f"{incident.rows:,} {'row' if incident.rows == 1 else 'rows'}"
    how_bad = f"about {rows} missing" if incident.kind == "missing_data" else rows
    lines = [
        f"Where: {_place(incident)}",
        f"Since: {_clock(incident.since)} ({_duration(now, incident.since)})",
        f"How bad: {incident.severity}" + (f", {how_bad}" if incident.rows else ""),
    ]
    if incident.sample_keys and "customer" not in incident.table:
        lines.append(f"For example: {', '.join(incident.sample_keys[:_KEYS_SHOWN])}")
    if context.marts:
        lines.append(f"Affects: {_listed(context.marts)}")
    lines.append(f"Owner: {incident.owner}")
    return "\n".join(lines)


def _steps(incident: Incident) -> str:
    return "\n".join(
        [
            f"What to do: {incident.runbook}",
            f"You are on it: prohandel alerts acknowledge {incident.id} --by NAME",
            f"Not now: prohandel alerts snooze {incident.id} --hours 4",
            f"Look: prohandel alerts show {incident.id}",
            "",
            _query(incident),
        ]
    )


def _query(incident: Incident) -> str:
    """A query that shows what was measured, for targets whose schemas carry no prefix."""
    kind = incident.kind
    if kind == "duplicates":
        kind = "anomaly"
    rated = {rate.column for rate in RATES if (rate.about or rate.table) == incident.table}
    if kind == "anomaly" and incident.column not in rated:
        kind = "column"
    table = f"table_name = {_literal(incident.table)}"
    if kind == "anomaly" and incident.table == "inventory":
        # That sales move no stock is measured on the lines of `sale`.
        table = f"({table} or metric = 'has_moved_stock')"
    return _QUERIES[kind].format(
        table=table,
        column=_literal(incident.column or ""),
        branch="" if incident.branch == ALL_BRANCHES else f" and branch_number = {_literal(incident.branch)}",
        since=f"timestamptz '{incident.since.astimezone(UTC):%Y-%m-%d %H:%M}+00'",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _place(incident: Incident) -> str:
    if incident.kind == "connector":
        return "the connection between ProHandel and the warehouse"
    column = f", column {incident.column}" if incident.column not in _NO_COLUMN else ""
    branch = "" if incident.branch == ALL_BRANCHES else f", branch {incident.branch}"
    return f"table {incident.table}{column}{branch}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MARTS_SHOWN])
    return shown if len(names) <= _MARTS_SHOWN else f"{shown} and {len(names) - _MARTS_SHOWN} more"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _clock(moment: datetime) -> str:
    return moment.astimezone(_BERLIN).strftime("%a %d.%m.%Y %H:%M")


def _duration(now: datetime, since: datetime) -> str:
    hours = round((now - since).total_seconds() / 3600)
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{round(hours / 24)} days"
