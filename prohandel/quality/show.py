"""Shows incidents to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel.quality.incidents import Incident
from prohandel.quality.watch import Watch


def says(watch: Watch) -> list[str]:
    """What a look found and did, a line per matter."""
    changes = watch.changes
    lines = [
        f"Incidents: {len(watch.open)} open, {len(changes.opened)} of them new, {len(changes.worsened)} worse, "
        f"{len(changes.closed)} over" + (". Next: prohandel alerts list" if watch.open else "")
    ]
    if watch.blind:
        lines.append(f"Not looked at, because this run did not measure: {', '.join(sorted(watch.blind))}")
    if watch.unread:
        lines.append(f"The alarms of the connector were not read: {' '.join(watch.unread.split())}")
    if watch.deliveries:
        taken = sum(delivery.is_delivered for delivery in watch.deliveries)
        waiting = len(watch.deliveries) - taken
        lines.append(f"Messages: {taken} delivered" + (f", {waiting} not taken and tried again" if waiting else ""))
    if watch.lacking:
        lines.append(f"No address for a channel of alerts.yml: set {', '.join(watch.lacking)}")
    if watch.dead:
        lines.append(f"Channels that take no message: {', '.join(watch.dead)}")
    return lines


def show_watch(watch: Watch, console: Console) -> None:
    """Prints the open incidents, and what a look did."""
    show_incidents(watch.open, console)
    for line in says(watch):
        console.print(line, markup=False, soft_wrap=True)


def show_incidents(incidents: Sequence[Incident], console: Console) -> None:
    """Prints incidents as a table."""
    if not incidents:
        console.print("No incident is open.")
        return
    table = Table(title="Open incidents", title_justify="left")
    for name in ("id", "severity", "kind", "where", "since (UTC)", "rows", "owner", "what"):
        table.add_column(name, justify="right" if name in ("id", "rows") else "left")
    for one in incidents:
        where = one.table + (f".{one.column}" if one.column else "") + ("" if one.branch == "all" else f" {one.branch}")
        known = f" (known: {one.acknowledged_by})" if one.acknowledged_by else ""
        table.add_row(
            str(one.id),
            one.severity,
            one.kind,
            where,
            f"{one.since.astimezone(UTC):%Y-%m-%d %H:%M}",
            f"{one.rows:,}",
            one.owner,
            escape((one.symptoms[0] if one.symptoms else "") + known),
        )
    console.print(table)
