"""Shows publications to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from prohandel.publication.history import Publication, current, is_on_hold


def says(publication: Publication) -> str:
    """What became of a gated run, in a sentence."""
    if publication.outcome == "published":
        return (
            f"Published: {publication.rows_changed:,} changed rows of {publication.tables_changed} tables "
            f"in {publication.seconds:.1f} s (publication {publication.publication_id})"
        )
    if publication.outcome == "held":
        return "Not published: publishing is on hold since a rollback. Next: prohandel publications release"
    return f"Not published: {len(publication.failed)} failed; people go on reading the last good marts"


def show_publications(found: Sequence[Publication], console: Console) -> None:
    """The list, the newest first, and what readers see."""
    if not found:
        console.print("Nothing was ever published. Next: prohandel run --gate", highlight=False)
        return
    seen = current(found)
    table = Table(title="Publications", title_justify="left")
    for name in ("", "number", "run", "outcome", "as of", "synced until", "rows", "can be undone", "why"):
        table.add_column(name, justify="right" if name in ("number", "rows") else "left")
    for one in found[:20]:
        table.add_row(
            "read" if one is seen else "",
            str(one.publication_id),
            _clock(one.run_at),
            "rolled back" if one.rolled_back_at else one.outcome,
            one.as_of_date.isoformat() if one.as_of_date else "",
            _clock(one.synced_until) if one.synced_until else "",
            f"{one.rows_changed:,}",
            "yes" if one.is_kept else "",
            one.note or ", ".join(one.failed[:3]),
        )
    console.print(table)
    if is_on_hold(found):
        console.print("Publishing is on hold since a rollback. Next: prohandel publications release", highlight=False)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
