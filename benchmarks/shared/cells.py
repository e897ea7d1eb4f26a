"""Cells: the independent pieces of a study, computed in parallel and saved one by one, so a killed run can resume."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import torch
from tqdm import tqdm

from benchmarks.evidence.code import digest

Cell = dict[str, Any]


class Cells:
    """Results of cells on disk, one JSON file each.

    Parameters
    ----------
    folder : Path
    settings : dict
        What the results depend on; files written with other settings are ignored.
    study : str, optional
        Its measured code counts as a setting: a run does not go on where other code was.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], study: str | None = None):
        self.folder = folder
        self.settings = json.loads(json.dumps(settings)) | ({} if study is None else {"code": digest(study)})

    def read(self, name: str) -> Cell:
        """Return a saved cell; an empty dict if the file is missing, unreadable or of other settings."""
        try:
            saved = json.loads((self.folder / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return saved["cell"] if saved.get("settings") == self.settings else {}

    def write(self, name: str, cell: Cell) -> None:
        """Save a cell atomically: a killed run leaves no half-written file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.json"
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({"settings": self.settings, "cell": cell}))
        os.replace(unfinished, path)


def run_missing(
    cells: Cells,
    work: Callable[..., None],
    calls: dict[str, tuple],
    jobs: int,
    what: str = "cells",
    is_done: Callable[[Cell], bool] = bool,
) -> int:
    """Compute the cells that are not saved yet, several at a time, and return their number.

    Parameters
    ----------
    cells : Cells
    work : callable
        Computes one cell and saves it.
    calls : dict
        Arguments of ``work``, after ``cells``, by the name of the cell.
    jobs : int
        Cells at a time, on one thread each.
    what : str
        Name of the cells in what is printed.
    is_done : callable
        Whether a saved cell has everything.
    """
    missing = [arguments for name, arguments in calls.items() if not is_done(cells.read(name))]
    print(f"{what}: {len(calls) - len(missing)} of {len(calls)} are already done", flush=True)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    finished = parallel(joblib.delayed(_on_one_thread)(work, cells, *arguments) for arguments in missing)
    for _ in tqdm(finished, total=len(missing), desc=what, unit="cell"):
        pass
    return len(missing)


def _on_one_thread(work: Callable[..., None], *arguments: Any) -> None:
    torch.set_num_threads(1)
    work(*arguments)
