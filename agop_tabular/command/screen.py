"""What the command says: results on standard output, all else on standard error; more than text on terminals only."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from agop_tabular.results.facts import Facts, facts_text

if TYPE_CHECKING:
    import pandas as pd

NAME = "agop-tabular"

REFUSED = 2
"""Exit code where what the user gave cannot be used, as that of a shell's own commands."""


class Screen:
    """Both streams of the command, and its progress bar.

    Parameters
    ----------
    steps : int
        Of the progress bar.
    """

    def __init__(self, steps: int):
        self.out, self.notes = Console(file=sys.stdout, highlight=False), Console(file=sys.stderr, highlight=False)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=self.notes, transient=True, disable=not self.notes.is_terminal)
        self.task, self.begun = self.progress.add_task("Starting", total=steps), 0

    def step(self, what: str) -> None:
        """The next step begins."""
        self.progress.update(self.task, description=escape(what), completed=self.begun)
        self.begun += 1

    def note(self, sentence: str) -> None:
        """Say something that is no result."""
        self.notes.print(f"{NAME}: {sentence}", markup=False, soft_wrap=True)

    def show(self, title: str, facts: Facts) -> None:
        """A title with named facts: a table on a terminal, otherwise text."""
        if not self.out.is_terminal:
            self.text(facts_text(title, facts))
            return
        self.progress.stop()  # it would share the line with a result
        table = Table(title=escape(title), title_justify="left", show_header=False)
        for name, said in facts:
            table.add_row(escape(name), escape(said))
        self.out.print(table)

    def show_table(self, title: str, table: pd.DataFrame, numbers: Sequence[Hashable]) -> None:
        """Lines of text and numbers: a table on a terminal; otherwise separated by tabs, as other programs read it."""
        if not self.out.is_terminal:
            self.text(table.to_csv(sep="\t", index=False).rstrip("\n"))
            return
        self.progress.stop()
        shown = Table(title=escape(title), title_justify="left")
        for name in table:
            shown.add_column(escape(str(name)), justify="right" if name in numbers else "left")
        for row in table.itertuples(index=False):
            shown.add_row(*(escape(str(cell)) for cell in row))
        self.out.print(shown)

    def text(self, lines: str) -> None:
        """Text as it is."""
        self.progress.stop()
        typer.echo(lines)


@contextmanager
def screen(steps: int) -> Iterator[Screen]:
    """Context for a command: shows its progress and its warnings, and ends it with one sentence where it is refused.

    Parameters
    ----------
    steps : int
        How often the command will call :meth:`Screen.step`.

    Raises
    ------
    typer.Exit
        With code 2, in place of errors that say what is wrong with what was given. All others are faults of this
        package, and keep their traceback.
    """
    shown = Screen(steps)

    def warned(message: Warning | str, *_: Any, **__: Any) -> None:
        shown.note(f"warning: {_one_line(message)}")

    try:
        with warnings.catch_warnings(), shown.progress:
            warnings.showwarning = warned
            yield shown
    except (ValueError, TypeError, OSError, ImportError) as error:
        if isinstance(error, BrokenPipeError):  # whoever read the output has gone, as `head` does
            raise
        shown.note(_one_line(error))
        raise typer.Exit(REFUSED) from error


def _one_line(said: object) -> str:
    return " ".join(str(said).split())
