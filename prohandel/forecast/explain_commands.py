"""The command `prohandel forecast explain`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from prohandel.console import AsJson, ProfilesDir, TargetName, out, print_json, say_done, use_profiles

if TYPE_CHECKING:
    from prohandel.forecast.explain import Explanation

_ORDER = (
    ("on_hand", "on hand"),
    ("on_order_units", "on order"),
    ("inbound_transfer_units", "from other branches"),
    ("lead_time_days", "lead time, days"),
    ("review_period_days", "review period, days"),
    ("service_level", "service level"),
    ("expected_lead_time_demand", "expected until the order after next arrives"),
    ("safety_stock", "safety stock"),
    ("reorder_point", "reorder point"),
    ("order_up_to_level", "order up to"),
    ("pack_units", "pack"),
    ("recommended_order_units", "recommended order"),
    ("order_value_cost", "its value at cost"),
)
_DRIVERS_SHOWN, _EFFECT_SHOWN = 8, 0.005


def forecast_explain(
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Number of the article.")],
    branch: Annotated[str, typer.Argument(metavar="BRANCH", help="Number of the branch.")],
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: FILE.svg or FILE.html.")] = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Explain a forecast and the order that is made of it.

    Shows the model and what drives it (level, weekdays, months and spread of the negative binomial; the effect of each
    feature of a boosted model), the history with the days without full stock, overrides, and the parts of the order.

    Examples:

        prohandel forecast explain 100123 0901
        prohandel forecast explain 100123 0901 --plot forecast.svg
    """
    from prohandel.forecast.explain import Schemas, explain
    from prohandel.forecast.explain_plot import write_plot
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(target)
    schemas = Schemas(*(where.schema_of(layer) for layer in ("forecasting", "intermediate", "marts")))
    with where.connect() as conn:
        found = explain(conn, schemas, article, branch)
    if plot:
        write_plot(found, plot)
    if as_json:
        print_json({**asdict(found), "censored_days": found.censored_days})
    else:
        _show(found)
    if plot:
        say_done(f"{plot} written")


def _show(found: Explanation) -> None:
    made = "by a batch" if found.is_from_batch else "embedded in the marts; no batch has a forecast of it"
    out.print(
        f"[bold]Article {escape(found.article_number)}, branch {escape(found.branch_number)}[/]: model {found.model}, "
        f"{made}, after {found.origin}",
        soft_wrap=True,
    )
    _show_forecast(found)
    _show_factors(found)
    _show_history(found)
    for override in found.overrides:
        says = f"x {override['factor']:g}" if override["factor"] is not None else f"{override['units']:g} units"
        out.print(
            f"Override {override['override_id']} of {escape(override['author'])}: {says} from {override['starts_on']} "
            f"to {override['ends_on']}: {escape(override['reason'])}",
            soft_wrap=True,
        )
    _show_order(found)


def _show_forecast(found: Explanation) -> None:
    week = sum(found.mean[:7])
    said = f"Expected: {week:.1f} units in the first 7 days, {sum(found.mean):.1f} in {len(found.mean)} days"
    if found.model_mean:
        said += f"; {sum(found.model_mean):.1f} without overrides"
    out.print(f"{said}.", soft_wrap=True)


def _show_factors(found: Explanation) -> None:
    factors = found.factors
    table = Table("driver", "value", title="What it is made of", title_justify="left")
    table.add_row("level, units a day", f"{factors['level']:g}")
    for day, factor in factors["weekday"].items():
        table.add_row(day, "" if factor is None else f"x {factor:g}")
    if set(factors["month"].values()) != {1.0}:
        for month, factor in factors["month"].items():
            table.add_row(f"month {month}", f"x {factor:g}")
    table.add_row("dispersion of a day (0 is Poisson)", f"{factors['dispersion']:g}")
    table.add_row("error of the level", f"{factors['level_error']:.0%}")
    if factors.get("is_cold_start"):
        table.add_row("history", "short: most of the level is borrowed from its group")
    out.print(table)
    shown = [one for one in found.drivers if abs(one[1] - 1.0) >= _EFFECT_SHOWN][:_DRIVERS_SHOWN]
    if shown:
        table = Table("feature", "multiplies by", title="What boosting adds (SHAP)", title_justify="left")
        for name, factor in shown:
            table.add_row(name.replace("_", " "), f"x {factor:g}")
        out.print(table)


def _show_history(found: Explanation) -> None:
    if not found.history:
        return
    days = len(found.history)
    sold = sum(units for _, units, _ in found.history)
    stocked = sum(share for _, _, share in found.history)
    rate = f", {sold / stocked:.2f} a day with stock" if stocked else ""
    out.print(
        f"History: {sold:g} units in {days} days{rate}; {found.censored_days} days without full stock, on which what "
        "was asked for is estimated.",
        soft_wrap=True,
    )


def _show_order(found: Explanation) -> None:
    if not found.order:
        out.print("There is no order recommendation: the article is not ordered for this branch.")
        return
    table = Table("order", "", title="What the order is made of", title_justify="left")
    for column, words in _ORDER:
        value = found.order.get(column)
        table.add_row(words, "" if value is None else f"{float(value):,.2f}".rstrip("0").rstrip("."))
    out.print(table)
    out.print(escape(str(found.order["reason"])), soft_wrap=True)
