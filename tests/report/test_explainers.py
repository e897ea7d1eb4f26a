"""The report of an explained model, as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from torch import nn

from agop_tabular import AGOPExplainer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own(explainer, table):
    return AGOPExplainer(explainer.estimator_).fit(table[0][:400])


def headings(path):
    return re.findall(r"<h2 id=\"[^\"]*\">(?:\d+\. )?(.*?)</h2>", path.read_text(encoding="utf-8"))


def test_all_of_its_parts(tmp_path, own, table, labels):
    path = own.report(table[0], labels, tmp_path / "x.html", title="Loans", date="2026-01-31", groups="city")
    assert path == tmp_path / "x.html"
    assert headings(path) == [
        "In short",
        "What was explained",
        "How well the model predicts",
        "Which columns matter",
        "How single columns act",
        "What pairs of columns do together",
        "Groups of rows compared",
        "How exact the explanations are",
        "Columns used like noise",
        "Row by row",
        "What this report does not say",
    ]
    html = path.read_text(encoding="utf-8")
    assert "<title>Loans</title>" in html
    assert '<p class="date">2026-01-31</p>' in html
    assert html.count("<svg") == 5
    assert own.audit_.relative_error > 0, "it is kept"
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_same_inputs_give_the_same_bytes(tmp_path, own, table, labels):
    X = table[0]
    first = own.report(X, labels, tmp_path / "1.html").read_bytes()
    with mpl.rc_context({"font.size": 30}), pd.option_context("display.precision", 1):
        assert own.report(X, labels, tmp_path / "2.html").read_bytes() == first
    again = AGOPExplainer(own.estimator_).fit(X[:400])
    assert again.report(X, labels, tmp_path / "3.html").read_bytes() == first, "another audit took other seconds"


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(tmp_path, own, table, labels):
    joblib.dump((own, table[0], labels), tmp_path / "all.joblib")
    code = (
        "import sys, joblib, torch; torch.set_num_threads(1); folder = sys.argv[1]; "
        "own, X, y = joblib.load(f'{folder}/all.joblib'); own.report(X, y, f'{folder}/{sys.argv[2]}.html')"
    )
    for seed in "12":
        run = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path), seed]
        subprocess.run(run, check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)})
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_the_smallest_report(tmp_path, own, table):
    path = own.report(table[0][:1], path=tmp_path / "x.html")
    assert "needs at least 9 rows" in path.read_text(encoding="utf-8")
    assert "How well the model predicts" not in headings(path)
    assert "date" not in re.findall(r'<p class="(\w+)"', path.read_text(encoding="utf-8"))


def test_some_of_many_rows(tmp_path, own, table, labels):
    html = own.report(table[0], labels, tmp_path / "x.html", n_rows=50).read_text(encoding="utf-8")
    assert "600; 50 from all over the table" in html
    assert "of 600 rows (accuracy)" in html, "performance is of all"


def test_groups_of_all_rows(tmp_path, own, table):
    groups = np.where(table[0]["age"] > 50, "old", "young")
    html = own.report(table[0], path=tmp_path / "x.html", groups=groups, n_rows=100).read_text(encoding="utf-8")
    assert re.search(r"old \(\d+ rows\)", html)


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "array"])
def test_tables_of_other_kinds(tmp_path, kind):
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc")), rng.integers(2, size=60)
    torch.manual_seed(0)
    table = {"polars": pl.from_pandas(X), "array": X.to_numpy()}.get(kind)
    if kind == "pyarrow":
        table = pytest.importorskip("pyarrow").Table.from_pandas(X)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(X if kind != "array" else X.to_numpy(), y)
    html = AGOPExplainer(model).fit(table).report(table, y, tmp_path / "x.html").read_text(encoding="utf-8")
    assert "60; all of them are explained" in html


def test_a_regressor_of_several_outputs(tmp_path, rng):
    torch.manual_seed(0)
    X, Y = rng.normal(size=(80, 3)).astype("f"), rng.normal(size=(80, 2))
    explainer = AGOPExplainer(nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))).fit(X)
    path = explainer.report(X, Y if explainer.model_.classes is None else None, tmp_path / "x.html", target=1)
    assert "Row by row" in headings(path)


@pytest.mark.parametrize("method", ["agop-ixg", "agop-weighted", "agop-global"])
def test_published_methods(tmp_path, explainer, table, labels, method):
    other = AGOPExplainer(explainer.estimator_, method=method).fit(table[0])
    path = other.report(table[0], labels, tmp_path / "x.html")
    assert "How single columns act" not in headings(path)
    assert "That was not measured." in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": ["yes"]}, "y has 1 labels"),
        ({"X": pd.DataFrame({"a": [1, 2]})}, "feature names"),
        ({"n_rows": 0}, "n_rows=0 is not"),
        ({"groups": "town"}, "'town' is not a column"),
        (
            {"target": "maybe"},
            "target='maybe': a report shows the attributions of one class, 'no', 'yes', or by default",
        ),
        ({"target": "all"}, "target='all': a report shows the attributions of one class, 'no', 'yes', or by default"),
        ({"target": ["yes", "no"]}, "a report shows the attributions of one class, 'no', 'yes', or by default"),
    ],
)
def test_wrong_input_leaves_no_file(tmp_path, own, table, labels, change, said):
    given = {"X": table[0], "y": labels, "path": tmp_path / "x.html"} | change
    with pytest.raises(ValueError, match=said):
        own.report(**given)
    assert list(tmp_path.iterdir()) == []


def test_the_word_predicted_is_the_default(tmp_path, own, table, labels):
    pages = [
        own.report(table[0], labels, tmp_path / "x.html", **how).read_bytes() for how in ({}, {"target": "predicted"})
    ]
    assert pages[0] == pages[1]


def test_dask_tables_are_refused(tmp_path, own, table):
    dask = pytest.importorskip("dask.dataframe")
    with pytest.raises(ValueError, match="rows in memory: give a part of the dask table"):
        own.report(dask.from_pandas(table[0], npartitions=2), path=tmp_path / "x.html")


def test_an_unfitted_explainer(tmp_path, explainer, table):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        AGOPExplainer(explainer.estimator_).report(table[0], path=tmp_path / "x.html")


def test_a_loaded_explainer_has_its_audit(tmp_path, own, table, labels):
    own.audit(table[0][400:])
    own.save(tmp_path / "x.agop")
    loaded = AGOPExplainer.load(tmp_path / "x.agop", estimator=own.estimator_)
    html = loaded.report(table[0], labels, tmp_path / "x.html").read_text(encoding="utf-8")
    assert f"{own.audit_.relative_error:.1%} (95% interval" in html
