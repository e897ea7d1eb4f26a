"""xRFM: its kernel machines by their own gradients, and its trees through a student."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from support.model_scores import probabilities
from support.pages import run

pytest.importorskip("xrfm")

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xrfm import xRFM

from agop_tabular import AGOPExplainer, automl
from agop_tabular.baselines import NetworkShapley
from agop_tabular.datasets import fetch_adult
from agop_tabular.evaluation import cosine, spearman

pytestmark = pytest.mark.filterwarnings("ignore")


def machine(kernel="l2_high_dim", *, solver="solve", categorical=None, **params):
    model = {"kernel": kernel, "bandwidth": 10.0, "exponent": 1.0, "bandwidth_mode": "constant"}
    model |= {"norm_p": 1.5} if kernel == "lpq" else {}
    model |= {"fast_categorical": True} if categorical else {}
    rfm = {"model": model, "fit": {"reg": 1e-3, "iters": 2, "verbose": False, "solver": solver}}
    settings = {"device": "cpu", "verbose": False, "random_state": 0, "categorical_info": categorical}
    return xRFM(rfm_params=rfm, **(settings | params))


def fitted(X, y, **params):
    return machine(**params).fit(X[:-60], y[:-60], X[-60:], y[-60:])


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.RandomState(0)
    X = rng.randn(300, 6).astype(np.float32)
    return X, X[:, 0] * X[:, 1] + 0.5 * X[:, 2]


def labels(y, n):
    return np.digitize(y, np.quantile(y, np.arange(1, n) / n))


def check_gradient(explainer, X):
    """Against finite differences, in double precision."""
    module = pickle.loads(pickle.dumps(explainer.model_.network.module)).double()
    assert torch.autograd.gradcheck(module, torch.tensor(X[-4:], dtype=torch.float64, requires_grad=True))


def gradient(module, x):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(module(leaf)[:, 1].sum(), leaf)[0]


@pytest.mark.parametrize("kernel", ["l2_high_dim", "l2", "l1", "lpq", "sum_power_laplace"])
def test_kernels(kernel, numbers):
    X, y = numbers
    model = fitted(X, labels(y, 2), kernel=kernel)
    explainer = AGOPExplainer(model, max_samples=100).fit(X)
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-5)
    check_gradient(explainer, X)
    explanation = explainer(X)
    assert (explanation.target == model.predict(X)).all()
    assert np.abs(explanation.gap).max() < 1e-4


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("mode", ["zero_one", "prevalence"])
def test_classes(mode, n_classes, numbers):
    X, y = numbers
    y = labels(y, n_classes)
    y[:3] = n_classes  # a class of three rows
    model = fitted(X, y, classification_mode=mode)
    explainer = AGOPExplainer(model, max_samples=100).fit(X)
    assert explainer.classes_.tolist() == list(range(n_classes + 1))
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-5)
    check_gradient(explainer, X)
    assert (explainer(X).target == model.predict(X)).all()


def test_logistic(numbers):
    X, y = numbers
    y = labels(y, 2)
    model = fitted(X, y, solver="log_reg")
    explainer = AGOPExplainer(model, max_samples=100).fit(X)
    assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-5)
    check_gradient(explainer, X)
    assert (explainer(X).target == model.predict(X)).all()


def test_regressor(numbers):
    X, y = numbers
    model = fitted(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert_allclose(probabilities(explainer, X), model.predict(X), atol=1e-5)
    check_gradient(explainer, X)
    explanation = explainer(X)
    assert_allclose(explanation.values.sum(axis=1) + explanation.base_values, model.predict(X)[:, 0], atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_agop_is_its_own(n_classes, numbers):
    """On the same rows it is the machine's own AGOP, up to scale; the M that it learned with is of the step before."""
    X, y = numbers
    model = fitted(X, labels(y, n_classes))
    leaf = model.trees[0]["model"]
    own = leaf.fit_M(torch.from_numpy(X), leaf.weights.shape[1], inplace=False)
    explainer = AGOPExplainer(model, method="agop-ixg", contrast=False, standardize=False).fit(X)
    assert_allclose(explainer.agop_ / explainer.agop_.max(), own, atol=1e-4)
    assert spearman(explainer.agop_diagonal_[None], np.diag(leaf.M)[None])[0] > 0.8
    assert set(np.argsort(np.diag(leaf.M))[-3:]) == set(np.argsort(explainer.feature_importances_)[-3:]) == {0, 1, 2}


def adult():
    table = fetch_adult()
    X = table.data.assign(constant=1.0)
    rows = X[40_000:40_150].copy()
    rows["workclass"] = rows["workclass"].astype(object)
    rows.iloc[0, rows.columns.get_loc("workclass")] = np.nan
    rows.iloc[1, rows.columns.get_loc("workclass")] = "never seen"
    rows.iloc[2, rows.columns.get_loc("age")] = np.nan
    return X[:800], (np.asarray(table.target[:800]) == ">50K").astype(int), rows


def preprocessing(X):
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (numeric, make_column_selector(dtype_include="number")), (onehot, make_column_selector(dtype_exclude="number"))
    )
    return columns.fit(X)


def test_columns_of_adult():
    X, y, rows = adult()
    columns = preprocessing(X)
    model = fitted(columns.transform(X), y)
    before = model.predict_proba(columns.transform(rows))
    explainer = automl.fit_explainer(
        Pipeline([("columns", columns), ("xrfm", model)]), X, surrogate="never", max_samples=200
    )
    assert_allclose(probabilities(explainer, rows), before, atol=1e-5)
    explanation = explainer(rows)
    attributions = explanation.to_frame()
    assert attributions.columns.tolist() == rows.columns.tolist()
    assert (attributions["constant"] == 0).all()
    assert (attributions.drop(columns="constant").abs().sum() > 0).all()
    again = pickle.loads(pickle.dumps(explainer))
    assert_allclose(again.explain(rows).to_numpy(), explanation.values, rtol=1e-5, atol=1e-6)
    assert (model.predict_proba(columns.transform(rows)) == before).all()
    assert (pickle.loads(pickle.dumps(model)).predict_proba(columns.transform(rows)) == before).all()


def test_a_kernel_of_categories():
    X, y, rows = adult()
    columns = preprocessing(X)
    sizes = [len(c) for c in columns.named_transformers_["onehotencoder"].categories_]
    ends = columns.transform(X).shape[1] - sum(sizes) + np.cumsum(sizes)
    info = {
        "numerical_indices": torch.arange(ends[0] - sizes[0]),
        "categorical_indices": [torch.arange(end - size, end) for end, size in zip(ends, sizes, strict=True)],
        "categorical_vectors": [torch.eye(size) for size in sizes],
    }
    Z, rows = columns.transform(X).astype(np.float32), columns.transform(rows).astype(np.float32)
    model = fitted(Z, y, kernel="l2", categorical=info)
    explainer = AGOPExplainer(model, method="agop-ixg").fit(Z)
    assert_allclose(probabilities(explainer, rows), model.predict_proba(rows), atol=1e-5)
    module = explainer.model_.network.module
    hard, smooth = copy.deepcopy(module).double(), copy.deepcopy(module).double()
    hard.kernel.categorical_vectors = [vectors.double() for vectors in hard.kernel.categorical_vectors]
    smooth.kernel.handle_categorical = False
    x = torch.from_numpy(Z).double()
    assert_allclose(smooth(x), hard(x), atol=1e-6)  # the same function on one-hot rows, in double precision
    assert torch.autograd.gradcheck(smooth, x[-4:].requires_grad_())
    assert_allclose(gradient(module, x.float()), gradient(smooth, x), rtol=1e-3, atol=1e-2)


def test_near_its_own_shapley_values(numbers):
    X, y = numbers
    model = fitted(X, labels(y, 3))
    explanation = AGOPExplainer(model).fit(X)(X[:20])
    own = NetworkShapley(n_permutations=100)(model, X[:20], "all", X, 0)
    own = (own - own.mean(axis=2, keepdims=True))[np.arange(20), :, explanation.target]
    assert cosine(explanation.values, own).mean() > 0.9


def test_splits_go_through_a_student(numbers):
    X, y = numbers
    X = np.random.RandomState(1).randn(3000, 6).astype(np.float32)
    y = 2 * X[:, 0] + X[:, 1]
    for target, kind in ((labels(y, 2), "agreement"), (y, "r2")):
        model = fitted(X, target, max_leaf_size=1000)
        with pytest.raises(TypeError, match="has split its rows"):
            AGOPExplainer(model).fit(X)
        explanation = automl.explain(model, X, X[:50], random_state=0)
        assert explanation.about["by"] == "student"
        assert explanation.about["fidelity"][kind] > 0.8
        assert set(np.abs(explanation.values).mean(axis=0).argsort()[-2:]) == {0, 1}


def test_unfitted(numbers):
    with pytest.raises(NotFittedError, match="xRFM is not fitted"):
        AGOPExplainer(machine()).fit(numbers[0])


def test_the_documentations_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("automl.md", "AutoML and searches", "xRFM")
