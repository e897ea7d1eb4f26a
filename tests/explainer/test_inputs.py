"""The same answers for every form that a table can come in."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neural_network import MLPClassifier
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer


@pytest.fixture
def fitted(net, X):
    return AGOPExplainer(net).fit(X)


def test_float64_and_float32(net, X, fitted):
    expected = fitted.explain(X)
    assert expected.dtype == np.float32
    double = AGOPExplainer(net).fit(X.astype("float64")).explain(X.astype("float64"))
    assert double.dtype == np.float64
    np.testing.assert_allclose(double, expected, rtol=1e-6)


def test_integers_and_booleans_come_back_float64(X):
    rows = (X > 0).astype(int)
    model = MLPClassifier(random_state=0, max_iter=20).fit(rows, (X[:, 0] > 1).astype(int))
    for kind in (int, bool, "int8", float):
        out = AGOPExplainer(model).fit(rows.astype(kind)).explain(rows.astype(kind))
        assert out.dtype == np.float64
        np.testing.assert_allclose(out, AGOPExplainer(model).fit(rows).explain(rows))


def test_dataframes(net, X, fitted):
    expected = fitted.explain(X)
    frame = pd.DataFrame(X, columns=list("abcdef"), index=np.arange(200)[::-1])
    frames = {
        "float32": frame,
        "float64": frame.astype("float64"),
        "object": frame.astype(object),
        "mixed": frame.astype({"a": "float64"}),
        "nullable": frame.astype("Float32"),
    }
    for name, table in frames.items():
        out = AGOPExplainer(net).fit(table).explain(table)
        assert out.index.equals(table.index), name
        assert out.columns.equals(table.columns), name
        assert set(out.dtypes) == {np.dtype("float32" if name == "float32" else "float64")}, name
        np.testing.assert_allclose(out.to_numpy(), expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_dataframe_of_small_types(rng):
    table = pd.DataFrame(
        {
            "flag": rng.random(80) > 0.5,
            "maybe": pd.array(rng.random(80) > 0.5, dtype="boolean"),
            "count": pd.array(rng.integers(0, 9, 80), dtype="Int8"),
            "level": pd.Categorical(rng.integers(0, 3, 80)),
            "x": rng.random(80).astype("float16"),
        }
    )
    plain = table.astype({"maybe": bool, "count": int, "level": int}).astype("float64").to_numpy()
    module = MLP(5, 2)
    out = AGOPExplainer(module).fit(table).explain(table)
    np.testing.assert_allclose(out, AGOPExplainer(module).fit(plain).explain(plain), rtol=1e-5)
    assert list(out.columns) == list(table.columns)


def test_integer_column_names(net, X, fitted):
    table = pd.DataFrame(X)
    out = AGOPExplainer(net).fit(table).explain(table)
    np.testing.assert_array_equal(out.to_numpy(), fitted.explain(X))
    assert AGOPExplainer(net).fit(table)(table).feature_names == ("0", "1", "2", "3", "4", "5")


def test_lists_and_memory_layouts(net, X, fitted):
    expected = fitted.explain(X)
    np.testing.assert_allclose(fitted.explain(X.tolist()), expected, rtol=1e-5)
    for view in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], np.ascontiguousarray(X[::-1])[::-1]):
        np.testing.assert_array_equal(fitted.explain(view), expected)
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(AGOPExplainer(net).fit(frozen).explain(frozen), expected)


def test_a_single_row(net, X, fitted):
    np.testing.assert_allclose(fitted.explain(X[3:4]), fitted.explain(X)[3:4], rtol=1e-4, atol=1e-6)
    with pytest.warns(UserWarning, match="Every coordinate is constant"):
        alone = AGOPExplainer(net).fit(X[:1])
    assert not alone.explain(X).any()  # every coordinate is constant
    assert alone(X[:1]).values.shape == (1, 6)


def model_scores(model, X):
    """Score of the predicted class of a model with one logit."""
    odds = np.log(model.predict_proba(X)[:, 1]) - np.log(model.predict_proba(X)[:, 0])
    return np.abs(odds)


def test_one_feature(rng):
    X = rng.standard_normal((100, 1))
    model = MLPClassifier(random_state=0, max_iter=100).fit(X, (X[:, 0] > 0).astype(int))
    explainer = AGOPExplainer(model, method="agop-ixg").fit(X)
    assert explainer.rank_ == 1
    assert explainer.explain(X).shape == (100, 1)
    only = AGOPExplainer(model).fit(X)(X)
    np.testing.assert_allclose(only.values[:, 0], model_scores(model, X) - only.base_values, rtol=1e-4, atol=1e-5)
    ixg = AGOPExplainer(model, method="ixg").fit(X).explain(X)
    np.testing.assert_allclose(explainer.explain(X), ixg, rtol=1e-9)  # of one coordinate, M / λ₁ is 1


def test_constant_features(net, X):
    rows = X.copy()
    rows[:, 2] = 0.1
    explainer = AGOPExplainer(net).fit(rows)
    assert explainer.scale_[2] == 0
    assert (explainer.explain(rows)[:, 2] == 0).all()
    assert np.abs(explainer.explain(X)[:, 2]).min() > 0, "where it has another value, that changes the score"
    published = AGOPExplainer(net, method="agop-ixg").fit(rows)
    assert (published.explain(X)[:, 2] == 0).all(), "of a coordinate whose scale is 0"
    assert explainer.feature_importances_[2] == 0


@pytest.mark.parametrize("n_classes", [2, 3, 40, pytest.param(100, marks=pytest.mark.slow)])
def test_many_classes_and_text_labels(n_classes, rng):
    X = rng.standard_normal((300, 4))
    y = np.array([f"class {i:03d}" for i in range(n_classes)])[np.arange(300) % n_classes]
    model = MLPClassifier(random_state=0, max_iter=5).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    every = explainer.explain(X, target="all")
    assert every.shape == (300, 4, n_classes)
    np.testing.assert_array_equal(explainer(X).target, model.predict(X))
    which = np.searchsorted(model.classes_, model.predict(X))
    np.testing.assert_allclose(explainer.explain(X), every[np.arange(300), :, which], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(explainer.explain(X, target=y), explainer.explain(X, target=list(y)))
    np.testing.assert_allclose(explainer.explain(X, target="class 001"), every[:, :, 1], rtol=1e-5, atol=1e-6)
    assert explainer(X, target="all").target_names == tuple(model.classes_)


def test_boolean_labels(X):
    model = MLPClassifier(random_state=0, max_iter=5).fit(X, X[:, 0] > 1)
    explainer = AGOPExplainer(model).fit(X)
    np.testing.assert_allclose(explainer.explain(X, target=True), -explainer.explain(X, target=False))


def test_max_samples(net, X):
    few = AGOPExplainer(net, max_samples=50, random_state=0).fit(X)
    assert few.n_samples_seen_ == 50
    again = AGOPExplainer(net, max_samples=50, random_state=0).fit(X)
    np.testing.assert_array_equal(few.agop_, again.agop_)
    other = AGOPExplainer(net, max_samples=50, random_state=1).fit(X)
    assert not np.array_equal(few.agop_, other.agop_)
    assert AGOPExplainer(net, max_samples=1000).fit(X).n_samples_seen_ == 200
    table = pd.DataFrame(X, columns=list("abcdef"))
    np.testing.assert_array_equal(AGOPExplainer(net, max_samples=50, random_state=0).fit(table).agop_, few.agop_)


def test_module_without_parameters(X):
    found = AGOPExplainer(nn.Softplus(), method="ixg").fit(X).explain(X)
    rows, predicted = np.arange(200), X.argmax(axis=1)  # score j is the softplus of column j
    expected = np.zeros_like(X)
    expected[rows, predicted] = ((X - X.mean(axis=0)) / (1 + np.exp(-X)))[rows, predicted]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_verbose_shows_progress(net, X, capsys):
    AGOPExplainer(net, verbose=1).fit(X).explain(X)
    err = capsys.readouterr().err
    assert "AGOP fit" in err
    assert "AGOP explain" in err
    AGOPExplainer(net).fit(X).explain(X)
    assert capsys.readouterr().err == ""
