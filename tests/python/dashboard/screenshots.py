"""Pictures of all pages over a warehouse: `python -m tests.python.dashboard.screenshots [page …]`.

Both widths and both themes, in German, as WebP into docs/dashboards/; each is cut where a reader would have stopped.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql

from prohandel.dashboard.app import FIRST, HERE, MENU
from prohandel.dashboard.database import Query, fetch, open_pool
from prohandel.dashboard.settings import environment_of, from_environment
from prohandel.pipeline.run import landed_variables
from prohandel.pipeline.target import find_target
from tests.python.dashboard.browsing import CHROMIUM, FLAGS, PATIENCE, serving, settle

FOLDER = Path(__file__).parents[3] / "docs" / "dashboards"
WIDTHS = {1440: 2600, 390: 3600}
"""Pixels of width, and how many of height are kept at most."""
THEMES = ("light", "dark")
_QUALITY = {1440: 50, 390: 45}
_MILLISECONDS_TO_DRAW = 2500

_EXAMPLE = sql.SQL(
    """
    select found.article_number, found.branch_number
    from reorder_recommendations as found
    inner join dim_shops as shops on found.branch_number = shops.branch_number and shops.shop_type = 'retail'
    where found.recommended_order_units > 0 and found.model is not null
    order by found.order_value_cost desc nulls last, found.article_number, found.branch_number
    limit 1
    """
)


def addresses(environment: dict[str, str]) -> dict[str, str]:
    """Path and query of every page; those of one article show the one with the dearest order."""
    pool = open_pool(from_environment(environment))
    try:
        example = fetch(pool, Query(_EXAMPLE, {})).iloc[0]
    finally:
        pool.close()
    of_one = {
        "product": f"product?article={example['article_number']}",
        "forecast_reorder": f"forecast_reorder?article={example['article_number']}&at={example['branch_number']}",
    }
    names = [name for name in MENU if (HERE / "pages" / f"{name}.py").is_file()]
    return {name: of_one.get(name, "" if name == FIRST else name) for name in names}


def take(browser: Browser, address: str, path: Path, width: int, theme: str) -> None:
    """One picture of one page, as high as the page is, up to the limit."""
    context = browser.new_context(
        locale="de-DE", viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    settle(page)
    high = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(high), WIDTHS[width])})
    page.wait_for_timeout(_MILLISECONDS_TO_DRAW)
    settle(page)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(path, "WEBP", quality=_QUALITY[width], method=6)
    context.close()


def main(chosen: list[str]) -> None:
    """Takes the pictures of the chosen pages; of all where none is chosen."""
    target = find_target(None)
    now = landed_variables(target.home).get("now") if target.is_embedded else None
    environment = {**os.environ, **environment_of(target, str(now) if now else None)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving(environment) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, address in addresses(environment).items():
            for width in WIDTHS if not chosen or name in chosen else ():
                for theme in THEMES:
                    take(browser, f"{base}/{address}", FOLDER / f"{name}-{width}-{theme}.webp", width, theme)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
