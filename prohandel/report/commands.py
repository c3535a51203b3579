"""The command `prohandel report`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prohandel.console import ProfilesDir, TargetName, out, say_done, use_profiles

report_app = typer.Typer(name="report", help="The week as one file of HTML: what happened, and what to do.")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Libpq and the queries of the dashboard find the warehouse by these variables."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class LanguageChoice(StrEnum):
    """Languages of the report."""

    de = "de"
    en = "en"


@report_app.callback(invoke_without_command=True)
def report(
    target: TargetName = None,
    weekly: Annotated[
        bool, typer.Option("--weekly", help="The last week that is over; without it the week that runs.")
    ] = False,
    week: Annotated[str | None, typer.Option("--week", help="An ISO week, as 2026-W12.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="File; by default below reports/ of PROHANDEL_HOME.")] = None,
    language: Annotated[LanguageChoice, typer.Option("--language", help="Of the report.")] = LanguageChoice.de,
    send: Annotated[
        list[str] | None, typer.Option("--send", help="Channel of alerts.yml that gets the file; may be repeated.")
    ] = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Write the report of a week; it opens offline and prints on A4. Reads the marts of the target and writes nothing.

    Examples:

        prohandel report --weekly
        prohandel report --week 2026-W08 --language en --to week.html
        prohandel report --weekly --send buyers
    """
    # Outside of a server Streamlit warns that there is none; nothing is cached here.
    logging.getLogger("streamlit.runtime.caching.cache_data_api").addFilter(lambda _record: False)
    from prohandel.dashboard.database import open_pool
    from prohandel.dashboard.settings import environment_of, from_environment
    from prohandel.pipeline.target import find_target
    from prohandel.quality.channels import rules_of_project
    from prohandel.report import figures as asked
    from prohandel.report import page
    from prohandel.report import send as sending

    if week:
        asked.week_of(week)
    receivers = sending.chosen(rules_of_project(), send) if send else []
    use_profiles(profiles_dir)
    where = find_target(target)
    with _environment(environment_of(where, None)), open_pool(from_environment()) as pool:
        figures = asked.read(pool, week, is_whole=weekly)
    iso = figures.monday.isocalendar()
    path = to or where.home / "reports" / f"{iso.year}-W{iso.week:02d}-{language.value}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.document(figures, language.value), encoding="utf-8")
    out.print(str(path), markup=False, soft_wrap=True)
    words = page.words_of(language.value)
    for receiver in receivers:
        sending.send(receiver, page.title_of(figures, words), page.headline_of(figures, words), path)
        say_done(f"sent over {receiver.channel.name}")
