"""The code that a study measures, as a digest: it changes with the code, not with comments and docstrings."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

ENGINE = ("adapters", "attribution", "core", "effects", "explainer", "fitting", "gate", "models", "networks")
"""Parts of the package that every attribution comes from; "results" only shows them."""

COMPARED = (*ENGINE, "baselines", "datasets", "evaluation")
"""The same, with peers, tasks and metrics."""

IMAGES = tuple(part for part in (*COMPARED, "image") if part != "effects")
"""What maps of images come from: no method that looks up effects of columns explains images."""

MEASURED: dict[str, tuple[str, ...]] = {
    "synthetic": COMPARED,
    "ablation": COMPARED,
    "raw-truth": COMPARED,
    "budget": COMPARED,
    "orders": COMPARED,
    "probability": COMPARED,
    "audit": (*ENGINE, "audit", "datasets"),
    "importance": (*ENGINE, "datasets", "results"),
    "roar": COMPARED,
    "images": IMAGES,
    "segments": IMAGES,
    "scenes": IMAGES,
    "training-guided": (*COMPARED, "training_guided"),
    "automl": (*ENGINE, "automl"),
    "timing": (*ENGINE, "baselines"),
    "overhead": ENGINE,
    "import-time": ("",),
    "scale": (*ENGINE, "distributed"),
    "gpu": ENGINE,
    "out-of-core": (*ENGINE, "distributed"),
}
"""Folders of ``agop_tabular`` that each study measures; "" is all of it."""


SHOWING = ("page", "tables", "pictures", "claims", "comparisons", "markdown", "records", "machine", "options", "cells")
"""Files of studies that show or keep results, and do not change them."""


COMPARING = ROOT / "agop_tabular" / "evaluation" / "statistics.py"
"""What compares results: measured itself by none."""


@cache
def digest(study: str) -> str:
    """What tells the code that a study measures, and that it measures with, from any other.

    Parameters
    ----------
    study : str
        A key of ``MEASURED``.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    files = {file for part in MEASURED[study] for file in (ROOT / "agop_tabular" / part).rglob("*.py")}
    files.discard(COMPARING)
    for folder in (study.replace("-", "_"), "shared"):
        files |= {file for file in (ROOT / "benchmarks" / folder).glob("*.py") if file.stem not in SHOWING}
    content = hashlib.sha256()
    for file in sorted(files):
        content.update(f"{file.relative_to(ROOT).as_posix()}\n{bare(file.read_text())}\n".encode())
    return content.hexdigest()[:16]


def bare(source: str) -> str:
    """Source without comments, docstrings and empty lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        # a string on its own is a docstring, or says what the constant above it is
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno, node.end_lineno or node.lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())
