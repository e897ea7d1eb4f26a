"""The code, versions and hardware that a study ran with."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

PACKAGES = ("agop-tabular", "numpy", "pandas", "scikit-learn", "skorch", "torch", "shap", "captum", "lime")

ROOT = Path(__file__).resolve().parents[2]

CODE = ("agop_tabular", "benchmarks/*.py", "pyproject.toml", "constraints.txt")
"""What results depend on."""


def machine() -> dict[str, object]:
    """Commit, versions, processor and threads, for the record of a run."""
    return {
        "commit": commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
    }


def commit() -> str:
    """The commit that a study ran on, "and changes" after it if files differ from it; "unknown" outside of git."""
    try:
        name, changes = (
            subprocess.run(("git", *command), cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for command in (("rev-parse", "--short=10", "HEAD"), ("status", "--porcelain", "--", *CODE))
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name} and changes" if changes else name


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
