"""Forecasts and sums against numbers worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from scipy import stats

from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS
from tests.python.api.asking import Api, problem, served
from tests.python.api.hand_made import AS_OF, HORIZON, ODD_ARTICLE, baseline, build, stored
from tests.python.conftest import Database

ODD = quote(ODD_ARTICLE, safe="")


def days(first: date, count: int) -> list[str]:
    return [(first + timedelta(days=day)).isoformat() for day in range(count)]


def test_the_stored_forecast_is_given_as_it_is_stored(api: Api) -> None:
    given = api.get("/v1/forecasts/B1/A1").json()
    assert given == {
        "branch_number": "B1",
        "article_number": "A1",
        "model": "negative_binomial",
        "forecast_origin": "2026-02-27",
        "is_from_batch": True,
        "is_cold_start": False,
        "dispersion": 0.0,
        "level_cv2": 0.0,
        "days": days(date(2026, 2, 28), 28),
        "mean": [0.5] * 28,
        "quantiles": {name: [100 * (q + 1) + day for day in range(1, 29)] for q, name in enumerate(LEVEL_NAMES)},
        "model_mean": None,
    }


def test_days_and_quantiles_are_chosen(api: Api) -> None:
    given = api.get(f"/v1/forecasts/B2/{ODD}?days=2&quantiles=p95&quantiles=p50").json()
    assert given["days"] == ["2026-02-28", "2026-03-01"]
    assert given["mean"] == [1, 1.125]
    assert given["quantiles"] == {"p50": [701, 702], "p95": [1301, 1302]}
    assert given["model_mean"] == [0.25, 0.25]
    assert given["is_cold_start"] is True
    assert given["article_number"] == ODD_ARTICLE


def test_what_no_batch_has_comes_from_the_mart_with_all_quantiles(api: Api) -> None:
    given = api.get("/v1/forecasts/B1/A2").json()
    assert (given["model"], given["is_from_batch"], given["is_cold_start"]) == ("baseline", False, None)
    assert given["days"] == days(date(2026, 2, 28), 28)
    assert given["mean"] == [0.25] * 28
    # Of Poisson(0.25): P(0) = 0.7788, P(up to 1) = 0.9735, P(up to 2) = 0.9978.
    shown = {name: values[0] for name, values in given["quantiles"].items()}
    zero = dict.fromkeys(LEVEL_NAMES[:10], 0)
    assert shown == zero | {"p80": 1, "p90": 1, "p95": 1, "p99": 2}


def test_many_come_in_their_order_each_once_and_the_missing_are_named(api: Api) -> None:
    asked = [("B1", "A2"), ("B1", "nothing"), ("B2", ODD_ARTICLE), ("B1", "A2"), ("B1", "A1")]
    pairs = [{"branch_number": branch, "article_number": article} for branch, article in asked]
    given = api.post("/v1/forecasts", {"pairs": pairs, "days": 3}).json()
    assert [one["article_number"] for one in given["forecasts"]] == ["A2", ODD_ARTICLE, "A1"]
    assert given["missing"] == [{"branch_number": "B1", "article_number": "nothing"}]
    assert given["forecasts"][2] == api.get("/v1/forecasts/B1/A1?days=3").json()
    assert given["forecasts"][0] == api.get("/v1/forecasts/B1/A2?days=3").json()


def test_an_unknown_series_is_a_problem(api: Api) -> None:
    problem(api.get("/v1/forecasts/B1/nothing"), 404, "no-forecast")
    problem(api.get("/v1/sums/B9/A1"), 404, "no-forecast")


def test_a_sum_has_quantiles_of_its_own(api: Api) -> None:
    given = api.get("/v1/sums/B1/A1?days=14&quantiles=p50&quantiles=p80&quantiles=p95&quantiles=p99").json()
    # Fourteen days of 0.5 are Poisson(7): its distribution function at 6, 7, 8, 9, 11, 12, 13, 14 is
    # .450 .599 .729 .830 .947 .973 .987 .994.
    assert given["quantiles"] == {"p50": 7, "p80": 9, "p95": 12, "p99": 14}
    assert (given["first_day"], given["last_day"]) == ("2026-02-28", "2026-03-13")
    assert (given["mean"], given["sd"], given["days_beyond_horizon"]) == (7.0, pytest.approx(7**0.5, abs=1e-6), 0)


def test_a_sum_has_dispersion_and_level_in_it(api: Api) -> None:
    given = api.get(f"/v1/sums/B2/{ODD}?first=2&days=3").json()
    # Means 1.125, 1, 1.125; variance = S + c S^2 + a (1 + c) sum of squares, by the law of total variance.
    mean = 3.25
    variance = mean + 0.125 * mean**2 + 0.5 * 1.125 * (1.125**2 + 1 + 1.125**2)
    assert (given["first_day"], given["last_day"]) == ("2026-03-01", "2026-03-03")
    assert given["mean"] == pytest.approx(mean)
    assert given["sd"] == pytest.approx(variance**0.5, abs=1e-6)
    size = mean**2 / (variance - mean)
    expected = stats.nbinom.ppf(LEVELS, size, size / (size + mean))
    assert list(given["quantiles"].values()) == expected.tolist()


def test_beyond_the_horizon_days_are_like_its_last_week(api: Api) -> None:
    given = api.get(f"/v1/sums/B2/{ODD}?first=27&days=4").json()
    # Days 27 and 28 are 1 and 1.125; days 22 to 28 are four of 1.125 and three of 1.
    assert given["mean"] == pytest.approx(1 + 1.125 + 2 * (4 * 1.125 + 3) / 7, abs=1e-6)
    assert given["days_beyond_horizon"] == 2
    assert api.get(f"/v1/sums/B2/{ODD}?first=40&days=4").json()["days_beyond_horizon"] == 4


def test_sums_of_many_are_those_of_each(api: Api) -> None:
    asked = [
        ("B2", ODD_ARTICLE, 3, 2),
        ("B1", "A2", 10, 1),
        ("B1", "A1", 14, 1),
        ("B1", "A1", 1, 1),
        ("B9", "A1", 1, 1),
    ]
    sums = [
        {"branch_number": branch, "article_number": article, "days": length, "first": first}
        for branch, article, length, first in asked
    ]
    given = api.post("/v1/sums", {"sums": sums, "quantiles": ["p95"]}).json()
    single = [
        api.get(f"/v1/sums/{branch}/{quote(article, safe='')}?days={length}&first={first}&quantiles=p95").json()
        for branch, article, length, first in asked[:4]
    ]
    assert given == {"sums": single, "missing": [{"branch_number": "B9", "article_number": "A1"}]}


def test_an_older_batch_is_read_from_tomorrow_on_and_one_that_is_too_old_not_at_all(
    database: Database, tmp_path: Path
) -> None:
    with database.connect() as conn:
        build(conn)
        conn.execute("delete from forecasting.forecasts")
        stored(conn, AS_OF - timedelta(days=3))
        # Of a batch that saw later days than the marts nothing is shown.
        stored(conn, AS_OF + timedelta(days=1))
        baseline(conn, "B1", "A1", 0.125)
    with served(database, tmp_path) as api:
        given = api.get("/v1/forecasts/B1/A1?quantiles=p50").json()
        assert (given["forecast_origin"], given["is_from_batch"]) == ("2026-02-24", True)
        assert given["days"] == days(AS_OF + timedelta(days=1), HORIZON - 3)
        assert given["quantiles"]["p50"] == [700 + day for day in range(4, 29)]
        assert api.get("/v1/sums/B1/A1?days=26").json()["days_beyond_horizon"] == 1
    with served(database, tmp_path / "older", most_age_days=2) as api:
        given = api.get("/v1/forecasts/B1/A1").json()
        assert (given["forecast_origin"], given["is_from_batch"], given["mean"][0]) == ("2026-02-27", False, 0.125)
