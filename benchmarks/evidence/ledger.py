"""When each study was run, on which code, and how long it took: ``evidence.json`` beside the results."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.evidence.code import digest
from benchmarks.shared.machine import commit
from benchmarks.shared.records import write_json

LEDGER = "evidence.json"


@dataclass(frozen=True)
class Entry:
    """A study's last run.

    Attributes
    ----------
    commit : str
    code : str
        Digest of the code that it measured.
    day : str
    seconds : int
        Of the run; where cells were kept from earlier runs on the same code, of these runs together.
    """

    commit: str
    code: str
    day: str
    seconds: int


def read(results: Path) -> dict[str, Entry]:
    """Entries by study; none where no run was noted."""
    path = results / LEDGER
    return {name: Entry(**entry) for name, entry in json.loads(path.read_text()).items()} if path.exists() else {}


def note(results: Path, study: str, seconds: float, code: str) -> None:
    """Note that a study was run just now.

    Parameters
    ----------
    results : Path
        Folder of its results.
    study : str
    seconds : float
    code : str
        Digest of the measured code when the run began.
    """
    entries = read(results)
    before = entries.get(study)
    if before is not None and before.code == code:
        seconds += before.seconds
    entries[study] = Entry(commit(), code, datetime.now(UTC).date().isoformat(), round(seconds))
    write_json(results / LEDGER, {name: asdict(entry) for name, entry in sorted(entries.items())})


def is_older(entry: Entry | None, study: str) -> bool:
    """Whether the code that a study measures has changed since its last run."""
    return entry is None or entry.code != digest(study)
