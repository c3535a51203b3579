"""The dashboard on a free port, and Chromium to look at it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
PATIENCE = 120_000
"""Milliseconds that a busy machine may take for anything."""

_SCRIPT = Path(__file__).parents[3] / "prohandel" / "dashboard" / "entry" / "start.py"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(environment: Mapping[str, str], port: int | None = None) -> Iterator[str]:
    """The address of a dashboard that runs with these variables, on a free port if none is given.

    Raises:
        TimeoutError: it did not come up within two minutes.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(_SCRIPT), "--server.port", str(port)]
    with subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            _await(f"{base}/_stcore/health")
            yield base
        finally:
            server.terminate()


def _await(address: str) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        try:
            httpx.get(address, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(address)


def settle(page: Page) -> None:
    """Waits until the script rests, the page has its title, and nothing of the page before is left."""
    page.wait_for_selector("h1")
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]')",
        timeout=PATIENCE,
    )
