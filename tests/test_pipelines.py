"""Pipelines, ColumnTransformers and categories: attributions come back on the user's own columns."""

import numpy as np
import pandas as pd
import pytest
import torch
from nets import MLP
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from agop_tabular import AGOPExplainer

COLUMNS = ["age", "income", "city", "member", "plan", "visits"]


def float32():
    return FunctionTransformer(np.float32, feature_names_out="one-to-one")


def skorch_net(**params):
    torch.manual_seed(0)
    return NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        max_epochs=2,
        lr=0.05,
        verbose=0,
        module__n_in=1,
        callbacks=[InputShapeSetter(param_name="n_in")],
        **params,
    )


def numeric():
    return make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())


NUMBERS, TEXT = ["age", "income", "visits"], ["city", "plan"]
PREPROCESSING = {
    "dense one-hot": lambda: make_column_transformer(
        (OneHotEncoder(sparse_output=False), TEXT), (numeric(), NUMBERS), ("passthrough", ["member"])
    ),
    "sparse one-hot": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (numeric(), NUMBERS), ("passthrough", ["member"]), sparse_threshold=1
    ),
    "remainder": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (numeric(), NUMBERS), remainder="passthrough", verbose_feature_names_out=False
    ),
    "drop first": lambda: make_column_transformer((OneHotEncoder(drop="first"), TEXT), (numeric(), NUMBERS)),
    "drop if binary": lambda: make_column_transformer((OneHotEncoder(drop="if_binary"), TEXT), (numeric(), NUMBERS)),
    "infrequent": lambda: make_column_transformer((OneHotEncoder(min_frequency=0.2), TEXT), (numeric(), NUMBERS)),
    "ordinal": lambda: make_column_transformer((OrdinalEncoder(), TEXT), (numeric(), NUMBERS)),
    "selectors": lambda: make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include=["category", object])),
        (numeric(), make_column_selector(dtype_include="number")),
    ),
    "pandas out": lambda: make_column_transformer(
        (OneHotEncoder(sparse_output=False), TEXT), (numeric(), NUMBERS)
    ).set_output(transform="pandas"),
    "scaled one-hot": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=1),
        StandardScaler(with_mean=False),
        MaxAbsScaler(),
    ),
    "centred one-hot": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0), StandardScaler()
    ),
    "union": lambda: make_union(
        make_column_transformer((OneHotEncoder(), TEXT)),
        make_column_transformer((make_pipeline(numeric(), KBinsDiscretizer(3)), NUMBERS)),
    ),
    "bins, splines and powers": lambda: make_column_transformer(
        (make_pipeline(numeric(), KBinsDiscretizer(3, encode="onehot-dense")), ["age"]),
        (SplineTransformer(4), ["age"]),
        (make_pipeline(SimpleImputer(), StandardScaler(), PolynomialFeatures(3)), ["income"]),
        (OneHotEncoder(), TEXT),
    ),
    "selection": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0),
        VarianceThreshold(),
        SelectKBest(k=5),
    ),
    "knn imputer": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (make_pipeline(KNNImputer(add_indicator=True), StandardScaler()), NUMBERS)
    ),
    "target": lambda: make_column_transformer((TargetEncoder(random_state=0), TEXT), (numeric(), NUMBERS)),
    "unknown transformer": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0),
        FunctionTransformer(lambda X: np.hstack([X[:, 1:], X[:, :1] ** 2]).astype("float32")),
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore:Bins whose width", "ignore:Feature .* is constant")


@pytest.mark.parametrize("last", ["skorch", "mlp"])
@pytest.mark.parametrize("name", PREPROCESSING)
def test_attributions_on_the_users_columns(name, last, frame, labels):
    end = [float32(), skorch_net()] if last == "skorch" else [MLPClassifier(max_iter=20, random_state=0)]
    dense = FunctionTransformer(lambda X: X.toarray() if hasattr(X, "toarray") else X)
    if last == "skorch":
        end.insert(0, dense)
    model = make_pipeline(PREPROCESSING[name](), *end).fit(frame, labels)
    explainer = AGOPExplainer(model, batch_size=64).fit(frame)
    out = explainer.explain(frame)
    assert list(out.columns) == COLUMNS
    pd.testing.assert_index_equal(out.index, frame.index)
    assert np.isfinite(out.to_numpy()).all()
    assert explainer(frame).target.tolist() == model.predict(frame).tolist()
    assert explainer.feature_importances_.sum() == pytest.approx(1)

    # ground truth of the map, by asking the model itself: change one column, see which coordinates move
    encoded = np.asarray(explainer._gathered.adapter.tensor(explainer._gathered.adapter.encode(frame)))
    assert len(explainer.coordinate_names_) == encoded.shape[1] == explainer.feature_map_.n_coordinates
    for j, column in enumerate(COLUMNS):
        changed = frame.copy()
        changed[column] = frame[column].to_numpy()[np.random.default_rng(0).permutation(len(frame))]
        changed[column] = changed[column].astype(frame[column].dtype)
        moved = (
            np.asarray(explainer._gathered.adapter.tensor(explainer._gathered.adapter.encode(changed))) != encoded
        ).any(0)
        if name == "knn imputer":  # a missing cell is filled from the other columns
            moved &= explainer.feature_map_.column_of == j
        np.testing.assert_array_equal(moved, (explainer.feature_map_.column_of == j) & (np.ptp(encoded, axis=0) > 0))
        if not moved.any():
            assert not out[column].any()


def indicators(explainer, frame):
    """The one-hot indicators of each block, whatever scaling follows."""
    fm = explainer.feature_map_
    encoded = np.asarray(explainer._gathered.adapter.tensor(explainer._gathered.adapter.encode(frame)))
    return (encoded - fm.low) / (fm.high - fm.low), fm.block_of


@pytest.mark.parametrize(
    "name",
    ["dense one-hot", "sparse one-hot", "infrequent", "scaled one-hot", "centred one-hot", "union", "pandas out"],
)
def test_blocks_are_indicators_that_sum_to_one(name, frame, labels):
    model = make_pipeline(PREPROCESSING[name](), MLPClassifier(max_iter=5, random_state=0)).fit(frame, labels)
    o, blocks = indicators(AGOPExplainer(model).fit(frame), frame)
    assert blocks.max() >= 1
    for b in range(blocks.max() + 1):
        members = o[:, blocks == b]
        np.testing.assert_allclose(members.sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(members, members.round(), atol=1e-5)


@pytest.mark.parametrize("name", ["dense one-hot", "scaled one-hot", "centred one-hot", "bins, splines and powers"])
@pytest.mark.parametrize("method", ["agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg"])
def test_shifting_a_block_changes_nothing(name, method, frame, labels):
    """Adding v to a block's first-layer weights, per unit of indicator, and taking it from the bias."""
    model = make_pipeline(PREPROCESSING[name](), MLPClassifier(max_iter=20, random_state=0)).fit(frame, labels)
    explainer = AGOPExplainer(model, method=method).fit(frame)
    before, importances = explainer.explain(frame).to_numpy(), explainer.feature_importances_
    fm, mlp = explainer.feature_map_, model[-1]
    v = np.random.default_rng(0).standard_normal(mlp.coefs_[0].shape[1])
    for b in range(fm.block_of.max() + 1):
        members = fm.block_of == b
        span = (fm.high - fm.low)[members]
        mlp.coefs_[0][members] += v / span[:, None]
        mlp.intercepts_[0] -= v * (1 + (fm.low[members] / span).sum())  # Σ x_b / span_b is the same for every row
    shifted = AGOPExplainer(model, method=method).fit(frame)
    np.testing.assert_allclose(shifted.explain(frame).to_numpy(), before, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(shifted.feature_importances_, importances, rtol=1e-6, atol=1e-8)


def test_unknown_category_is_the_mean(frame, labels):
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), TEXT), (numeric(), NUMBERS), sparse_threshold=0
    )
    model = make_pipeline(encode, MLPClassifier(max_iter=20, random_state=0)).fit(frame, labels)
    explainer = AGOPExplainer(model, rank=1.0).fit(frame)
    row = frame.iloc[[1]].copy()
    row["plan"] = "gold"
    assert np.isfinite(explainer.explain(row).to_numpy()).all()


def test_names_of_coordinates(frame, labels):
    model = make_pipeline(PREPROCESSING["dense one-hot"](), LogisticRegression(max_iter=500)).fit(frame, labels)
    explainer = AGOPExplainer(model).fit(frame)
    assert explainer.coordinate_names_.tolist() == [
        *("city=Athens", "city=Berlin", "city=Cairo", "plan=basic", "plan=plus"),
        *("age", "income", "visits", "income missing", "visits missing", "member"),
    ]


def test_nested_pipelines(frame, labels):
    inner = Pipeline([("scale", StandardScaler()), ("nothing", "passthrough"), ("net", MLPClassifier(random_state=0))])
    outer = Pipeline([("encode", PREPROCESSING["dense one-hot"]()), ("none", None), ("model", inner)])
    outer.fit(frame, labels)
    flat = make_pipeline(outer[0], inner[0], inner[2])
    nested, plain = AGOPExplainer(outer).fit(frame), AGOPExplainer(flat).fit(frame)
    np.testing.assert_array_equal(nested.explain(frame).to_numpy(), plain.explain(frame).to_numpy())


def test_frozen_steps(frame, labels):
    model = make_pipeline(
        FrozenEstimator(PREPROCESSING["dense one-hot"]().fit(frame, labels)), MLPClassifier(random_state=0, max_iter=10)
    ).fit(frame, labels)
    explainer = AGOPExplainer(FrozenEstimator(model)).fit(frame)
    assert list(explainer.explain(frame).columns) == COLUMNS


def test_grid_search_over_rank_does_not_retrain(frame, labels):
    model = make_pipeline(PREPROCESSING["dense one-hot"](), float32(), skorch_net()).fit(frame, labels)
    weights = {k: v.clone() for k, v in model[-1].module_.state_dict().items()}
    search = GridSearchCV(AGOPExplainer(FrozenEstimator(model)), {"rank": [1, 2, 3]}, cv=2).fit(frame, labels)
    assert search.best_estimator_.estimator_.estimator is model
    assert all(torch.equal(v, weights[k]) for k, v in model[-1].module_.state_dict().items())
    assert len(model[-1].history) == 2


def test_as_a_step_of_a_pipeline(X):
    y = (X[:, 0] > 1).astype(int)
    net = MLPClassifier(random_state=0, max_iter=50).fit(X, y)
    explained = make_pipeline(AGOPExplainer(FrozenEstimator(net)), LogisticRegression(max_iter=1000)).fit(X, y)
    assert explained.predict(X).shape == (200,)
    selector = SelectFromModel(AGOPExplainer(net), threshold=-np.inf, max_features=2).fit(X, y)
    assert selector.transform(X).shape == (200, 2)


def test_set_output(net, X):
    explainer = AGOPExplainer(net).fit(X).set_output(transform="pandas")
    out = explainer.transform(X)
    assert list(out.columns) == [f"x{i}" for i in range(6)] == list(explainer.get_feature_names_out())


def test_a_small_table_goes_through_the_preprocessing_once():
    X = np.random.default_rng(0).standard_normal((1000, 3)).astype(np.float32)
    lengths = []

    def seen(table):
        lengths.append(len(table))
        return table

    step = FunctionTransformer(seen, feature_names_out="one-to-one", check_inverse=False)
    model = make_pipeline(step, skorch_net()).fit(X, np.arange(1000) % 2)
    lengths.clear()
    explainer = AGOPExplainer(model, gate=True).fit(X, np.arange(1000) % 2)
    assert lengths.count(1000) == 1
    assert explainer.gate_.labelled


def test_columns_by_position_and_mask(X):
    y = (X[:, 0] > 1).astype(int)
    encode = ColumnTransformer(
        [
            ("mask", StandardScaler(), np.array([True, False, False, True, False, False])),
            ("slice", "passthrough", slice(1, 3)),
        ]
    )
    model = make_pipeline(encode, LogisticRegression()).fit(X, y)
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.feature_map_.column_of.tolist() == [0, 3, 1, 2]
    assert not explainer.explain(X)[:, 4:].any()


def test_mixing_is_found_in_unknown_transformers(X):
    y = (X[:, 0] > 1).astype(int)
    total = FunctionTransformer(lambda X: X.sum(1, keepdims=True))
    model = make_pipeline(FeatureUnion([("total", total), ("same", "passthrough")]), LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="mixes the columns"):
        AGOPExplainer(model).fit(X)


def test_ensembles_of_trees_are_refused(X):
    y = (X[:, 0] > 1).astype(int)
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be explained"):
        AGOPExplainer(RandomForestClassifier(5).fit(X, y)).fit(X)
    with pytest.raises(TypeError, match="DecisionTreeClassifier cannot be explained"):
        AGOPExplainer(VotingClassifier([("a", DecisionTreeClassifier())], voting="soft").fit(X, y)).fit(X)
