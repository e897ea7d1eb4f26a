"""Work done a cell at a time: in parallel, with progress, kept on disk as it is done, so that a killed run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import joblib
import torch
from tqdm import tqdm

Cell = dict[str, Any]


class Cells:
    """Results of cells, one JSON file each.

    Parameters
    ----------
    folder : Path
    settings : dict
        What the results depend on; a file that was made with other settings is not taken.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]):
        self.folder = folder
        self.settings = json.loads(json.dumps(settings))

    def read(self, name: str) -> Cell:
        """What is there of a cell; nothing where the file is missing, unreadable or of other settings."""
        try:
            kept = json.loads((self.folder / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return kept["cell"] if kept.get("settings") == self.settings else {}

    def write(self, name: str, cell: Cell) -> None:
        """Keep a cell, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.json"
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({"settings": self.settings, "cell": cell}))
        os.replace(unfinished, path)


def run_all(work: Callable[..., None], calls: Iterable[tuple], jobs: int, what: str) -> None:
    """Call ``work`` with each of the arguments, ``jobs`` at a time on one thread each, under a progress bar."""
    calls = list(calls)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    done = parallel(joblib.delayed(_on_one_thread)(work, *arguments) for arguments in calls)
    for _ in tqdm(done, total=len(calls), desc=what, unit="cell"):
        pass


def _on_one_thread(work: Callable[..., None], *arguments: Any) -> None:
    torch.set_num_threads(1)
    work(*arguments)
