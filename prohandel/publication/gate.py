"""The decision at the end of a gated run, and what people may decide later; each on a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode

from prohandel.pipeline.target import Target
from prohandel.publication import history
from prohandel.publication.history import Publication
from prohandel.publication.publish import publish, refuse, release, roll_back
from prohandel.publication.relations import Schemas


def decide(
    target: Target,
    manifest: Manifest,
    variables: Mapping[str, Any],
    run_at: datetime,
    failed: Sequence[str],
    say: Callable[[str], None],
) -> Publication:
    """Publishes what a run has built, unless a model or test of it failed.

    Args:
        variables: of the run, those of the project included.
        run_at: start of the run.
        failed: names of the models and tests that failed or were not reached.
        say: is told the table that is compared.

    Raises:
        ProhandelError: it cannot be published; readers keep what they see.
    """
    with target.connect("prohandel publish") as conn:
        if failed:
            return refuse(conn, Schemas.of(target), run_at, failed)
        return publish(
            conn,
            Schemas.of(target),
            marts_of(manifest),
            _incremental(manifest),
            run_at,
            kept=int(variables["publications_kept"]),
            readers=variables.get("reader_roles", ()),
            say=say,
        )


def listed(target: Target) -> list[Publication]:
    """The publications of a target, the newest first."""
    with target.connect() as conn:
        return history.publications(conn, Schemas.of(target))


def back(target: Target, manifest: Manifest, number: int | None, note: str | None) -> Publication:
    """Takes readers back to an earlier publication: see `roll_back`."""
    with target.connect("prohandel rollback") as conn:
        return roll_back(conn, Schemas.of(target), marts_of(manifest), number, note)


def free(target: Target, note: str | None) -> Publication:
    """Lets the next gated run publish again: see `release`."""
    with target.connect() as conn:
        return release(conn, Schemas.of(target), note)


def marts_of(manifest: Manifest) -> set[str]:
    """Names of the project's marts."""
    return {node.alias for node in _models(manifest) if node.config.schema == "marts"}


def _incremental(manifest: Manifest) -> set[str]:
    return {node.alias for node in _models(manifest) if node.config.materialized == "incremental"}


def _models(manifest: Manifest) -> list[ModelNode]:
    return [
        node
        for node in manifest.nodes.values()
        if isinstance(node, ModelNode) and node.package_name == manifest.metadata.project_name
    ]
