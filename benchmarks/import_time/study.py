"""Seconds that an import of the package takes, beside those of skorch, which it needs.

Each import is in a new process, and they take turns, so that a slow moment of the machine hits all of them. Seconds are
those of the processor: others on the machine make a process wait, but hardly work more.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.import_time.page import page
from benchmarks.shared.machine import machine
from benchmarks.shared.options import add_output
from benchmarks.shared.records import write_json

PROGRAMS = {
    "skorch": "import skorch",
    "AGOPExplainer": "from agop_tabular import AGOPExplainer",
    "agop_tabular": "import agop_tabular",
    "command": "import sys; sys.argv = ['agop-tabular', '--version']; from agop_tabular.command import main; main()",
}
"""What is measured, by its name in the record."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=15)
    add_output(parser)


def run(repeats: int, output: Path) -> dict[str, Any]:
    measured = seconds_of_imports(repeats)
    result = {"machine": machine(), "repeats": repeats, **measured}
    print("AGOPExplainer / skorch: {ratio:.3f} ({pairs_min:.3f} to {pairs_max:.3f})".format(**measured))
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "import-time.json", result)
    (output / "import-time.md").write_text(page(result))
    print(f"written to {output / 'import-time.md'}")
    return result


def seconds_of_imports(repeats: int) -> dict[str, Any]:
    """Median seconds of each program, and the ratio of the explainer's to skorch's with its range over pairs."""
    for program in PROGRAMS.values():  # once, so that files are in memory and compiled
        processor_seconds(program)
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(repeats):
        for name, program in PROGRAMS.items():
            times[name].append(processor_seconds(program))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    pairs = [ours / skorch for ours, skorch in zip(times["AGOPExplainer"], times["skorch"], strict=True)]
    return {
        "seconds": medians,
        "ratio": medians["AGOPExplainer"] / medians["skorch"],
        "pairs_min": min(pairs),
        "pairs_max": max(pairs),
    }


def processor_seconds(program: str) -> float:
    """Seconds of the processor that a new process takes for a program, on one thread."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
