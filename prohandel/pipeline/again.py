"""A build that the database broke off is tried once more: what failed and what waited for it.

`dbt retry` does the same by what dbt wrote of the run before, which it does not write where it was stopped between two
nodes. A build in which anything failed for another reason is left alone: what waited for that must not be built.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from prohandel.errors import ProhandelError
from prohandel.pipeline.dbt import Outcome
from prohandel.pipeline.target import Target

# What passes by itself: a restart, a failover, a network that dropped, two sessions that wait for each other.
_TRANSIENT = re.compile(
    r"server closed the connection|connection (?:\w+ )*(?:closed|lost|refused|reset|terminated|timed out)"
    r"|terminating connection|could not connect|cannot connect now|in recovery mode|is starting up|is shutting down"
    r"|SSL (?:SYSCALL|connection)|deadlock detected|canceling statement due to lock timeout|could not serialize access"
    r"|remaining connection slots|too many (?:clients|connections)|could not receive data|could not send data",
    re.IGNORECASE,
)
_WAITS = (5.0, 10.0, 15.0, 30.0)

Sleep = Callable[[float], None]


def is_transient(text: str) -> bool:
    """Is this an error of the database that passes by itself?"""
    return _TRANSIENT.search(text) is not None


def was_broken_off(outcome: Outcome) -> bool:
    """Did a build fail, and for nothing but errors that pass by themselves?"""
    failed = [node for node in outcome.nodes if node.has_failed]
    messages = [node.message for node in failed] + ([outcome.error] if outcome.error else [])
    return bool(messages) and all(map(is_transient, messages))


def arguments_of_rest(outcome: Outcome, arguments: Sequence[str]) -> list[str]:
    """Arguments of `dbt build` for what failed and what waited for it; all of them where dbt did not come to an end."""
    rest = [node.name for node in outcome.nodes if node.has_failed or node.status == "skipped"]
    if outcome.error or not rest:
        return list(arguments)
    kept = ["--full-refresh"] if "--full-refresh" in arguments else []
    return ["--exclude-resource-type", "unit_test", "--indirect-selection", "empty", *kept, "--select", *rest]


def together(first: Outcome, second: Outcome) -> Outcome:
    """What a build and its second try came to: of each node the later result."""
    nodes = {node.unique_id: node for node in (*first.nodes, *second.nodes)}
    return Outcome(first.seconds + second.seconds, tuple(nodes.values()), error=second.error)


def wait_for_database(target: Target, sleep: Sleep = time.sleep) -> None:
    """Waits until the database answers again; a minute at the most.

    Raises:
        ProhandelError: it does not.
    """
    for pause in _WAITS:
        sleep(pause)
        try:
            target.connect().close()
        except ProhandelError as error:
            last = error
        else:
            return
    raise last
