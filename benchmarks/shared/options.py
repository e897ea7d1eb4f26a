"""Command line options that several studies have."""

from __future__ import annotations

import argparse
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


def add_output(parser: argparse.ArgumentParser, help: str | None = None) -> None:
    """The folder for results."""
    parser.add_argument("--output", type=Path, default=RESULTS, help=help)


def add_seeds(parser: argparse.ArgumentParser, n: int, first: int, help: str = "how many") -> None:
    """The number of seeds, and the first of them."""
    parser.add_argument("--seeds", type=int, default=n, help=help)
    parser.add_argument("--first-seed", type=int, default=first)


def add_jobs(parser: argparse.ArgumentParser, what: str = "cells") -> None:
    """The number of parallel processes."""
    parser.add_argument("--jobs", type=int, default=2, help=f"{what} at a time, one thread each")
