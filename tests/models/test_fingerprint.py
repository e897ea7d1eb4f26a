"""A saved explainer warns about another network than the one it was fitted on."""

import copy
import functools
import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.models.codes import CodeRows
from agop_tabular.models.fingerprint import fingerprint
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


def of(transformer):
    """The fingerprint of a transformer in front of no network."""
    return fingerprint(SimpleNamespace(preprocessing=[transformer], module=nn.Module()))


def cyclic():
    value = SimpleNamespace(name="a")
    value.itself = value
    return value


STATES = {
    "an array": lambda v: np.array([1.0, 2.0 + v]),
    "its dtype": lambda v: np.array([1, 2], dtype="i8" if v else "i4"),
    "its shape": lambda v: np.zeros((2, 3) if v else (3, 2)),
    "text": lambda v: np.array(["a", "b" * (v + 1)], dtype=object),
    "a table": lambda v: pd.DataFrame({"a": [1.0], "b": [v]}),
    "names of a table": lambda v: pd.DataFrame({"a": [1.0], f"b{v}": [2.0]}),
    "categories": lambda v: pd.Categorical(["x"], categories=["x", f"y{v}"]).categories,
    "a sparse matrix": lambda v: scipy.sparse.csr_array(np.array([[0.0, v]])),
    "a tensor": lambda v: torch.tensor([1.0, v]),
    "a dict": lambda v: {"a": 1, "b": {"c": v}},
    "a list": lambda v: [1, [2, v]],
    "a set": lambda v: {"a", "b", f"c{v}"},
    "a function": lambda v: np.log1p if v else np.expm1,
    "a class": lambda v: StandardScaler if v else MLPClassifier,
    "a part": lambda v: make_pipeline(StandardScaler(with_mean=bool(v))),
    "a fit": lambda v: StandardScaler().fit(np.array([[1.0], [2.0 + v]])),
    "a partial function": lambda v: functools.partial(np.add, v),
    "codes": lambda v: CodeRows({0: range(3 + v)}, ["a"]),
    "columns of a table": lambda v: make_columns(t := pd.DataFrame({"a": ["x", f"y{v}"]})).fit(t),
}


@pytest.mark.parametrize("name", STATES)
def test_every_part_counts(name):
    make = STATES[name]
    assert of(make(0)) == of(make(0))
    assert of(make(0)) == of(copy.deepcopy(make(0)))
    assert of(make(0)) != of(make(1))


def test_objects_within_themselves():
    assert of(cyclic()) == of(cyclic())
    twice = np.ones(2)
    assert of([twice, twice]) == of([twice, twice.copy()])


def test_it_does_not_depend_on_versions():
    """Numbers that libraries made, with numpy and joblib of several versions."""
    scaler = StandardScaler().fit(np.array([[1.0], [3.0]]))
    scaler.n_samples_seen_ = np.int64(2)
    before = of(scaler)
    scaler.n_samples_seen_ = 2  # as other versions have it
    assert of(scaler) == before
    digest = hashlib.sha256(b"SimpleNamespace('a';ndarray((2,) <f8;" + np.ones(2).tobytes() + b"))").hexdigest()
    assert of(SimpleNamespace(a=np.ones(2))) == digest
