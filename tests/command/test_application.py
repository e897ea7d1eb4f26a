"""The command as users meet it: in processes of its own, in a pipe and on a terminal."""

import os
import pty
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from agop_tabular import __version__

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "agop_tabular"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}


def run(line, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *line.split()], capture_output=True, text=True, env=ENVIRONMENT, timeout=120, **options
    )


def on_a_terminal(line):
    """Exit code, and what a user sees: both streams of the command on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, *line.split()], stdout=theirs, stderr=theirs, env=ENVIRONMENT)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so when the process has gone
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return process.wait(), seen.decode()


def test_help_and_version():
    shown = run("--help")
    assert shown.returncode == 0
    for name in ("report", "explain", "audit", "demo"):
        assert f"\n  {name} " in shown.stdout
    assert run("--version").stdout == f"agop-tabular {__version__}\n"
    shown = run("explain --help")
    assert all(
        word in shown.stdout for word in ("MODEL", "TABLE", "--out FILE", "--train TABLE", "--target COLUMN", "--trust")
    )
    assert "─" not in shown.stdout, "boxes are for terminals"


def test_help_takes_nothing_heavy():
    pytest.importorskip("typer")
    code = "import sys; from agop_tabular.command.application import application; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert not {"torch", "pandas", "sklearn", "skorch"} & set(loaded.stdout.split())


def test_what_is_not_an_option():
    for line in ("explain", "explain a b --out c.csv --nonsense", "nonsense", "audit a b --rows x"):
        result = run(line)
        assert result.returncode == 2
        assert "Error: " in result.stderr
        assert result.stdout == ""


def test_in_a_pipe(folder):
    result = run("explain model.joblib table.csv --target kind --out out.csv --trust", cwd=folder)
    assert result.returncode == 0
    assert result.stderr == (
        "agop-tabular: model.joblib is a pickle: loading it runs the code in it, as --trust allows.\n"
    )
    assert "\x1b" not in result.stdout + result.stderr
    result = run("explain model.joblib table.csv --target kind --out other.csv", cwd=folder)
    assert result.returncode == 2
    assert result.stderr == (
        "agop-tabular: model.joblib is a pickle, and loading it runs the code in it: add --trust if you trust its "
        "author.\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["model.joblib", "out.csv", "table.csv"]


def test_on_a_terminal(folder):
    pytest.importorskip("typer")
    code, seen = on_a_terminal("audit model.joblib table.csv --target kind --rows 12 --trust")
    assert code == 0
    assert "Fitting the explainer" in seen
    assert "━" in seen, "progress"
    assert "│ cosine" in seen
    assert "│ age" in seen
    assert seen.rindex("Auditing") < seen.index("│ cosine"), "no bar among results"
    code, seen = on_a_terminal("audit model.joblib missing.csv")
    assert code == 2
    assert "agop-tabular: There is no file missing.csv." in seen


def test_without_typer():
    code = "import sys; sys.modules['typer'] = None; from agop_tabular.command import main; main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert result.returncode == 2
    assert result.stderr == "agop-tabular: the command needs the package typer: pip install 'agop-tabular[cli]'\n"


def test_the_entry_point():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert list(scripts) == ["agop-tabular"]
    module, _, name = scripts["agop-tabular"].partition(":")
    assert callable(getattr(import_module(module), name))
