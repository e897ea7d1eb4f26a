"""The options of the command, and what each is for. What takes seconds to import is imported when a command runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agop_tabular import __version__
from agop_tabular.command.screen import NAME, screen

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="File of the fitted model: of joblib, pickle, skops or torch (a whole module, TorchScript, or an exported "
        "program), or of an explainer.",
        show_default=False,
    ),
]
Table = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE", help="File of the rows to explain: .csv, .csv.gz, .parquet or .pq.", show_default=False
    ),
]
Train = Annotated[
    Path | None,
    typer.Option(
        metavar="TABLE",
        help="File of the model's training rows, which the explainer is fitted on; by default it is TABLE itself.",
        show_default=False,
    ),
]
Explainer = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File that AGOPExplainer.save wrote for this model, in place of a fit.", show_default=False
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of the labels, which is left out of the model's input; a report says how well they are predicted.",
        show_default=False,
    ),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Load a MODEL that can run code, as pickles can, because its author is trusted."),
]
Student = Annotated[
    bool,
    typer.Option(
        "--student", help="Explain a model without a gradient, such as trees, through a network that imitates it."
    ),
]

application = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    pretty_exceptions_enable=False,
)


def print_version(wanted: bool) -> None:
    """Print the version and end, where it is asked for."""
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@application.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Explain the predictions of a tabular network: from its file and a table to a report.

    A command that is refused says why in one sentence, has written nothing, and ends with exit code 2.
    """


@application.command()
def report(
    model: Model,
    table: Table,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write, which ends in .html.")] = Path(
        "report.html"
    ),
    train: Train = None,
    target: Target = None,
    explainer: Explainer = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the report.", show_default=False)] = None,
    date: Annotated[
        str | None, typer.Option(metavar="TEXT", help="That the report bears, such as 2026-01-31.", show_default=False)
    ] = None,
    trust: Trust = False,
    student: Student = False,
) -> None:
    """Write a report for an auditor: one HTML file that loads nothing."""
    with screen(4) as shown:
        from agop_tabular.command import tasks

        tasks.report(tasks.Inputs(model, table, train, explainer, target, trust, student), out, title, date, shown)


@application.command()
def explain(
    model: Model,
    table: Table,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The file to write: .parquet, .csv, .json, or .html to read.", show_default=False
        ),
    ],
    train: Train = None,
    target: Target = None,
    explainer: Explainer = None,
    label: Annotated[
        str,
        typer.Option(
            "--class", metavar="LABEL", help='The class, or number of the output, that is explained; or "all".'
        ),
    ] = "predicted",
    trust: Trust = False,
    student: Student = False,
) -> None:
    """Write the attributions of all rows of a table."""
    with screen(5) as shown:
        from agop_tabular.command import tasks

        tasks.explain(tasks.Inputs(model, table, train, explainer, target, trust, student), out, label, shown)


@application.command()
def audit(
    model: Model,
    table: Table,
    train: Train = None,
    target: Target = None,
    rows: Annotated[int, typer.Option(metavar="N", help="Rows that are audited.")] = 64,
    trust: Trust = False,
    student: Student = False,
) -> None:
    """Measure how wrong explanations of new rows are."""
    with screen(4) as shown:
        from agop_tabular.command import tasks

        tasks.audit(tasks.Inputs(model, table, train, None, target, trust, student), rows, shown)


@application.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write the model, its tables, and the report.")
    ] = Path("agop-tabular-demo"),
) -> None:
    """Train a network on Adult, and write a report about it."""
    with screen(5) as shown:
        from agop_tabular.command.demo import write_demo

        write_demo(folder, shown)
