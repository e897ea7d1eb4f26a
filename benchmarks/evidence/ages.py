"""What pages say of their age: a table of all studies, and a line on those that are older than the code."""

from __future__ import annotations

from pathlib import Path

from benchmarks.evidence.code import MEASURED
from benchmarks.evidence.ledger import Entry, is_older, read

OLDER = "> **Older than the code.** The code that this study measures has changed since it was run."

PAGES = {name: f"{name}.md" for name in MEASURED} | {"raw-truth": "ablation-raw.md"}


def with_age(page: str, older: bool) -> str:
    """A page with the line below its heading if it is older than the code, and without it otherwise."""
    page = page.replace(f"\n{OLDER}\n", "")
    if not older:
        return page
    heading, rest = page.split("\n", 1)
    return f"{heading}\n\n{OLDER}\n{rest}"


def table(results: Path) -> str:
    """The page of all studies: when each was run, on what, how long it took, and whether the code is still the same."""
    entries = read(results)
    lines = [
        "# Results",
        "",
        "One page for each study, with its records as JSON or CSV beside it. `python -m benchmarks.evidence` writes "
        "this table, marks the pages that are older than the code, and takes the figures that the documents quote from "
        "the records; a test holds all three. *Same code*: comments and docstrings aside, the parts of the package "
        "that the study measures are what they were.",
        "",
        "| study | page | run on | commit | took | same code |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(name, entries.get(name)) for name in MEASURED if (results / PAGES[name]).exists()]
    return "\n".join([*lines, ""])


def _row(name: str, entry: Entry | None) -> str:
    known = ("–", "–", "–") if entry is None else (entry.day, entry.commit, duration(entry.seconds))
    same = "no" if is_older(entry, name) else "yes"
    return "| " + " | ".join((f"`{name}`", f"[{PAGES[name]}]({PAGES[name]})", *known, same)) + " |"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
