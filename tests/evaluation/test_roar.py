"""ROAR: what is removed, in which order, and what a retraining costs only once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular.evaluation import Retrainings, area, ranking, roar
from agop_tabular.evaluation.roar import fill_values, removals, without


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "strong": rng.normal(size=800),
            "weak": rng.normal(size=800),
            "city": pd.Categorical(rng.choice(["Bern", "Rome"], 800, p=[0.7, 0.3])),
            "count": rng.integers(0, 9, 800),
            "noise": rng.normal(size=800),
        }
    )
    score = 3 * X["strong"] + 0.5 * X["weak"] + 1.5 * (X["city"] == "Rome")
    return X, (score + rng.logistic(size=800) > 0).astype(int)


def make_model(seed):
    text = make_column_selector(dtype_include="category")
    rest = make_column_selector(dtype_exclude="category")
    return make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), text), (StandardScaler(), rest)),
        LogisticRegression(random_state=seed),
    )


@pytest.fixture
def retrainings(table):
    X, y = table
    return Retrainings(make_model, (X[:500], y[:500]), (X[500:], y[500:]))


def test_ranking():
    names = ["a", "b", "c", "d"]
    assert ranking(np.array([0.1, 0.4, 0.2, 0.3]), names) == ["b", "d", "c", "a"]
    attributions = np.array([[1.0, -5.0, 0.0, 2.0], [-1.0, 5.0, 0.0, -4.0]])
    assert ranking(attributions, names) == ["b", "d", "a", "c"]
    first = {ranking(np.zeros(4), names, seed)[0] for seed in range(40)}
    assert first == set(names)  # ties in random order
    with pytest.raises(ValueError, match="3 columns"):
        ranking(np.zeros(3), names)
    with pytest.raises(ValueError, match="infinite"):
        ranking(np.array([1, np.nan, 0, 0]), names)


def test_removed_columns_are_held_at_mean_or_mode(table):
    X = table[0]
    fill = fill_values(X)
    assert fill["city"] == "Bern"
    assert fill["count"] == round(X["count"].mean())
    assert fill["strong"] == X["strong"].mean()
    out = without(X, ["city", "count", "strong"], fill)
    assert (out.dtypes == X.dtypes).all()
    assert out[["city", "count", "strong"]].nunique().tolist() == [1, 1, 1]
    pd.testing.assert_frame_equal(out[["weak", "noise"]], X[["weak", "noise"]])
    assert X["city"].nunique() == 2


def test_steps():
    assert removals("ab") == [(), ("a",), ("a", "b")]
    assert removals("ab", keep=True) == [("a", "b"), ("b",), ()]


def test_a_good_ranking_falls_first(retrainings, table):
    good = ["strong", "city", "weak", "count", "noise"]
    falling, rising = roar(retrainings, good, seeds=[0]), roar(retrainings, good[::-1], seeds=[0])
    assert list(falling.columns) == ["accuracy", "roc_auc"]
    assert len(falling) == 6
    assert area(falling["roc_auc"]) < area(rising["roc_auc"]) - 0.1
    np.testing.assert_allclose(falling.iloc[[0, -1]], rising.iloc[[0, -1]])
    assert falling["roc_auc"].iloc[-1] == 0.5
    kept = roar(retrainings, good, seeds=[0], keep=True)
    assert area(kept["roc_auc"]) > area(falling["roc_auc"]) + 0.1
    np.testing.assert_allclose(kept.iloc[0], falling.iloc[-1])
    X, y = table
    by_hand = make_model(0).fit(X[:500].assign(strong=X["strong"][:500].mean()), y[:500])
    rows = X[500:].assign(strong=X["strong"][:500].mean())
    assert falling["accuracy"][1] == (by_hand.predict(rows) == y[500:]).mean()


def test_every_retraining_is_done_once(table, tmp_path):
    X, y = table
    made = []

    def counted(seed):
        made.append(seed)
        return make_model(seed)

    data = (X[:500], y[:500]), (X[500:], y[500:])
    retrain = Retrainings(counted, *data, folder=tmp_path)
    order = list(X.columns)
    curve = roar(retrain, order, seeds=[0, 1])
    assert len(made) == 12
    roar(retrain, [order[1], order[0], *order[2:]], seeds=[0, 1])
    assert len(made) == 14  # only the first step differs
    again = Retrainings(counted, *data, folder=tmp_path)
    pd.testing.assert_frame_equal(roar(again, order, seeds=[0, 1]), curve)
    assert len(made) == 14
    next((tmp_path / "retrainings").iterdir()).write_text("{")  # half written
    pd.testing.assert_frame_equal(roar(Retrainings(counted, *data, folder=tmp_path), order, seeds=[0, 1]), curve)
    assert len(made) <= 15


def test_regressors(table):
    X, _ = table
    X = X.drop(columns="city")
    retrain = Retrainings(lambda _: LinearRegression(), (X[:500], X["strong"][:500]), (X[500:], X["strong"][500:]))
    curve = roar(retrain, ["strong", "weak", "count", "noise"], seeds=[0])
    assert curve["r2"][0] == pytest.approx(1)
    assert curve["r2"][1] < 0.1


def test_refusals(retrainings, table):
    with pytest.raises(ValueError, match="every column"):
        roar(retrainings, ["strong"])
    with pytest.raises(ValueError, match="has no column"):
        retrainings.of(["shoe size"], 0)
    with pytest.raises(ValueError, match="no area"):
        area([1.0, 0.5])
    X, y = table
    with pytest.raises(ValueError, match="same columns"):
        Retrainings(make_model, (X, y), (X.drop(columns="city"), y))
