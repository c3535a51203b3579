"""`prohandel docs`: one page that holds everything that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.python.pipeline.conftest import Toy

pytestmark = pytest.mark.slow


def test_the_page_holds_the_project_and_asks_no_network(toy: Toy, tmp_path: Path) -> None:
    toy.report()
    page = tmp_path / "site" / "index.html"
    done = toy.prohandel("docs", "--target", "toy", "--output", str(page))
    assert done.code == 0, done.err
    assert page.as_uri() in done.err
    text = page.read_text(encoding="utf-8")
    assert "INLINE DATA" not in text
    assert '"unique_id": "model.prohandel_analytics.dim_articles"' in text
    assert '"send_anonymous_usage_stats": false' in text
    assert re.findall(r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["']?(?:https?:)?//[^>]*>""", text) == []


def test_without_a_landing_the_page_has_no_compiled_sql(toy: Toy, tmp_path: Path) -> None:
    toy.execute("drop schema prohandel cascade")
    page = tmp_path / "index.html"
    done = toy.prohandel("docs", "--target", "toy", "--output", str(page))
    assert done.code == 0, done.err
    assert "Nothing has landed" in done.err
    assert "model.prohandel_analytics.dim_articles" in page.read_text(encoding="utf-8")


def test_a_model_that_does_not_compile_is_an_error_and_keeps_the_page(toy: Toy, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("as it was")
    model = toy.folder / "models" / "dim_articles.sql"
    content = model.read_text()
    model.write_text(content + "{{ exceptions.raise_compiler_error('broken') if execute }}")
    try:
        done = toy.prohandel("docs", "--target", "toy", "--output", str(page))
    finally:
        model.write_text(content)
    assert done.code == 2
    assert "dbt cannot write the documentation" in done.err
    assert page.read_text() == "as it was"
