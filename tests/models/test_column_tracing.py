"""Where transformers take the user's columns: attributions come back on the columns of the table."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    StandardScaler,
)
from support.model_scores import coordinates
from support.preprocessing import COLUMNS, NUMBERS, PREPROCESSING, TEXT, float32, numeric, skorch_net

from agop_tabular import AGOPExplainer

pytestmark = pytest.mark.filterwarnings("ignore:Bins whose width", "ignore:Feature .* is constant")


@pytest.mark.filterwarnings("ignore:The scores move with")  # along splines and powers of one column, truly
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
    encoded = np.asarray(coordinates(explainer, frame))
    assert len(explainer.coordinate_names_) == encoded.shape[1] == explainer.feature_map_.n_coordinates
    for j, column in enumerate(COLUMNS):
        changed = frame.copy()
        changed[column] = frame[column].to_numpy()[np.random.default_rng(0).permutation(len(frame))]
        changed[column] = changed[column].astype(frame[column].dtype)
        moved = (np.asarray(coordinates(explainer, changed)) != encoded).any(0)
        if name == "knn imputer":  # a missing cell is filled from the other columns
            moved &= explainer.feature_map_.column_of == j
        np.testing.assert_array_equal(moved, (explainer.feature_map_.column_of == j) & (np.ptp(encoded, axis=0) > 0))
        if not moved.any():
            assert not out[column].any()


def indicators(explainer, frame):
    """The one-hot indicators of each block, whatever scaling follows."""
    fm = explainer.feature_map_
    encoded = np.asarray(coordinates(explainer, frame))
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
    row = frame.iloc[[1]]
    known, unknown = row, row.assign(plan="gold")
    explainer = AGOPExplainer(model, method="agop-ixg", rank=1.0).fit(frame)
    # gradients are centred inside a block, so that a block of zeros has the same attribution as the mean of the block
    assert explainer.explain(unknown, 1)["plan"].item() == pytest.approx(0, abs=1e-12)
    assert abs(explainer.explain(known, 1)["plan"].item()) > 0.01
    explanation = AGOPExplainer(model).fit(frame)(unknown, target=1)
    log_odds = np.diff(np.log(model.predict_proba(unknown)))[0, 0]
    total = explanation.values.sum() + explanation.base_values[0]
    assert total == pytest.approx(log_odds, abs=1e-4)


def test_names_of_coordinates(frame, labels):
    model = make_pipeline(PREPROCESSING["dense one-hot"](), LogisticRegression(max_iter=500)).fit(frame, labels)
    explainer = AGOPExplainer(model).fit(frame)
    assert explainer.coordinate_names_.tolist() == [
        *("city=Athens", "city=Berlin", "city=Cairo", "plan=basic", "plan=plus"),
        *("age", "income", "visits", "income missing", "visits missing", "member"),
    ]


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


class TestBlocks:
    """Gradients of an incomplete block are identified, constant included; centring them would remove real effects."""

    @pytest.fixture
    def table(self, rng):
        table = pd.DataFrame({"c": rng.choice(list("abcdef"), 400), "u": rng.standard_normal(400)})
        return table, ((table["c"].isin(["a", "b"])) * 5 + table["u"] > 1).astype(int)

    def test_some_indicators_selected(self, table):
        X, y = table
        encode = make_column_transformer((OneHotEncoder(sparse_output=False), ["c"]), ("passthrough", ["u"]))
        model = make_pipeline(encode, SelectKBest(f_classif, k=2), LogisticRegression()).fit(X, y)
        full, ixg = (AGOPExplainer(model, rank=1.0, method=m).fit(X).explain(X) for m in ("agop-ixg", "ixg"))
        np.testing.assert_allclose(full, ixg, rtol=1e-6)  # of a linear model with one logit they are the same

    def test_some_categories_only(self, table):
        X, y = table
        one_hot = OneHotEncoder(categories=[["a", "b"]], handle_unknown="ignore", sparse_output=False)
        model = make_pipeline(
            make_column_transformer((one_hot, ["c"]), ("passthrough", ["u"])), LogisticRegression()
        ).fit(X, y)
        explainer = AGOPExplainer(model).fit(X)
        assert explainer.feature_importances_[0] > 0.3
        ixg = AGOPExplainer(model, method="ixg").fit(X).explain(X)
        ours = AGOPExplainer(model, method="agop-ixg").fit(X).explain(X)
        np.testing.assert_allclose(ours, ixg, rtol=1e-6)


class TestColumns:
    def test_a_text_column(self, rng):
        table = pd.DataFrame({"comment": rng.choice(["good fine", "bad awful"], 200), "x": rng.standard_normal(200)})
        y = table["comment"].str.startswith("good").astype(int)
        encode = make_column_transformer((CountVectorizer(), "comment"), ("passthrough", ["x"]), sparse_threshold=0)
        explainer = AGOPExplainer(make_pipeline(encode, LogisticRegression()).fit(table, y)).fit(table)
        assert explainer.feature_importances_[0] > 0.9
        assert explainer.coordinate_names_.tolist() == [*(f"comment[{k}]" for k in range(4)), "x"]

    def test_a_rare_flag_is_refused_or_found(self, rng):
        table = pd.DataFrame({"u": rng.standard_normal(5000), "inc": rng.random(5000)})
        table.loc[7, "inc"] = 1e6
        flags = FunctionTransformer(lambda d: pd.DataFrame({"a": d.u, "rich": (d.inc > 5e5) * 1.0, "b": d.u**2}))
        model = make_pipeline(flags, LinearRegression()).fit(table, table["u"] + (table["inc"] > 5e5) * 100)
        with pytest.raises(ValueError, match="which column they come from could not be found"):
            AGOPExplainer(model).fit(table)
        alone = FunctionTransformer(lambda d: np.column_stack([d.inc, d.inc > 5e5]))
        encode = make_column_transformer((alone, ["inc"]), ("passthrough", ["u"]))
        model = make_pipeline(encode, LinearRegression()).fit(table, table["u"] + (table["inc"] > 5e5) * 100)
        assert AGOPExplainer(model).fit(table).feature_map_.column_of.tolist() == [1, 1, 0]


class TestModels:
    def test_columns_mixed_by_preprocessing(self, X):
        y = (X[:, 0] > 1).astype(int)
        model = make_pipeline(PCA(3), LogisticRegression()).fit(X, y)
        with pytest.raises(ValueError, match="PCA mixes the columns 'x0', 'x1', 'x2', …"):
            AGOPExplainer(model).fit(X)

    def test_normalizer_mixes_columns(self, X):
        model = make_pipeline(Normalizer(), LogisticRegression()).fit(X, (X[:, 0] > 1).astype(int))
        with pytest.raises(ValueError, match="Normalizer mixes the columns"):
            AGOPExplainer(model).fit(X)
