"""Say how old results are, and take the figures that documents quote from the records.

``python -m benchmarks.evidence`` changes pages and documents. With ``--run``, run every study first, with its default
options; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.evidence.ages import PAGES, table, with_age
from benchmarks.evidence.code import ROOT
from benchmarks.evidence.ledger import is_older, read
from benchmarks.evidence.sentences import SENTENCES
from benchmarks.shared.options import RESULTS


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--run", action="store_true", help="run all studies first: most of a day on two cores")
    if parser.parse_args(arguments).run:
        _run_all()
    for path, content in changes(RESULTS).items():
        path.write_text(content)
        print(f"written to {path.relative_to(ROOT)}")


def _run_all() -> None:
    """Run every study; one that lacks something, as scenes that were not rendered, is left as it was."""
    from benchmarks.__main__ import STUDIES
    from benchmarks.__main__ import main as run

    for name in STUDIES:
        print(f"{name} …", flush=True)
        try:
            run([name])
        except SystemExit as error:
            print(f"{name} was not run: {error}")


def changes(results: Path) -> dict[Path, str]:
    """Files that do not say what the records say, with what they should contain.

    Parameters
    ----------
    results : Path
        Folder of results.

    Returns
    -------
    dict
        Content by path.
    """
    entries = read(results)
    wanted = {results / "README.md": table(results)}
    for name, page in PAGES.items():
        if (path := results / page).exists():
            wanted[path] = with_age(path.read_text(), is_older(entries.get(name), name))
    for sentence in SENTENCES:
        path = ROOT / sentence.document
        wanted[path] = sentence.filled(wanted.get(path) or path.read_text(), results)
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}


if __name__ == "__main__":
    main()
