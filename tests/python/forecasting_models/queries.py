"""The compiled queries of the forecasting models, run over a few rows that a test writes: milliseconds, not a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from tests.python.scenarios.harness import Warehouse

_BASELINE = (
    "int_forecasting__pair_weekdays",
    "int_forecasting__weekday_sums",
    "int_forecasting__weekday_factors",
    "int_forecasting__category_levels",
    "int_forecasting__pair_levels",
    "int_forecasting__dispersions",
    "int_forecasting__levels",
    "int_forecasting__baseline",
)
# Every model with those that are built before it, from the tables below.
MODELS: dict[str, tuple[str, ...]] = {
    "int_forecasting__baseline": _BASELINE,
    "int_forecasting__features": ("int_forecasting__features",),
    "demand_forecast": (*_BASELINE, "int_forecasting__batches", "demand_forecast"),
    "int_planning__lead_time_sums": ("int_planning__lead_time_sums",),
    "int_planning__lead_time_demand": ("int_planning__lead_time_sums", "int_planning__lead_time_demand"),
    "int_planning__proposals": ("int_planning__proposals",),
    "forecast_accuracy": ("forecast_accuracy",),
    "forecast_drift": ("forecast_drift",),
}
ALL = sorted({name for names in MODELS.values() for name in names})
MARTS = ("demand_forecast", "forecast_accuracy", "forecast_drift")

# What the models read, with the columns that they use.
TABLES = {
    "intermediate.int_as_of": "newest_day date, as_of_date date",
    "intermediate.int_forecasting__series": (
        "branch_number text, article_number text, series_start date, series_end date, has_own_stock boolean,"
        " category text, is_forecastable boolean, list_price_gross numeric(18, 4), season_starts_on date,"
        " season_ends_on date, category_level_1 text, brand text, supplier text, season text, price_tier text,"
        " assortment_type text, state text, shop_type text, is_online boolean"
    ),
    "intermediate.int_forecasting__articles": "article_number text, category text",
    "intermediate.int_forecasting__demand_spans": (
        "branch_number text, article_number text, first_day date, last_day date, demand_units numeric(18, 4),"
        " in_stock_share numeric(18, 6)"
    ),
    "intermediate.int_forecasting__calendar": (
        "branch_number text, date_day date, iso_weekday integer, iso_week integer, month integer, is_sunday boolean,"
        " is_public_holiday boolean, is_day_before_holiday boolean, is_day_after_holiday boolean, is_open boolean,"
        " is_school_holiday boolean, is_promotion boolean"
    ),
    "marts.fct_sales_daily": (
        "date_day date, branch_number text, article_number text, demand_units numeric(18, 4),"
        " label_value numeric(18, 6), discount_amount numeric(18, 6)"
    ),
    "intermediate.int_articles__size_curves": "article_number text, article_size_number text",
    "intermediate.int_planning__order_policies": (
        "branch_number text, article_number text, lead_time_days integer, lead_time_sd_days numeric(18, 6),"
        " review_period_days integer, service_level numeric(18, 6), service_kind text"
    ),
    "intermediate.int_inventory__pair_spans": (
        "branch_number text, article_number text, first_day date, inferred_receipts numeric(18, 4)"
    ),
}

# What `prohandel forecast` writes; there before the models are compiled, which ask whether it is.
STORED = {
    "forecasting.forecasts": (
        "forecast_origin date, branch_number text, article_number text, run_id bigint, model text,"
        " is_cold_start boolean, demand_mean real[], demand_quantiles real[][], dispersion real, level_cv2 real"
    ),
    "forecasting.scores": (
        "model text, segment text, forecast_origin date, horizon_week integer, wape double precision,"
        " bias double precision, rmsse double precision, scaled_pinball double precision,"
        " coverage_p80 double precision, coverage_p95 double precision, n_series integer, n_points integer,"
        " is_champion boolean"
    ),
    "forecasting.drift": (
        "model text, segment text, week date, tracking_signal double precision, wape double precision,"
        " baseline_wape double precision, psi double precision, is_drifting boolean"
    ),
    "forecasting.proposals": (
        "proposal_id bigint, proposed_on date, article_number text, branch_number text, supplier text,"
        " units numeric, value_cost numeric, status text, decided_at timestamptz"
    ),
}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Queries:
    """The compiled select of every model in `MODELS`.

    Attributes:
        warehouse: the database that they name.
        selects: by model, of all that `MODELS` names.
    """

    warehouse: Warehouse
    selects: Mapping[str, str] = field(repr=False)

    def run(
        self,
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        model: str,
        columns: Sequence[str],
        given: Mapping[str, str] | None = None,
    ) -> Rows:
        """Builds a model and those before it over the given tables, and gives columns of it, ordered by them.

        Args:
            tables: rows by table of `TABLES`, `STORED` and `given`; a table that is not given is empty, a column that
                is not given null.
            model: the one that is asked for.
            columns: of it.
            given: models that are not built, with the columns of a table that takes their place (rows in `tables`).
        """
        with self.warehouse.connect() as conn, conn.transaction(force_rollback=True):
            for name, declared in {**TABLES, **(given or {})}.items():
                conn.execute(sql.SQL("create table {} ({})").format(_identifier(name), sql.SQL(declared)))
            for name, rows in tables.items():
                for row in rows:
                    conn.execute(
                        sql.SQL("insert into {} ({}) values ({})").format(
                            _identifier(name),
                            sql.SQL(", ").join(map(sql.Identifier, row)),
                            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
                        ),
                        list(row.values()),
                    )
            for name in MODELS[model]:
                full = f"{_schema(name)}.{name}"
                if full not in (given or {}):
                    kind = sql.SQL("view" if name == model else "table")
                    conn.execute(
                        sql.SQL("create {} {} as ").format(kind, _identifier(full)) + sql.SQL(self.selects[name])
                    )
            query = sql.SQL("select {} from {} order by {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                _identifier(f"{_schema(model)}.{model}"),
                sql.SQL(", ").join(sql.Literal(place) for place in range(1, len(columns) + 1)),
            )
            return conn.execute(query).fetchall()


def _schema(model: str) -> str:
    return "marts" if model in MARTS else "intermediate"


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def compile_queries(warehouse: Warehouse) -> Queries:
    """Compiles the models for a full build."""
    for schema in ("intermediate", "marts", "forecasting", "state"):
        warehouse.execute(f"create schema {schema}")
    warehouse.execute("create sequence state.change_number")
    for name, declared in STORED.items():
        warehouse.execute(f"create table {name} ({declared})")
    # Nothing is worked on over and over but these few rows; a plan for many would cost more than it saves.
    warehouse.execute(f"alter database {warehouse.name} set jit = off")
    result = warehouse.dbt("compile", "--select", *ALL)
    selects = {row.node.name: row.node.compiled_code for row in result.result.results if row.node.name in ALL}
    return Queries(warehouse, selects)
