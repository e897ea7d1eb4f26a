"""The package as a whole: what it exports and what importing it costs."""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import agop_tabular
from benchmarks.import_time.study import seconds_of_imports

ROOT = Path(__file__).parents[2]


def test_exports():
    assert agop_tabular.__all__ == ["AGOPCallback", "AGOPExplainer", "Explanation", "__version__"]


def test_import_takes_nothing_heavy():
    code = "import sys, agop_tabular.explainer, agop_tabular.datasets; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    for heavy in ("shap", "lime", "captum", "openml", "matplotlib", "dask", "autogluon"):
        assert heavy not in loaded


@pytest.mark.slow
def test_the_explainer_is_imported_about_as_fast_as_skorch():
    """1.1 times as long is what is promised; the machine that tests may be busy."""
    assert seconds_of_imports(3)["ratio"] < 1.25


def test_names_are_imported_when_they_are_used():
    code = "import sys, agop_tabular; print('torch' in sys.modules, dir(agop_tabular), agop_tabular.Explanation)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("False [")
    assert "'AGOPExplainer'" in said
    assert said.endswith("<class 'agop_tabular.results.explanation.Explanation'>\n")
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = agop_tabular.Nothing


def test_the_first_explanation_does_not_wait_for_sympy():
    """Which torch imports for gradients with weights, for longer than a small fit takes."""
    code = (
        "import sys, numpy as np, torch; from agop_tabular import AGOPExplainer; "
        "X = np.eye(3, dtype='f'); AGOPExplainer(torch.nn.Linear(3, 2)).fit(X).explain(X); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "sympy" not in loaded


def test_the_readme_runs_from_top_to_bottom(monkeypatch):
    mpl.use("Agg")
    monkeypatch.syspath_prepend(ROOT / "docs/examples")
    from readme_picture import run_readme

    names = run_readme()
    assert 0 < names["explainer"].audit_.relative_error < 0.2
    assert "probability" in plt.gcf().axes[0].get_title(loc="left")
    plt.close("all")


def test_the_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) < 120
    links = re.findall(r"\]\(([^)#]+)", text)
    assert len(links) > 10
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_changelog_names_the_version_to_come():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
