"""Try the installed package where none of its extras is: fit, explain, save, and the sentences for what is missing.

Run by ``make wheel``, in an empty folder.
"""

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

import agop_tabular
from agop_tabular import AGOPExplainer
from agop_tabular.baselines import BASELINES
from agop_tabular.datasets import fetch_adult

EXTRAS = ("shap", "lime", "captum", "matplotlib", "typer", "pyarrow", "statsmodels", "dask")


def sentence(call):
    """What a call that lacks a package says."""
    try:
        call()
    except ImportError as error:
        return str(error)
    raise AssertionError("no ImportError")


def main():
    """Try what needs no extra, and print what is said where one is missing."""
    assert "site-packages" in agop_tabular.__file__, agop_tabular.__file__
    assert version("agop-tabular") == agop_tabular.__version__
    found = [name for name in EXTRAS if find_spec(name) is not None]
    assert not found, f"{found} are here, so nothing shows what happens without them"

    X, y = fetch_adult(return_X_y=True)
    numbers, y = X.select_dtypes("number").iloc[:2000], y.iloc[:2000].astype(str)
    model = MLPClassifier((16,), max_iter=20, random_state=0).fit(numbers / numbers.std(), y)
    rows = numbers / numbers.std()
    explainer = AGOPExplainer(model).fit(rows)
    explanation = explainer(rows[:50])
    np.testing.assert_allclose(explanation.gap, 0, atol=1e-3)
    explainer.audit(rows, n_rows=20)
    assert "log-odds" in explanation._repr_html_()
    for name in ("a.csv", "a.json", "a.html"):
        explanation.save(name)
    explainer.save("a.agop")
    np.testing.assert_array_equal(AGOPExplainer.load("a.agop", model).explain(rows), explainer.explain(rows))

    said = {
        "plots": sentence(lambda: explanation.plot(0)),
        "shap": sentence(explanation.to_shap),
        "baselines": sentence(lambda: BASELINES["lime"](model, rows[:2], background=rows)),
        "cohorts": sentence(lambda: explanation.cohorts(np.arange(50) % 3)),
        "parquet": sentence(lambda: explanation.save("a.parquet")),
        "report": sentence(lambda: explainer.report(rows, path="a.html")),
    }
    command = subprocess.run([Path(sys.executable).with_name("agop-tabular")], capture_output=True, text=True)
    assert command.returncode == 2
    said["cli"] = command.stderr.strip()
    for name, text in said.items():
        assert "pip install" in text, text
        print(f"{name:10}{text}")
    assert sorted(path.name for path in Path().iterdir()) == ["a.agop", "a.csv", "a.html", "a.json"]


if __name__ == "__main__":
    main()
