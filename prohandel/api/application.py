"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Security
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp

from prohandel import __version__
from prohandel.api import answers, overrides, problems, recommendations, watching
from prohandel.api.database import NewestBatch, Pool, Schemas
from prohandel.api.forecasts import Pair, answers_of, series_of
from prohandel.api.gate import Limits, gate
from prohandel.api.keys import Keys
from prohandel.api.metrics import metrics_of
from prohandel.api.paging import page_of
from prohandel.api.problems import Problem, declared
from prohandel.api.responses import json_response, json_text, link_to_next, page_response, prefers_csv
from prohandel.api.shapes import (
    MOST_PAIRS,
    AccuracyQuery,
    Article,
    Branch,
    DriftQuery,
    ForecastQuery,
    ManyForecasts,
    ManySums,
    NewOverride,
    OverrideQuery,
    RecommendationQuery,
    SumQuery,
    WhatIf,
    places_of,
)
from prohandel.api.sums import Stretch, sums_of
from prohandel.api.what_if import line_of, what_if

_DESCRIPTION = f"""
Forecasts of demand, order recommendations, and the overrides of planners. Everything is read from the marts and from
the forecasts that `prohandel forecast` has stored; an override is applied by the next batch.

Requests carry a key: `Authorization: Bearer prohandel_...`. Errors are `application/problem+json` (RFC 9457). Units
are pieces, money is EUR, rates lie between 0 and 1, days are those of Berlin. A request asks for {MOST_PAIRS} series at
most.
"""
_PATH_PAIR = "/{branch_number}/{article_number:path}"


@dataclass(frozen=True)
class Service:
    """What the routes work with.

    Attributes:
        pool: of connections; opened and closed with the application.
        schemas: of the target.
        keys: of those who may ask.
        limits: of requests.
        most_age_days: the variable forecast_max_age_days.
        price_elasticity: for a what-if about a price without one of its own; None for none.
    """

    pool: Pool
    schemas: Schemas
    keys: Keys
    limits: Limits
    most_age_days: int = 7
    price_elasticity: float | None = None


def application(service: Service) -> ASGIApp:
    """The application behind its gate."""
    metrics = metrics_of(service.pool)
    return gate(routes(service, metrics.text), service.keys, service.limits, metrics)


def routes(service: Service, metrics_text: Callable[[], bytes]) -> FastAPI:
    """The application without its gate, which knows the OpenAPI document."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Without waiting: a server whose database is away says so instead of not starting.
        await run_in_threadpool(service.pool.open)
        try:
            yield
        finally:
            await run_in_threadpool(service.pool.close, 5.0)

    app = FastAPI(
        title="prohandel",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    problems.handle_problems(app)
    newest = NewestBatch(service.schemas, service.most_age_days)
    _forecasts(app, service, newest)
    _orders(app, service, newest)
    _watching(app, service)
    _overrides(app, service)
    _states(app, service, newest, metrics_text)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


async def _read(request: Request, _: Annotated[Any, Security(HTTPBearer(auto_error=False))]) -> None:
    """Any key may read; the gate has seen to it that there is one."""
    _require_json(request)


async def _write(request: Request, _: Annotated[Any, Security(HTTPBearer(auto_error=False))]) -> str:
    """The name of the key.

    Raises:
        Problem: it may not write.
    """
    key = getattr(request.state, "key", None)
    if key is None or "write" not in key.scopes:
        raise Problem(
            403, "Writing needs a key with the scope write: prohandel api key add NAME --write", "scope-missing"
        )
    _require_json(request)
    return str(key.name)


def _require_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind != "application/json":
        raise Problem(415, "Send the body as Content-Type: application/json.")


_READ = [Depends(_read)]
Writer = Annotated[str, Depends(_write)]


def _forecasts(app: FastAPI, service: Service, newest: NewestBatch) -> None:
    @app.get(
        f"/v1/forecasts{_PATH_PAIR}", dependencies=_READ, tags=["forecasts"],
        responses=_ok(answers.Forecast) | declared(404),
    )  # fmt: skip
    def one_forecast(
        branch_number: Branch, article_number: Article, query: Annotated[ForecastQuery, Query()]
    ) -> Response:
        """The forecast of one series, day by day."""
        pair = (branch_number, article_number)
        with service.pool.connection() as conn:
            found = answers_of(conn, service.schemas, newest.of(conn), [pair], query.days, places_of(query.quantiles))
        if pair not in found:
            raise _no_forecast()
        return json_response(found[pair])

    @app.post("/v1/forecasts", dependencies=_READ, tags=["forecasts"], responses=_ok(answers.Forecasts) | declared(400))
    def many_forecasts(body: ManyForecasts) -> Response:
        """The forecasts of up to 500 series; a pair that is named twice is given once."""
        pairs = list(dict.fromkeys((pair.branch_number, pair.article_number) for pair in body.pairs))
        with service.pool.connection() as conn:
            found = answers_of(conn, service.schemas, newest.of(conn), pairs, body.days, places_of(body.quantiles))
        given = ",".join(found[pair] for pair in pairs if pair in found)
        return json_response(f'{{"forecasts":[{given}],"missing":{json_text(_missing(pairs, found))}}}')

    @app.get(
        f"/v1/sums{_PATH_PAIR}", dependencies=_READ, tags=["forecasts"], responses=_ok(answers.Sum) | declared(404)
    )
    def one_sum(branch_number: Branch, article_number: Article, query: Annotated[SumQuery, Query()]) -> Response:
        """Demand of several days together, as over a lead time, with quantiles of its own."""
        pair = (branch_number, article_number)
        with service.pool.connection() as conn:
            found = series_of(conn, service.schemas, newest.of(conn), [pair])
        if pair not in found:
            raise _no_forecast()
        stretch = Stretch(pair, query.first, query.days)
        return json_response(json_text(sums_of([stretch], found, places_of(query.quantiles))[0]))

    @app.post("/v1/sums", dependencies=_READ, tags=["forecasts"], responses=_ok(answers.Sums) | declared(400))
    def many_sums(body: ManySums) -> Response:
        """Sums of up to 500 series, each over days of its own."""
        pairs = list(dict.fromkeys((one.branch_number, one.article_number) for one in body.sums))
        with service.pool.connection() as conn:
            found = series_of(conn, service.schemas, newest.of(conn), pairs)
        asked = [Stretch((one.branch_number, one.article_number), one.first, one.days) for one in body.sums]
        given = sums_of([stretch for stretch in asked if stretch.pair in found], found, places_of(body.quantiles))
        return json_response(json_text({"sums": given, "missing": _missing(pairs, found)}))


def _orders(app: FastAPI, service: Service, newest: NewestBatch) -> None:
    @app.post(
        "/v1/what-if",
        dependencies=_READ,
        tags=["orders"],
        responses=_ok(answers.WhatIfAnswer) | declared(400, 404, 409),
    )
    def what_would_be_ordered(body: WhatIf) -> Response:
        """What would be ordered with another service level, lead time, price or stock; nothing is written."""
        pair = (body.branch_number, body.article_number)
        with service.pool.connection() as conn:
            line = line_of(conn, service.schemas, pair)
            found = series_of(conn, service.schemas, newest.of(conn), [pair])
        if pair not in found:
            raise _no_forecast()
        if line is None:
            raise _no_recommendation()
        return json_response(json_text(what_if(pair, found[pair], line, body.model_dump(), service.price_elasticity)))

    @app.get(
        "/v1/recommendations", dependencies=_READ, tags=["orders"],
        responses=_ok(answers.RecommendationPage, csv=True) | declared(409),
    )  # fmt: skip
    def list_recommendations(request: Request, query: Annotated[RecommendationQuery, Query()]) -> Response:
        """Order recommendations, the most urgent and dearest first; CSV by `format=csv` or Accept: text/csv.

        The header Link has the address of the next page, for CSV as well.
        """
        filters = query.model_dump(include={"branch", "supplier", "category", "urgency"})
        with service.pool.connection() as conn:
            page = recommendations.recommendations(conn, service.schemas, filters, query.limit, query.cursor)
        headers = link_to_next(request, page)
        if query.format == "csv" or (query.format is None and prefers_csv(request.headers.get("accept", ""))):
            headers["Content-Disposition"] = 'attachment; filename="recommendations.csv"'
            content = recommendations.as_csv(page.rows)
            return Response(content, headers=headers, media_type="text/csv; charset=utf-8; header=present")
        return page_response("recommendations", page, headers)

    @app.get(
        f"/v1/recommendations{_PATH_PAIR}", dependencies=_READ, tags=["orders"],
        responses=_ok(answers.RecommendationWithSizes) | declared(404),
    )  # fmt: skip
    def one_recommendation(branch_number: Branch, article_number: Article) -> Response:
        """One recommendation, size by size."""
        pair = (branch_number, article_number)
        with service.pool.connection() as conn:
            found = recommendations.recommendation(conn, service.schemas, pair)
        if found is None:
            raise _no_recommendation()
        return json_response(json_text(found))


def _watching(app: FastAPI, service: Service) -> None:
    @app.get("/v1/accuracy", dependencies=_READ, tags=["watching"], responses=_ok(answers.AccuracyPage) | declared(409))
    def list_accuracy(request: Request, query: Annotated[AccuracyQuery, Query()]) -> Response:
        """How well every model forecast, the newest origins first; empty where no batch ever ran."""
        filters = query.model_dump(exclude={"limit", "cursor"})
        with service.pool.connection() as conn:
            page = page_of(conn, service.schemas, watching.ACCURACY, filters, query.limit, query.cursor)
        return page_response("accuracy", page, link_to_next(request, page))

    @app.get("/v1/drift", dependencies=_READ, tags=["watching"], responses=_ok(answers.DriftPage) | declared(409))
    def list_drift(request: Request, query: Annotated[DriftQuery, Query()]) -> Response:
        """Whether forecasts drift, the newest weeks first; empty where no batch ever ran."""
        filters = query.model_dump(exclude={"limit", "cursor"})
        with service.pool.connection() as conn:
            page = page_of(conn, service.schemas, watching.DRIFT, filters, query.limit, query.cursor)
        return page_response("drift", page, link_to_next(request, page))


def _overrides(app: FastAPI, service: Service) -> None:
    @app.get(
        "/v1/overrides", dependencies=_READ, tags=["overrides"], responses=_ok(answers.OverridePage) | declared(409)
    )
    def list_overrides(request: Request, query: Annotated[OverrideQuery, Query()]) -> Response:
        """Overrides, the newest first, those that were revoked included."""
        filters = query.model_dump(exclude={"limit", "cursor"})
        with service.pool.connection() as conn:
            page = overrides.overrides(conn, service.schemas, filters, query.limit, query.cursor)
        return page_response("overrides", page, link_to_next(request, page))

    @app.post(
        "/v1/overrides", status_code=201, tags=["overrides"],
        responses=_ok(answers.Override, 201) | declared(400, 403, 404),
    )  # fmt: skip
    def add_override(body: NewOverride, author: Writer) -> Response:
        """Write an override; the next batch applies it. Where several meet on a day, the newest has it."""
        return json_response(
            json_text(overrides.add_override(service.pool, service.schemas, body.model_dump(), author)), 201
        )

    @app.delete("/v1/overrides/{override_id}", tags=["overrides"], responses=_ok(answers.Override) | declared(403, 404))
    def revoke_override(override_id: Annotated[int, Path(ge=1, le=2**63 - 1)], _: Writer) -> Response:
        """Revoke an override: the next batch no longer applies it. It stays to be seen."""
        found = overrides.revoke_override(service.pool, service.schemas, override_id)
        if found is None:
            raise Problem(404, "There is no override of that number.")
        return json_response(json_text(found))


def _states(app: FastAPI, service: Service, newest: NewestBatch, metrics_text: Callable[[], bytes]) -> None:
    async def health() -> Response:
        """The server is alive; says nothing of the database."""
        return json_response(json_text({"status": "alive", "version": __version__}))

    def ready() -> Response:
        """The database answers and the marts are there, else 503."""
        with service.pool.connection() as conn:
            found = newest.of(conn, fresh=True)
        return json_response(
            json_text(
                {
                    "status": "ready",
                    "as_of_date": found.as_of_date,
                    "forecast_origin": found.forecast_origin,
                    "is_batch_used": found.is_fresh,
                }
            )
        )

    def metrics() -> Response:
        """Figures of the server, for Prometheus."""
        return Response(metrics_text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    text: dict[int | str, dict[str, Any]] = {
        200: {"description": "Figures.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    }
    for path, answer, responses, needed in (
        ("health", health, _ok(answers.Health), []),
        ("ready", ready, _ok(answers.Ready), []),
        ("metrics", metrics, text, _READ),
    ):
        described: dict[int | str, dict[str, Any]] = {**responses, **declared()}
        app.get(f"/v1/{path}", tags=["server"], responses=described, dependencies=needed)(answer)
        app.get(f"/{path}", include_in_schema=False, dependencies=needed)(answer)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the problem that every error is."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema.setdefault("components", {}).setdefault("schemas", {})
        components["Problem"] = problems.SCHEMA
        for unused in ("HTTPValidationError", "ValidationError"):
            components.pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema


def _ok(model: type, status: int = 200, *, csv: bool = False) -> dict[int | str, dict[str, Any]]:
    found: dict[str, Any] = {"model": model}
    if csv:
        found["content"] = {"text/csv": {"schema": {"type": "string"}}}
    return {status: found}


def _no_forecast() -> Problem:
    return Problem(404, "There is no forecast of this article in this branch.", "no-forecast")


def _no_recommendation() -> Problem:
    return Problem(404, "There is no recommendation for this article in this branch.", "no-recommendation")


def _missing(pairs: Sequence[Pair], found: Any) -> list[dict[str, str]]:
    return [
        {"branch_number": branch, "article_number": article}
        for branch, article in pairs
        if (branch, article) not in found
    ]
