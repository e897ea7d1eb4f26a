"""Explanations in notebooks, and their HTML where a page forbids scripts."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from support.pages import blocks

from agop_tabular import AGOPExplainer

nbformat = pytest.importorskip("nbformat", reason="No module named 'nbformat'")
nbclient = pytest.importorskip("nbclient", reason="No module named 'nbclient'")
pytest.importorskip("ipykernel", reason="No module named 'ipykernel'")

FORBIDS = "default-src 'none'; style-src 'unsafe-inline'"
"""A Content-Security-Policy under which no script runs and nothing is loaded."""

RUNS_CODE = re.compile(r"<script|javascript:|\son\w+\s*=|<iframe|<object|<embed|src=|href=", re.I)


@pytest.fixture(scope="module")
def outputs():
    """What the cells of a notebook show, as HTML and as text."""
    code = blocks("integrations.md", "skops")[0].partition("skops.io.dump")[0].replace("import skops.io\n", "")
    cells = [code, *blocks("integrations.md", "Notebooks"), "explainer.audit(X)", "explainer(X, target='all')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell.outputs[0]["data"] for cell in notebook.cells if cell.outputs]


def test_a_notebook_shows_them(outputs):
    explanation, audit, every = outputs
    assert "Explanation of 150 rows and 4 columns" in explanation["text/plain"]
    assert explanation["text/html"].count('style="position:absolute') > 20, "bars"
    assert "Audit of method" in audit["text/html"]
    assert every["text/html"].count(", target 2") == 5


def test_their_html_runs_and_loads_nothing(outputs):
    for output in outputs:
        assert RUNS_CODE.search(output["text/html"]) is None


def test_names_and_cells_do_not_run_either():
    """As they come from a file that somebody else made."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    X = pd.DataFrame(np.random.default_rng(0).standard_normal((40, 2)), columns=[evil, "b"], index=[evil] * 40)
    explainer = AGOPExplainer(LogisticRegression().fit(X, np.where(X["b"] > 0, evil, "no"))).fit(X)
    for target in ("predicted", "all"):
        page = explainer(X, target=target)._repr_html_()
        assert "<script" not in page
        assert "<img" not in page
    assert "<script" not in explainer.audit(X)._repr_html_()


def console(tmp_path, body):
    """What Chromium writes to its console for a page under this policy, and the page's text."""
    page = f'<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="{FORBIDS}"><body>{body}</body>'
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    options.append(f"--user-data-dir={tmp_path / 'profile'}")
    shown = subprocess.run(
        [shutil.which("chromium"), *options, (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return [line for line in shown.stderr.splitlines() if "CONSOLE" in line], shown.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_a_browser_that_forbids_scripts_shows_them(outputs, tmp_path):
    complaints, _ = console(tmp_path, "<script>document.body.textContent = 'ran'</script>")
    assert "Content Security Policy" in " ".join(complaints), "so it would have complained below"
    complaints, shown = console(tmp_path, "".join(output["text/html"] for output in outputs))
    assert complaints == []
    assert "petal width (cm)" in shown
