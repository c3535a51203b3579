"""A package hub on this machine: the static files that `dbt deps` asks for."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serves a folder; gives the address, without the closing slash that dbt wants."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def publish(folder: Path, address: str, versions: Mapping[str, str], needs: Mapping[str, str]) -> None:
    """Writes index, descriptions and archives.

    Args:
        folder: what is served.
        address: of the server.
        versions: version by hub name, e.g. {"dbt-labs/dbt_utils": "1.3.1"}.
        needs: hub name of the package that a package needs, by hub name.
    """
    for hub_name, version in versions.items():
        organisation, _, name = hub_name.partition("/")
        needed = [{"package": needs[hub_name], "version": [">=0.0.1"]}] if hub_name in needs else []
        described = folder / "api" / "v1" / organisation / f"{name}.json"
        described.parent.mkdir(parents=True, exist_ok=True)
        entry = {
            "id": f"{hub_name}/{version}",
            "name": name,
            "version": version,
            "packages": needed,
            "require_dbt_version": [],
            "works_with": [],
            "_source": {},
            "downloads": {"tarball": f"{address}/{name}-{version}.tar.gz", "format": "tgz", "sha1": ""},
        }
        described.write_text(
            json.dumps({"name": name, "namespace": organisation, "latest": version, "versions": {version: entry}})
        )
        _archive(folder / f"{name}-{version}.tar.gz", name, version)
    (folder / "api" / "v1" / "index.json").write_text(json.dumps(sorted(versions)))


def _archive(path: Path, name: str, version: str) -> None:
    # As upstream: the version in a package's own file is not the one that it was released as.
    content = f"name: {name}\nversion: '0.1.0'\nconfig-version: 2\n".encode()
    with tarfile.open(path, "w:gz") as archive:
        # Two files at least: dbt takes what their names have in common for the folder.
        for file in ("dbt_project.yml", "README.md"):
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
