"""Forecasts of models kept on disk until their batch is written, so that a batch that was killed goes on from there."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from prohandel import __version__
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Artefact
from prohandel.forecast.trained import Trained


@cache
def code_version() -> str:
    """Version of the package and fingerprint of the code that forecasts are made by."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def fingerprint(panel: Panel, *further: Sequence[object]) -> str:
    """Fingerprint of a panel and of what else a forecast depends on; the same data have the same on any machine."""
    digest = hashlib.sha256()
    for values in (panel.units, panel.in_stock_share):
        digest.update(repr(values.shape).encode())
        digest.update(np.ascontiguousarray(values, dtype="<f4").data)
    for name in sorted(panel.groups):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(panel.groups[name], dtype="<i4").data)
    digest.update(repr((panel.freq, str(panel.periods[-1]), panel.series_ids, further)).encode())
    return digest.hexdigest()


class Parts:
    """A folder of one batch's forecasts by model.

    Args:
        folder: of all batches of a target.
        key: of this one: what it depends on; parts of others are removed.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder / key[:32]
        if folder.is_dir():
            for other in folder.iterdir():
                if other != self._folder and other.is_dir():
                    shutil.rmtree(other, ignore_errors=True)

    def load(self, name: str) -> Trained | None:
        """A model's forecast, if it was kept; a file that cannot be read is as good as none."""
        path = self._folder / f"{name}.npz"
        try:
            with np.load(path, allow_pickle=False) as kept:
                artefacts = json.loads(str(kept["artefacts"]))
                values = kept.get("values")
                return Trained(
                    name,
                    kept["mean"],
                    kept["dispersion"],
                    kept["level_cv2"],
                    values,
                    tuple(Artefact(**artefact) for artefact in artefacts),
                )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def keep(self, trained: Trained) -> None:
        """Keeps a forecast; the file appears whole or not at all. A disk that is full costs only the way back."""
        arrays = {"mean": trained.mean, "dispersion": trained.dispersion, "level_cv2": trained.level_cv2}
        if trained.values is not None:
            arrays["values"] = trained.values
        artefacts = np.array(json.dumps([asdict(artefact) for artefact in trained.artefacts]))
        beside = self._folder / f"{trained.name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.savez(file, artefacts=artefacts, **arrays)  # type: ignore[arg-type]
            beside.replace(self._folder / f"{trained.name}.npz")
        except OSError:
            beside.unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes what was kept: the batch is written."""
        shutil.rmtree(self._folder, ignore_errors=True)
