"""A saved explainer warns about another network than the one it was fitted on."""

import copy

import pandas as pd
import pytest
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.models.codes import CodeRows
from agop_tabular.models.fingerprint import StableHasher
from agop_tabular.networks.tabular_mlp import make_columns


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.agop"


def test_another_network_warns(net, X, path):
    AGOPExplainer(net).fit(X).save(path)
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.module_[0].weight[0, 0] += 1e-3
    with pytest.warns(UserWarning, match="are not those that the saved explainer was fitted on"):
        AGOPExplainer.load(path, estimator=other)


def test_loaded_with_a_part_of_the_model(X, tmp_path):
    y = (X[:, 0] > 1).astype(int)
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=20, random_state=0)).fit(X, y)
    AGOPExplainer(model).fit(X).save(tmp_path / "e.agop")
    other = make_pipeline(StandardScaler().fit(2 * X), model[-1])
    tanh = copy.deepcopy(model)
    tanh[-1].activation = "tanh"
    for wrong in (model[-1], other, tanh):
        with pytest.warns(UserWarning, match="not those that the saved explainer was fitted on"):
            AGOPExplainer.load(tmp_path / "e.agop", estimator=wrong)
    AGOPExplainer.load(tmp_path / "e.agop", estimator=model)
    with pytest.raises(ValueError, match="not fitted"):
        AGOPExplainer.load(tmp_path / "e.agop", estimator=MLPClassifier())


@pytest.mark.parametrize(
    ("transformer", "name"),
    [
        (CodeRows({0: range(3)}, ["a"]), b"agop_tabular.adapters.codes\nCodeRows\n"),
        (make_columns(pd.DataFrame({"a": ["x", "y"]})), b"agop_tabular.automl.tabular_mlp\n_missing_as_nan\n"),
    ],
)
def test_hashed_under_the_names_of_earlier_files(transformer, name):
    hasher = StableHasher()
    hasher.dump(transformer)
    assert name in hasher.stream.getvalue()
