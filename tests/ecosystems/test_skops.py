"""What skops keeps of a pipeline is what was explained."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.pages import run

from agop_tabular import AGOPExplainer

skops_io = pytest.importorskip("skops.io", reason="No module named 'skops'")


def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("integrations.md", "skops")
    np.testing.assert_array_equal(names["same"], names["explainer"].explain(names["X"]))


@pytest.mark.filterwarnings("error")
def test_a_network_in_a_pipeline(tmp_path, X):
    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=5, random_state=0))
    with pytest.warns(match="converge"):
        model.fit(X, y)
    path = tmp_path / "model.skops"
    skops_io.dump(model, path)
    loaded = skops_io.load(path, trusted=skops_io.get_untrusted_types(file=path))
    explainer = AGOPExplainer(model).fit(X)
    explainer.save(tmp_path / "model.agop")
    same = AGOPExplainer.load(tmp_path / "model.agop", loaded)  # would warn of other weights
    np.testing.assert_array_equal(same.explain(X), explainer.explain(X))
    np.testing.assert_array_equal(AGOPExplainer(loaded).fit(X).explain(X), explainer.explain(X))
