"""The command ``agop-tabular``: from the file of a model and a table to a report, to attributions, or to an audit."""

import sys


def main() -> None:
    """Run the command; where typer or rich is missing, say in a sentence how to install them."""
    try:
        from agop_tabular.command.application import application
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print(
            f"agop-tabular: the command needs the package {error.name}: pip install 'agop-tabular[cli]'",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    application(prog_name="agop-tabular")
