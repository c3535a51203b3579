"""The text of messages: each fact is in it, no person is, and docs/alerts.md shows what the code gives today.

`python -m tests.python.quality.test_messages` writes the messages into docs/alerts.md anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import yaml

from prohandel.pipeline.target import PROJECT
from prohandel.quality.channels import Channel, Maintenance, Quiet, Rules, read_rules
from prohandel.quality.commands import alerts_app
from prohandel.quality.detect import RATES, _Rate
from prohandel.quality.incidents import Incident
from prohandel.quality.messages import Context, body, title
from prohandel.quality.symptoms import Kind
from tests.python.quality.documented import columns_by_relation, unknown

PAGE = PROJECT / "docs" / "alerts.md"
RULES = PROJECT / "alerts.example.yml"
RENEW = ".venv/bin/python -m tests.python.quality.test_messages"
# A Tuesday in winter, 18:05 in Berlin.
NOW = datetime(2026, 3, 3, 17, 5, tzinfo=UTC)
MARTS_OF_SALES = (
    "abc_classification", "article_ranking", "branch_day_performance", "customer_cohorts", "fct_sale_lines",
    "fct_sales_daily", "inventory_status", "product_profitability", "sales_performance", "sales_to_date",
)  # fmt: skip
MARTS_OF_STOCK = ("fct_inventory_daily", "inventory_status", "reorder_points", "stock_levels", "stockout_events")
MARTS_OF_ARTICLES = ("article_ranking", "dim_articles", "season_performance")


def incident(kind: Kind, table: str, hours: float, symptoms: Sequence[str], **values: Any) -> Incident:
    """An open incident that began some hours ago and was seen an hour later."""
    since = NOW.replace(minute=0) - timedelta(hours=hours)
    plain = Incident(
        id=12,
        root=f"{kind}|{table}|all",
        kind=kind,
        table=table,
        column=None,
        branch="all",
        severity="error",
        owner="data_platform",
        since=since,
        opened_at=since + timedelta(hours=1, minutes=5),
        last_seen_at=NOW,
        closed_at=None,
        rows=0,
        symptoms=tuple(symptoms),
        sample_keys=(),
        acknowledged_by=None,
        snoozed_until=None,
    )
    return replace(plain, **values)


@dataclass(frozen=True)
class Example:
    """A message that the page shows.

    Attributes:
        name: heading on the page.
        incident: what it is about.
        marts: that are affected.
        event: that calls for the message.
        occasion: the part of its key that tells it from others of the incident.
        consequence: what it says to follow.
    """

    name: str
    incident: Incident
    marts: tuple[str, ...]
    event: str
    occasion: str
    consequence: str

    @property
    def title(self) -> str:
        return title(self.incident, self.event)

    @property
    def body(self) -> str:
        return body(self.incident, self.event, Context(self.marts), NOW)


SILENT_TILL = incident(
    "missing_data", "sale", 3, ["0 lines arrived where 412 were expected"], id=12, branch="0901", rows=412
)
TOO_LOW = "Sales of branch 0901 are too low in every mart until its lines arrive."
EXAMPLES = (
    Example("Missing data", SILENT_TILL, MARTS_OF_SALES, "opened", "opened:error", TOO_LOW),
    Example(
        "Duplicates",
        incident(
            "duplicates", "sale", 1, ["2,041 of 2,043 rows are there twice, under another id, usually 0.2%"],
            id=13, column="id", rows=2037, sample_keys=("990211", "990212", "990213"),
        ),
        MARTS_OF_SALES, "opened", "opened:error",
        "Sales of all branches are wrong in every mart: they count twice, or have taken the place of older ones.",
    ),
    Example(
        "Schema change",
        incident(
            "schema_change", "sale", 1,
            [
                "column branch_number is gone", "column filiale is new",
                "1,210 of 1,210 values are empty, usually 0.0%",
            ],
            id=14, column="branch_number", rows=1210,
        ),
        MARTS_OF_SALES, "opened", "opened:error",
        "What is read from column branch_number of sale may be empty or unreadable in every mart.",
    ),
    Example(
        "Failed test",
        incident(
            "failed_test", "stg_prohandel__sales", 0,
            ["not_null_stg_prohandel__sales_sale_date: Got 3 results, configured to fail if != 0"],
            id=15, column="sale_date", rows=3,
        ),
        MARTS_OF_SALES, "opened", "opened:error",
        "What is built on stg_prohandel__sales shows the last good run; stg_prohandel__sales itself may be wrong.",
    ),
    Example(
        "Stale table",
        incident(
            "stale", "inventory", 6, ["nothing has arrived for 6 busy hours, 1 at the most as a rule"], id=16
        ),
        MARTS_OF_STOCK, "opened", "opened:error",
        "Every mart shows inventory as of Tue 03.03.2026 12:00; what has changed since is missing.",
    ),
    Example(
        "Anomaly of a branch",
        incident(
            "anomaly", "sale", 1,
            [
                "39 of 41 rows do not add up: label less discount is not what was paid, usually 0.4%",
                "38 of 41 rows carry another label price than their article, usually 1.2%",
            ],
            id=17, column="sale_price", branch="0904", rows=39, owner="controlling",
            sample_keys=("90411", "90412", "90413"),
        ),
        MARTS_OF_SALES, "opened", "opened:error",
        "Revenue, discounts or margins of branch 0904 are wrong in every mart.",
    ),
    Example(
        "Anomaly of a column",
        incident(
            "anomaly", "article", 0,
            ["18 of 240 values have damaged letters (an encoding was read as another), usually 0.0%"],
            id=18, column="brand", severity="warn", rows=18, owner="merchandising",
        ),
        MARTS_OF_ARTICLES, "opened", "opened:warn",
        "Articles may stand under a wrong category, brand, season, price or cost.",
    ),
    Example(
        "Alarm of the connector",
        incident(
            "connector", "connector", 2,
            [
                "alarm timeouts: invocations ran into the time limit (docs/runbooks/alarm-timeouts.md)",
                "alarm errors: invocations failed (docs/runbooks/alarm-errors.md)",
                "nothing has arrived for 6 busy hours, 1 at the most as a rule",
            ],
            id=19,
        ),
        (), "opened", "opened:error",
        "What ProHandel has recorded since then may not have landed; every mart shows what was there.",
    ),
    Example(
        "Forecasts that drift",
        incident(
            "forecast_drift", "demand_forecast", 41,
            [
                "category:Hosen sells more than was forecast (1.68 times as much), tracking signal 14.2, limit 10.4, "
                "model negative_binomial",
                "all sells more than was forecast, tracking signal 11.1, limit 10.4, model negative_binomial",
            ],
            id=20, severity="warn", owner="merchandising",
        ),
        ("demand_forecast", "reorder_recommendations"), "opened", "opened:warn",
        "Orders follow the forecast: too much or too little is proposed until the next batch has learned from it.",
    ),
    Example(
        "It has become worse",
        replace(
            SILENT_TILL, rows=4650, symptoms=("0 lines arrived where 4,650 were expected",),
            since=NOW - timedelta(hours=26, minutes=5),
        ),
        MARTS_OF_SALES, "worsened", "worsened:error:4650", TOO_LOW,
    ),
    Example(
        "A reminder",
        replace(
            SILENT_TILL, since=NOW - timedelta(hours=27, minutes=5), opened_at=NOW - timedelta(hours=25)
        ),
        MARTS_OF_SALES, "reminder", "reminder:1", TOO_LOW,
    ),
    Example("It is over", replace(SILENT_TILL, closed_at=NOW), MARTS_OF_SALES, "closed", "closed", ""),
)  # fmt: skip
TOLD_OPEN = [example for example in EXAMPLES if example.event != "closed"]


def page(text: str) -> str:
    """The page with the messages as the code gives them."""
    head = text.split("\n### ", 1)[0].rstrip()
    shown = [
        f"### {one.name}\n\n```text\n{one.title}\n\n{one.body}\n\n"
        f"Message {one.incident.id}:{one.occasion}:on-call\n```\n"
        for one in EXAMPLES
    ]
    return "\n".join([f"{head}\n", *shown])


def query_of(text: str) -> str:
    """The query in the body of a message."""
    return text.split("\nselect ", 1)[1].join(["select ", ""]).split(";", 1)[0]


def test_the_page_shows_todays_messages() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), f"docs/alerts.md shows other messages than the code gives. Renew it: {RENEW}"


def test_the_page_shows_every_kind_and_event() -> None:
    assert {example.incident.kind for example in EXAMPLES} == set(get_args(Kind))
    assert {example.event for example in EXAMPLES} == {"opened", "worsened", "reminder", "closed"}


def test_the_page_names_every_command() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = [command.name for command in alerts_app.registered_commands]
    assert [name for name in names if f"`prohandel alerts {name}" not in text] == []


@pytest.mark.parametrize("example", TOLD_OPEN, ids=lambda example: example.name)
def test_every_fact_is_told(example: Example) -> None:
    about, text = example.incident, example.body
    facts = [
        f"Where: {'the connection' if about.kind == 'connector' else f'table {about.table}'}",
        f"How bad: {about.severity}",
        f"Owner: {about.owner}",
        f"What to do: docs/runbooks/{about.kind}.md",
        f"prohandel alerts show {about.id}",
        f"prohandel alerts acknowledge {about.id} --by NAME",
        f"prohandel alerts snooze {about.id} --hours 4",
        example.consequence,
        *about.sample_keys,
        *example.marts[:8],
    ]
    facts += [f", column {about.column}"] if about.column else []
    facts += [f", branch {about.branch}"] if about.branch != "all" else []
    facts += [f"{about.rows:,} rows"] if about.rows else []
    assert [fact for fact in facts if fact not in text] == []
    assert all(symptom[1:] in text for symptom in about.symptoms)


def test_times_are_those_of_berlin() -> None:
    assert "Since: Tue 03.03.2026 15:00 (3 hours)" in EXAMPLES[0].body
    summer = replace(SILENT_TILL, since=datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    assert "Since: Wed 01.07.2026 14:00" in body(summer, "opened", Context(), datetime(2026, 7, 1, 13, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.2, "less than an hour"), (1.2, "1 hour"), (5, "5 hours"), (47, "47 hours"), (50, "2 days"), (240, "10 days")],
)
def test_durations(hours: float, words: str) -> None:
    assert f"({words})" in body(replace(SILENT_TILL, since=NOW - timedelta(hours=hours)), "opened", Context(), NOW)


def test_what_is_missing_is_an_estimate() -> None:
    assert "How bad: error, about 412 rows missing" in EXAMPLES[0].body
    assert "2,037 rows" in EXAMPLES[1].body
    assert "1 row\n" in body(replace(EXAMPLES[1].incident, rows=1), "opened", Context(), NOW)


def test_events_say_why_they_are_told() -> None:
    by_event = {example.event: example for example in EXAMPLES}
    assert by_event["worsened"].body.startswith("It has become worse since it was told.")
    assert by_event["reminder"].body.startswith("Seen for 25 hours, and nobody has acknowledged it.")
    assert by_event["worsened"].title == "[error] Worse: Rows are missing in sale, branch 0901"
    assert by_event["reminder"].title == "[error] Still: Rows are missing in sale, branch 0901"
    assert by_event["closed"].title == "[error] Over: Rows are missing in sale, branch 0901"


def test_the_end_says_when_and_what_is_still_to_prove() -> None:
    text = EXAMPLES[-1].body
    assert "Incident 12 is over: the run of Tue 03.03.2026 18:05 saw nothing of it any more." in text
    assert "It lasted from Tue 03.03.2026 15:00, 3 hours." in text
    assert "docs/runbooks/missing_data.md#how-to-prove-that-it-is-mended" in text
    assert "acknowledge" not in text
    later = body(EXAMPLES[-1].incident, "closed", Context(), NOW + timedelta(days=9))
    assert later == text


@pytest.mark.parametrize("event", ["opened", "worsened", "reminder", "closed"])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_titles_fit_a_phone(kind: Kind, event: str) -> None:
    short = incident(kind, "sale", 1, ["x"], branch="0901", column="sale_price")
    assert "sale" in title(short, event)
    assert title(short, event).endswith(", branch 0901")
    long = incident(
        kind, "int_planning__transfer_candidates_of_all_branches", 1, ["x"], branch="filialen_nord/0901-outlet",
        column="landed_delivery_time_days",
    )  # fmt: skip
    assert len(title(long, event)) <= 78
    assert title(long, event).endswith(", branch filialen_nord/0901-outlet")
    assert len(title(replace(long, branch="b" * 90), event)) <= 78
    assert "\n" not in title(long, event)


def test_long_lists_are_cut() -> None:
    many = replace(
        SILENT_TILL, symptoms=tuple(f"symptom {n}" for n in range(9)), sample_keys=tuple(str(n) for n in range(70, 79))
    )
    text = body(many, "opened", Context(tuple(f"mart_{n}" for n in range(10))), NOW)
    assert "And 4 further symptoms." in text
    assert "For example: 70, 71, 72\n" in text
    assert "mart_7 and 2 more" in text


def test_no_person_is_in_a_message() -> None:
    refused = incident(
        "failed_test", "stg_prohandel__customers", 0,
        [
            "unique_stg_prohandel__customers_customer_id: Database Error in test unique (models/staging/x.yml)\n"
            '  invalid input syntax for type numeric: "Erika Mustermann"\n'
            "  DETAIL: Key (email)=(erika@example.com) already exists.",
            "x: duplicate key: Key (customer_number)=(4711001) for erika@example.com",
        ],
        sample_keys=("4711001", "4711002"),
    )  # fmt: skip
    text = body(refused, "opened", Context(("dim_customers",)), NOW)
    assert [word for word in ("Erika", "Mustermann", "4711001", "4711002", "@") if word in text] == []
    assert "invalid input syntax for type numeric: …." in text


def test_a_table_that_is_gone_has_no_column() -> None:
    gone = incident("schema_change", "inventory", 1, ["the table is gone"], column="*")
    text = body(gone, "opened", Context(), NOW)
    assert "Where: table inventory\n" in text
    assert "What is read from the columns of inventory may be empty" in text


@pytest.fixture(scope="module")
def columns() -> Mapping[tuple[str, str], frozenset[str]]:
    return columns_by_relation()


@pytest.mark.parametrize("example", TOLD_OPEN, ids=lambda example: example.name)
def test_queries_name_what_is_there(example: Example, columns: Mapping[tuple[str, str], frozenset[str]]) -> None:
    query = query_of(example.body)
    assert unknown(query, columns) == []
    # The connection itself is no table, and a drift is of segments: their queries show all of them.
    assert f"'{example.incident.table}'" in query or example.incident.kind in ("connector", "forecast_drift")
    assert example.incident.branch == "all" or f"'{example.incident.branch}'" in query


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{rate.table}-{rate.metric}")
def test_every_rate_has_a_consequence_and_a_query(
    rate: _Rate, columns: Mapping[tuple[str, str], frozenset[str]]
) -> None:
    table = rate.about or rate.table
    seen = incident(
        rate.kind, table, 1, [f"3 of 9 rows {rate.says}"],
        column=rate.column, severity=rate.severity, rows=3,
    )  # fmt: skip
    text = body(seen, "opened", Context(), NOW)
    assert "may be wrong" not in text
    assert unknown(query_of(text), columns) == []
    assert "quality.signals" in query_of(text)


def test_names_with_quotes_stay_within_their_literal() -> None:
    odd = replace(SILENT_TILL, branch="O'Hara")
    assert "branch_number = 'O''Hara'" in body(odd, "opened", Context(), NOW)


def test_the_example_of_the_rules_shows_every_key() -> None:
    rules = read_rules(RULES)
    assert len(rules.channels) > 1
    assert any(channel.is_fallback for channel in rules.channels)
    assert rules.quiet is not None
    content = yaml.load(RULES.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    shown = {
        *content,
        *(f"channel.{key}" for channel in content["channels"] for key in channel),
        *(f"quiet.{key}" for key in content["quiet"]),
        *(f"maintenance.{key}" for window in content["maintenance"] for key in window),
    }
    known = {
        *Rules.model_fields,
        *(f"channel.{key}" for key in Channel.model_fields),
        *(f"quiet.{key}" for key in Quiet.model_fields),
        *(f"maintenance.{key}" for key in Maintenance.model_fields),
    }
    assert shown == known


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
