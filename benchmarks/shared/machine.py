"""Versions and hardware that a study ran with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import torch

PACKAGES = ("agop-tabular", "numpy", "pandas", "scikit-learn", "skorch", "torch", "shap", "captum", "lime")


def machine() -> dict[str, object]:
    """Versions, processor and threads, for the record of a run."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
