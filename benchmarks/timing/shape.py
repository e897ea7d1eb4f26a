"""Shapes of the timing study, and the records along one axis of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

FORWARD = "forward pass"
"""Its name among the methods."""


@dataclass(frozen=True)
class Shape:
    """Rows to explain, and the size of the network; the names of the fields are axes of the study."""

    rows: int = 500
    features: int = 20
    classes: int = 3
    width: int = 128


def along(table: pd.DataFrame, base: Shape, axis: str) -> pd.DataFrame:
    """The records that differ from the base along this axis only."""
    same = np.all([table[name] == value for name, value in asdict(base).items() if name != axis], axis=0)
    part = table[same].sort_values(axis, kind="stable")
    return part[part["explain_seconds"].notna()] if "explain_seconds" in part else part
