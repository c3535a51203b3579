"""The command `prohandel dashboard`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from prohandel.console import ProfilesDir, TargetName, err, use_profiles
from prohandel.dashboard.settings import Access

dashboard_app = typer.Typer(name="dashboard", help="Pages over the marts, for the browser.")

SCRIPT = Path(__file__).parent / "entry" / "start.py"


@dashboard_app.callback(invoke_without_command=True)
def dashboard(
    target: TargetName = None,
    port: Annotated[int, typer.Option("--port", min=1024, max=65535, help="On loopback.")] = 8501,
    access: Annotated[
        Access, typer.Option("--access", help="Who says who looks: nobody, a proxy by a header, or OpenID Connect.")
    ] = "none",
    user_header: Annotated[
        str, typer.Option("--user-header", help="In which the proxy names the user.")
    ] = "X-Forwarded-Email",
    profiles_dir: ProfilesDir = None,
) -> None:
    """Serve the dashboard on 127.0.0.1 until Ctrl-C; reads the marts of the target and writes nothing.

    Without --access whoever reaches the port sees all branches. With it, seeds/dashboard_access.csv says which.

    Examples:

        prohandel dashboard
        prohandel dashboard --target prod --port 8600

        prohandel dashboard --target prod --access proxy --user-header X-Forwarded-Email
    """
    from prohandel.dashboard.settings import environment_of
    from prohandel.pipeline.run import landed_variables
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(target, needs_hash_key=False)
    now = landed_variables(where.home).get("now") if where.is_embedded else None
    err.print(f"http://127.0.0.1:{port} · Ctrl-C ends it")
    environment = {
        **os.environ,
        **environment_of(where, str(now) if now else None),
        "PROHANDEL_DASHBOARD_ACCESS": access,
        "PROHANDEL_DASHBOARD_USER_HEADER": user_header,
    }
    command = [sys.executable, "-m", "prohandel.dashboard.server", str(SCRIPT), "--server.port", str(port)]
    os.execve(sys.executable, command, environment)  # noqa: S606
