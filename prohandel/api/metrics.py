"""What the server says of itself to Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from prohandel.api.database import Pool

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Metrics:
    """Figures of one server.

    Attributes:
        registry: that they are in.
        requests: by path, method and status.
        seconds: of requests, by path.
        running: requests that are being answered.
    """

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    running: Gauge

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


def metrics_of(pool: Pool) -> Metrics:
    """Figures that start at zero, with those of a pool and of the process."""
    registry = CollectorRegistry()
    registry.register(_PoolCollector(pool))
    ProcessCollector(registry=registry)
    return Metrics(
        registry=registry,
        requests=Counter(
            "prohandel_api_requests", "Requests that were answered.", ["path", "method", "status"], registry=registry
        ),
        seconds=Histogram(
            "prohandel_api_request_seconds", "Seconds from request to answer.", ["path"],
            buckets=_SECONDS, registry=registry,
        ),
        running=Gauge("prohandel_api_requests_running", "Requests that are being answered.", registry=registry),
    )  # fmt: skip


class _PoolCollector(Collector):
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        stats = self._pool.get_stats()
        for name, key, words in (
            ("connections", "pool_size", "Connections to the database."),
            ("connections_idle", "pool_available", "Connections that nobody uses."),
            ("requests_waiting", "requests_waiting", "Requests that wait for a connection."),
        ):
            yield GaugeMetricFamily(f"prohandel_api_pool_{name}", words, value=stats.get(key, 0))
