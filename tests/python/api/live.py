"""The API behind a socket of its own, for tools that speak HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.python.api.asking import Api


def already_started(app: ASGIApp) -> ASGIApp:
    """An application that is neither started nor stopped by who asks it."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        while True:
            phase = (await receive())["type"]
            await send({"type": f"{phase}.complete"})
            if phase == "lifespan.shutdown":
                return

    return serve


@contextmanager
def listening(api: Api) -> Iterator[str]:
    """The address of an API that listens until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        api.app, host="127.0.0.1", port=port, lifespan="off", ws="none", log_level="warning", access_log=False,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


def run_schemathesis(address: str, key: str, seconds: int, *further: str) -> subprocess.CompletedProcess[str]:
    """Has schemathesis look for faults, in all of its phases."""
    program = Path(sys.executable).with_name("schemathesis")
    command = [
        str(program), "run", f"{address}/v1/openapi.json", "--header", f"Authorization: Bearer {key}",
        "--max-time", str(seconds), "--continue-on-failure", "--no-color", "--output-truncate", "false",
        "--generation-database", "none", *further,
    ]  # fmt: skip
    # It leaves a folder where it runs.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
