"""What is built is a function of landed rows: nothing reads a clock but the runs that `quality` logs and freshness."""

from __future__ import annotations

import re

from prohandel.pipeline.target import PROJECT

_CLOCK = re.compile(
    r"\b(current_(date|time|timestamp)|localtime(stamp)?|(clock|statement|transaction)_timestamp|timeofday"
    r"|now\(|run_time\(|run_started_at|modules\.datetime)",
    re.IGNORECASE,
)
_MAY = ("macros/quality/", "macros/staging/freshness.sql", "models/quality/")


def test_only_logs_and_freshness_read_a_clock() -> None:
    files = [path for folder in ("models", "macros", "snapshots") for path in (PROJECT / folder).rglob("*.sql")]
    read = {path.relative_to(PROJECT).as_posix() for path in files if _CLOCK.search(path.read_text(encoding="utf-8"))}
    assert {path for path in read if not path.startswith(_MAY)} == set()
    # The pattern finds what there is.
    assert {"macros/quality/rejections.sql", "macros/staging/freshness.sql"} <= read
