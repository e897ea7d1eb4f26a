"""What goes where: results to standard output, all else to standard error, and one sentence where it is refused."""

import io
import sys
import warnings
from contextlib import contextmanager

import pandas as pd
import pytest
import typer

from agop_tabular.command.screen import Screen, screen

TABLE = pd.DataFrame({"column": ["[b]age", "income"], "error": ["0.1", "12"]})


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@contextmanager
def terminal():
    """Standard output and error of a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stdout", Terminal())
        patch.setattr(sys, "stderr", Terminal())
        yield sys.stdout, sys.stderr


def test_a_pipe_gets_text(capsys):
    shown = Screen(1)
    shown.show("Title [x]", [("name", "fact"), ("longer name", "[b]" + "x" * 200)])
    shown.show_table("Columns", TABLE, ["error"])
    out, err = capsys.readouterr()
    assert out == (
        f"Title [x]\n  name         fact\n  longer name  [b]{'x' * 200}\ncolumn\terror\n[b]age\t0.1\nincome\t12\n"
    )
    assert err == ""


def test_a_terminal_gets_tables():
    with terminal() as (out, _):
        shown = Screen(1)
        shown.show("Title", [("name", "[b]fact")])
        shown.show_table("Columns", TABLE, ["error"])
    assert "│ name │ [b]fact │" in out.getvalue()
    assert "│ [b]age │   0.1 │" in out.getvalue()
    assert "Columns" in out.getvalue()


def test_progress_is_for_terminals_and_gone_before_results():
    with terminal() as (out, err), screen(2) as shown:
        shown.step("Reading [b]")
        shown.step("Writing")
        shown.progress.refresh()
        drawn = err.getvalue()
        shown.text("done")
        assert len(err.getvalue()) > len(drawn), "the bar is erased"
        assert not shown.progress.live.is_started
    assert "Reading [b]" in drawn or "Writing" in drawn
    assert "1/2" in drawn
    assert out.getvalue() == "done\n"


def test_no_progress_in_a_pipe(capsys):
    with screen(2) as shown:
        shown.step("Reading")
        shown.text("done")
    assert capsys.readouterr() == ("done\n", "")


@pytest.mark.parametrize("error", [ValueError, TypeError, FileNotFoundError, ImportError])
def test_a_refusal_is_one_line(capsys, error):
    with pytest.raises(typer.Exit) as ended, screen(1):
        raise error("It is [b]wrong:\n  do   something else.")
    assert ended.value.exit_code == 2
    assert capsys.readouterr() == ("", "agop-tabular: It is [b]wrong: do something else.\n")


def test_faults_of_the_package_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), screen(1):
        raise ZeroDivisionError


@pytest.mark.filterwarnings("always")
def test_warnings_are_sentences(capsys):
    with screen(1):
        warnings.warn("Look\n  [b]here.", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "agop-tabular: warning: Look [b]here.\n"
