"""What the pages say of other libraries: tried with those libraries, on small networks."""

import re
from copy import deepcopy

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from support.pages import ROOT
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import fetch_adult


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


def of(*layers, outputs=2):
    return nn.Sequential(nn.Linear(5, 8), *layers, nn.Linear(8, outputs))


RELU = nn.ReLU()
BREAKING = {
    "LayerNorm": (of(nn.LayerNorm(8), nn.ReLU()), "do not sum up"),
    "SiLU": (of(nn.SiLU()), "do not sum up"),
    "a ReLU used twice": (of(RELU, nn.Linear(8, 8), RELU), "do not sum up"),
    "torch.relu": (Functional(), "do not sum up"),
    "in-place": (of(nn.ReLU(inplace=True)), "modified inplace"),
    "1-D": (nn.Sequential(of(nn.ReLU(), outputs=1), nn.Flatten(0)), "tuple index"),
}


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).standard_normal((200, 5)).astype("float32")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_deep_explainer(name, rows):
    """Integrated Gradients of captum and this project explain the same networks."""
    shap = pytest.importorskip("shap")
    attr = pytest.importorskip("captum.attr")
    module, message = BREAKING[name]
    with pytest.raises((AssertionError, RuntimeError, IndexError), match=message):
        shap.DeepExplainer(deepcopy(module), torch.tensor(rows[:50])).shap_values(torch.tensor(rows[:5]))
    target = None if name == "1-D" else 1
    assert attr.IntegratedGradients(module).attribute(torch.tensor(rows[:5]), target=target).shape == (5, 5)
    explanation = AGOPExplainer(module).fit(rows)(rows[:5])
    assert np.abs(explanation.gap).max() < 1e-4


@pytest.mark.filterwarnings("ignore")
def test_training_mode_after_deep_explainer(rows):
    shap = pytest.importorskip("shap")
    module = of(nn.ReLU()).train()
    shap.DeepExplainer(module, torch.tensor(rows[:50])).shap_values(torch.tensor(rows[:5]))
    assert not module.training
    module.train()
    AGOPExplainer(module).fit(rows).explain(rows)
    assert module.training


@pytest.mark.filterwarnings("ignore")
def test_nets_and_pipelines_as_they_are(rows):
    shap = pytest.importorskip("shap")
    attr = pytest.importorskip("captum.attr")
    y = (rows[:, 0] * rows[:, 1] > 0).astype("int64")
    net = NeuralNetClassifier(of(nn.ReLU()), criterion=nn.CrossEntropyLoss, max_epochs=2, verbose=0).fit(rows, y)
    table = pd.DataFrame(rows, columns=list("abcde")).assign(c=np.where(rows[:, 2] > 0, "u", "v"))
    columns = make_column_transformer((OneHotEncoder(), ["c"]), remainder=StandardScaler())
    pipeline = make_pipeline(columns, MLPClassifier((8,), max_iter=20, random_state=0)).fit(table, y)
    for model, X in ((net, rows), (pipeline, table)):
        with pytest.raises(TypeError, match="not callable"):
            shap.Explainer(model, X)
        with pytest.raises(TypeError):
            attr.IntegratedGradients(model).attribute(torch.tensor(rows[:3]), target=1)
        assert AGOPExplainer(model).fit(X).explain(X[:3]).shape == (3, 5)
    with pytest.raises(TypeError):
        shap.Explainer(pipeline.predict_proba, table)(table[:3])


@pytest.mark.filterwarnings("ignore")
def test_lime_differs_from_call_to_call(rows):
    tabular = pytest.importorskip("lime.lime_tabular")
    model = MLPClassifier((8,), max_iter=20, random_state=0).fit(rows, (rows[:, 0] > 0).astype(int))
    explainer = tabular.LimeTabularExplainer(rows.astype(float), random_state=0)
    first, second = (explainer.explain_instance(rows[0].astype(float), model.predict_proba).as_map()[1] for _ in "ab")
    assert first != second


@pytest.mark.filterwarnings("ignore")
def test_every_call_of_the_page_for_users_of_shap_runs(tmp_path, monkeypatch):
    """All code of the second column, in order."""
    shap = pytest.importorskip("shap")
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")
    X, y = fetch_adult(return_X_y=True)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    model = make_pipeline(columns, MLPClassifier((16,), max_iter=10, random_state=0))
    model.fit(X[:2000], (y[:2000] == ">50K").astype(int))
    names = {"AGOPExplainer": AGOPExplainer, "model": model, "shap": shap, "np": np, "abs": abs}
    names |= {"X_train": X[:2000], "X_test": X[2000:2100], "groups": X[2000:2100]["sex"]}
    lines = (ROOT / "docs/from-shap.md").read_text().split("\n\n## ")[0].splitlines()
    cells = [line.split(" | ")[1] for line in lines if line.startswith("| ") and " | " in line][1:]
    calls = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    assert len(calls) > 20
    for code in calls:
        if code not in ("target=", "refine="):
            exec(code, names)
            plt.close("all")
    assert names["attributions"].shape == (100, 14, 2)
