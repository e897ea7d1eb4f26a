"""Rules for the outputs of scikit-learn's transformers: columns, blocks and names."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from agop_tabular.models.column_links import Links
from agop_tabular.models.transformer_rules import through

NONE = -1


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.standard_normal(60), "kind": ["x"] * 35 + ["y"] * 20 + ["z"] * 5})
    table.loc[3, "a"] = np.nan
    return table


def links_of(transformer, table, columns):
    """Columns, blocks and names behind a transformer that is fitted on some columns."""
    rows = table[columns]
    transformer.fit(rows, np.arange(len(rows)) % 2)
    links, out = through(transformer, Links.identity(tuple(columns)), rows)
    assert len(links.column) == out.shape[1]
    return links.column.tolist(), links.block.tolist(), links.names


@pytest.mark.parametrize(
    ("transformer", "names", "blocks"),
    [
        (OneHotEncoder(), ["kind=x", "kind=y", "kind=z"], [0, 0, 0]),
        (OneHotEncoder(drop="first"), ["kind=y", "kind=z"], [NONE, NONE]),
        (OneHotEncoder(min_frequency=0.2), ["kind=x", "kind=y", "kind=infrequent"], [0, 0, 0]),
        (OrdinalEncoder(), ["kind"], [NONE]),
        (TargetEncoder(), ["kind"], [NONE]),
        ("passthrough", ["kind"], [NONE]),
    ],
    ids=str,
)
def test_categories(table, transformer, names, blocks):
    transformer = make_column_transformer((transformer, ["kind"]))
    assert links_of(transformer, table, ["kind"]) == ([0] * len(names), blocks, names)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("transformer", "names", "blocks"),
    [
        (StandardScaler(), ["a"], [NONE]),
        (SimpleImputer(), ["a"], [NONE]),
        (SimpleImputer(add_indicator=True), ["a", "a missing"], [NONE, NONE]),
        (KNNImputer(add_indicator=True), ["a", "a missing"], [NONE, NONE]),
        (make_pipeline(SimpleImputer(), KBinsDiscretizer(2)), ["a bin 0", "a bin 1"], [0, 0]),
        (make_pipeline(SimpleImputer(), KBinsDiscretizer(2, encode="ordinal")), ["a"], [NONE]),
        (make_pipeline(SimpleImputer(), SplineTransformer(2, degree=1)), ["a spline 0", "a spline 1"], [0, 0]),
        (make_pipeline(SimpleImputer(), PolynomialFeatures(2)), ["constant", "a", "a^2"], [NONE] * 3),
    ],
    ids=str,
)
def test_numbers(table, transformer, names, blocks):
    expected = [NONE if name == "constant" else 0 for name in names]
    assert links_of(transformer, table, ["a"]) == (expected, blocks, names)


def test_blocks_are_numbered_over_a_whole_table(table):
    union = make_union(
        make_column_transformer((OneHotEncoder(), ["kind"]), (SimpleImputer(), ["a"])),
        make_column_transformer((OneHotEncoder(), ["kind"])),
    )
    columns, blocks, names = links_of(union, table, ["a", "kind"])
    assert columns == [1, 1, 1, 0, 1, 1, 1]
    assert blocks == [0, 0, 0, NONE, 1, 1, 1]
    assert names[3] == "a"


@pytest.mark.parametrize("transformer", [Normalizer(), TfidfTransformer(), PolynomialFeatures(2)])
def test_mixed_columns_are_refused(transformer):
    table = pd.DataFrame(np.random.default_rng(0).random((20, 2)), columns=["a", "b"])
    with pytest.raises(ValueError, match=f"{type(transformer).__name__} mixes the columns 'a', 'b'"):
        links_of(transformer, table, ["a", "b"])


def test_weights_of_words_without_a_norm_are_of_one_column_each():
    table = pd.DataFrame(np.random.default_rng(0).random((20, 2)), columns=["a", "b"])
    assert links_of(TfidfTransformer(norm=None), table, ["a", "b"])[0] == [0, 1]


def test_outputs_that_are_not_accounted_for_are_refused(table):
    class Wide(StandardScaler):
        def transform(self, X):
            return np.hstack([super().transform(X)] * 2)

    with pytest.raises(ValueError, match="Wide returns 2 columns where its attributes account for 1"):
        links_of(Wide(), table, ["a"])


class Reversed(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Declares one output for each input, and returns them in another order."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)[:, ::-1]


def centred(X):
    return X - np.asarray(X).mean(axis=1, keepdims=True)


def test_declarations_are_tested_where_the_class_is_unknown():
    table = pd.DataFrame(np.random.default_rng(0).standard_normal((20, 3)), columns=list("abc"))
    assert links_of(Reversed(), table, ["a", "b", "c"])[0] == [2, 1, 0]
    with pytest.raises(ValueError, match="FunctionTransformer mixes the columns"):
        links_of(FunctionTransformer(centred, feature_names_out="one-to-one"), table, ["a", "b", "c"])


class Step:
    """A step of a user's own that returns whatever a function does."""

    def __init__(self, function):
        self.transform = function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda X: {"a": X}, "Step returns a dict"),
        (lambda X: X.tolist(), "Step returns a list"),
        (lambda X: (X, X), "Step returns a tuple"),
        (lambda X: None, "Step returns a NoneType"),
        (lambda X: X[:, 0], r"Step returns shape \(9,\) for 9 rows"),
        (lambda X: X[:, :, None], r"Step returns shape \(9, 2, 1\)"),
        (lambda X: X[1:], "Step returns 8 rows for 9"),
        (lambda X: np.rec.fromarrays(X.T), "Step returns shape"),
    ],
)
def test_a_step_that_returns_no_table_of_the_rows(function, message):
    rows = np.random.default_rng(0).normal(size=(9, 2))
    with pytest.raises((TypeError, ValueError), match=message):
        through(Step(function), Links.identity(("a", "b")), rows)


def test_steps_that_return_tensors():
    rows = np.random.default_rng(0).normal(size=(9, 2))
    for step in (torch.tensor, lambda X: torch.tensor(X, requires_grad=True), lambda X: torch.tensor(X).bfloat16()):
        links, _ = through(Step(step), Links.identity(("a", "b")), rows)
        assert links.column.tolist() == [0, 1]


@pytest.mark.parametrize("weight", [0.5, 3.0, 0.0])
@pytest.mark.parametrize("union", [False, True])
def test_weights_of_transformers_scale_their_blocks(weight, union):
    X = pd.DataFrame({"k": list("abc") * 10})
    steps, weights = [("k", OneHotEncoder())], {"k": weight}
    if union:
        transformer = FeatureUnion(steps, transformer_weights=weights).fit(X)
    else:
        transformer = ColumnTransformer([(*steps[0], ["k"])], transformer_weights=weights).fit(X)
    links, out = through(transformer, Links.identity(("k",)), X)
    assert links.block.tolist() == ([-1] * 3 if weight == 0 else [0] * 3)
    assert links.high.tolist() == [weight] * 3
    assert np.asarray(out.todense() if scipy.sparse.issparse(out) else out).max() == weight
