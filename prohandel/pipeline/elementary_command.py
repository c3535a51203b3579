"""The command `prohandel elementary-report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prohandel.console import ProfilesDir, TargetName, err, say_done, use_profiles


def elementary_report(
    target: TargetName = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "target/elementary/report.html"
    ),
    packages: Annotated[
        Path | None,
        typer.Option("--packages", help="Folder of the real dbt packages, which is installed from; else the hub."),
    ] = None,
    edr: Annotated[
        Path | None,
        typer.Option(
            "--edr", envvar="PROHANDEL_EDR", help="Elementary's program, .venv-elementary/bin/edr by default."
        ),
    ] = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Write Elementary's report of models and tests as one page that opens without a server or a network.

    It shows what runs with `--vars "elementary_enabled: true"` have recorded in the last seven days. The embedded
    warehouse is run that way once where nothing is recorded.

    Examples:

        prohandel elementary-report
        prohandel elementary-report --packages ~/dbt-packages
        prohandel elementary-report --target prod --output report.html
    """
    from prohandel.pipeline.elementary_report import write_elementary_report

    use_profiles(profiles_dir)
    written = write_elementary_report(output, target, folder=packages, program=edr, console=err)
    say_done(
        f"{written.path.resolve().as_uri()} ({written.size / 1e6:,.1f} MB, tests until "
        f"{written.recorded_until:%Y-%m-%d %H:%M} UTC)"
    )
