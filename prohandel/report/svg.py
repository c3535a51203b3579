"""Drawings of the report, written into its HTML: no library, no file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from prohandel.dashboard.formats import is_missing

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 230, 64, 26, 12


@dataclass(frozen=True)
class Bar:
    """A bar of `bars`.

    Attributes:
        label: below it.
        value: its height.
        before: of the grey line across; None for none.
        plan: of the dashed line across; None for none.
        told: what it says when pointed at.
    """

    label: str
    value: float
    before: float | None
    plan: float | None
    told: str


def bars(found: Sequence[Bar], ticks: Sequence[tuple[float, str]], title: str) -> str:
    """Bars beside each other, each with lines across for what it is compared with.

    Args:
        found: from left to right.
        ticks: values of the axis with their labels, the largest last; it ends the axis.
        title: read to those who do not see it.
    """
    most = ticks[-1][0] or 1.0
    room = _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / max(len(found), 1)

    def y(value: float) -> float:
        return _TOP + room * (1 - min(max(value, 0.0), most) / most)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for value, label in ticks:
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
            f'<text class="axis" x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{escape(label)}</text>'
        )
    for number, bar in enumerate(found):
        left = _LEFT + step * number
        middle = left + step / 2
        top = y(bar.value)
        parts.append(
            f'<rect class="now" x="{left + step * 0.2:.1f}" y="{top:.1f}" width="{step * 0.6:.1f}" '
            f'height="{_HEIGHT - _BOTTOM - top:.1f}" rx="2"><title>{escape(bar.told)}</title></rect>'
        )
        for kind, across in (("before", bar.before), ("plan", bar.plan)):
            if across is not None:
                ends = f'x1="{left + step * 0.1:.1f}" x2="{left + step * 0.9:.1f}"'
                parts.append(f'<line class="{kind}" {ends} y1="{y(across):.1f}" y2="{y(across):.1f}"/>')
        parts.append(
            f'<text class="axis" x="{middle:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(bar.label)}</text>'
        )
    return "".join([*parts, "</svg>"])


def difference(value: float, most: float) -> str:
    """A bar to the right of the middle where more came in than before, to the left where less did.

    Args:
        value: the difference.
        most: the largest of all differences that stand below each other, unsigned.
    """
    if is_missing(value) or not most:
        return ""
    length = 48 * min(abs(value) / most, 1.0)
    left = 50.0 if value >= 0 else 50 - length
    kind = "more" if value >= 0 else "less"
    return (
        '<svg class="difference" viewBox="0 0 100 12" aria-hidden="true">'
        '<line class="grid" x1="50" x2="50" y1="0" y2="12"/>'
        f'<rect class="{kind}" x="{left:.1f}" y="2" width="{length:.1f}" height="8" rx="1"/></svg>'
    )


def axis(most: float) -> list[float]:
    """Round values from zero on that end at or above the largest: four steps at most of 1, 2, 2.5 or 5 x 10^n."""
    if most <= 0:
        return [0.0, 1.0]
    power = 10.0 ** (len(str(int(most))) - 1)
    steps = (power * scale * factor for scale in (0.1, 1.0) for factor in (1.0, 2.0, 2.5, 5.0))
    step = next(step for step in steps if step * 4 >= most)
    number = 1
    while step * number < most:
        number += 1
    return [step * index for index in range(number + 1)]
