"""A simulated German fashion retailer that lands ProHandel's tables, deterministic by its seed."""

from __future__ import annotations

from prohandel.landing.simulate.landing import Summary, simulate

__all__ = ["Summary", "simulate"]
