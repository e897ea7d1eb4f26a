"""The records that studies leave in ``results/``, as JSON and as CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd


def write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """A table with seven significant digits, so that means of it print as means of what was measured."""
    table.to_csv(path, index=False, float_format="%.7g")


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them: ten decimals, null for NaN."""
    return json.loads(table.to_json(orient="records"))
