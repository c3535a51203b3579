"""Where the real dbt packages lie, for tests that compare with them."""

from __future__ import annotations

import os
from pathlib import Path

from prohandel.pipeline.target import PROJECT


def vendored_packages() -> Path:
    """The folder that PROHANDEL_DBT_PACKAGES_DIR names, else `packages/` beside the project."""
    named = os.environ.get("PROHANDEL_DBT_PACKAGES_DIR")
    return Path(named) if named else PROJECT.parent / "packages"
