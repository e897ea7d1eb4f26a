"""The documentation's code runs."""

import re

import numpy as np
import pytest
from support.pages import ROOT, blocks, run, unlike

NOT_RUN = {"ecosystems.md"}
"""Pages whose code is a pattern to fill in."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", ["start-data-scientist.md", "start-automl.md", "start-researcher.md", "images.md"])
def test_pages_run_and_print_what_they_show(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(page)


def test_all_code_of_the_pages_is_run_by_a_test():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    pages = {path.name for path in (ROOT / "docs").glob("*.md") if blocks(path.name)}
    assert {page for page in pages - NOT_RUN if f'"{page}"' not in tests} == set()


def test_output_may_differ_by_rounding_and_seconds_only():
    assert unlike("error 7.8% of 1,024 rows, 1.7 s", "error 7.9% of 1024 rows,  23 s") == ""
    assert unlike("[0.11 0.13]", "[0.11  0.14]") == ""
    assert "0.50 is shown, and not 0.6" in unlike("age 0.50", "age 0.6")
    assert "'age #' is shown" in unlike("age 0.5", "sex 0.5")
    assert unlike("", "age") != ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_quickstart_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(blocks("quickstart.md")) > 10
    names = run("quickstart.md")
    assert (tmp_path / "beeswarm.png").stat().st_size > 10_000
    assert names["explainer"].n_features_in_ == 14


@pytest.mark.filterwarnings("ignore")
def test_the_page_on_reference_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("reference-rows.md")
    explanation = names["explanation"]
    assert abs(float(explanation.gap[0])) < 1e-4
    assert explanation.top(1)["feature"].tolist() == ["PAY_0"]


@pytest.mark.filterwarnings("ignore")
def test_the_page_on_audits():
    """Its figures are those of a run, within what another machine changes; refinement makes them smaller."""
    names = run("audit.md")
    text = (ROOT / "docs" / "audit.md").read_text()
    shown = float(re.search(r"relative error  ([\d.]+)%", text)[1]) / 100
    audit, refined = names["audit"], names["refined"]
    assert audit.relative_error == pytest.approx(shown, abs=0.02)
    assert refined.relative_error < 0.8 * audit.relative_error
    assert names["explanation"].error.shape == (5,)


@pytest.mark.filterwarnings("ignore")
def test_the_page_on_reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("report.md")
    html = names["path"].read_text(encoding="utf-8")
    parts = re.findall(r"^\| ([A-Z][^|]*) \|", (ROOT / "docs" / "report.md").read_text(), re.MULTILINE)
    missing = [part for parts in parts for part in parts.split(", ") if part not in html]
    assert missing == ["Groups of rows compared"], "which takes groups="
    assert {"report.html", "run.html", "explanation.html"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.filterwarnings("ignore")
def test_what_the_numbers_mean():
    names = run("numbers.md")
    p = names["model"].predict_proba(names["X"][81:82])[0, 1]
    assert names["row"].values.sum() + names["row"].base_values[0] == pytest.approx(p, abs=1e-5)
    assert 1 / (1 + np.exp(-names["log_odds"][0])) == pytest.approx(p, abs=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_automl_page(tmp_path, monkeypatch):
    """AutoGluon's and pytabkit's examples run in the tests of those tools."""
    monkeypatch.chdir(tmp_path)
    names = run("automl.md", "AutoML and searches", "FLAML", "Optuna")
    assert names["explanation"].about["by"] == "gradient"
    assert names["explanation"].to_frame().columns.tolist() == names["X"].columns.tolist()
    assert {"search", "study", "best"} <= set(names)


@pytest.mark.filterwarnings("ignore")
def test_the_dask_page(tmp_path, monkeypatch):
    dask = pytest.importorskip("dask")
    monkeypatch.chdir(tmp_path)
    with dask.config.set(scheduler="synchronous"):
        names = run("dask.md")
    assert names["lazy"].npartitions == 10
    assert len(list((tmp_path / "explained").glob("*.parquet"))) == 10


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_dask_demo(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.syspath_prepend(ROOT / "docs/examples")
    names = {"__name__": "demo"}
    exec(compile((ROOT / "docs/examples/dask_cluster.py").read_text(), "dask_cluster.py", "exec"), names)
    result = names["main"](tmp_path / "demo", files=4, rows_a_file=1000)
    assert result["rows"] == 4000
    assert result["error"] < 1e-5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_demo(tmp_path):
    names = {"__name__": "demo"}
    exec(compile((ROOT / "docs/examples/adult.py").read_text(), "adult.py", "exec"), names)
    result = names["main"](tmp_path)
    assert result["auc"] >= 0.90
    assert result["ratio"] > 100
    drawn = ["effects.png", "global.png", "interactions.png", "row-1.png", "row-2.png", "row-3.png", "summary.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == drawn


@pytest.mark.filterwarnings("ignore")
def test_the_page_on_attribution_by_training():
    names = run("training-guided.md")
    explanation = names["explanation"]
    assert set(explanation.top(1)["feature"]) <= {"x0", "x1", "x2"}, "the columns that the labels depend on"
    total = explanation.base_values + explanation.values.sum(axis=1) + explanation.gap
    np.testing.assert_allclose(total, names["net"].forward(names["X"][:5]).numpy()[:, 1], rtol=1e-4)
