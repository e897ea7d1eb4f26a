"""Tables of polars and pyarrow: explained like those of pandas, and returned in their own kind."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from agop_tabular import AGOPExplainer

pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")


@pytest.fixture
def table(rng):
    n = 120
    income = rng.normal(size=n)
    income[::17] = np.nan
    return pd.DataFrame({"age": rng.integers(18, 80, n), "income": income, "city": rng.choice(["a", "b", "c"], n)})


@pytest.fixture(params=["polars", "pyarrow"])
def other(table, request):
    columns = {name: table[name].tolist() for name in ("age", "city")}
    columns["income"] = [None if np.isnan(x) else x for x in table["income"]]
    found = pl.DataFrame(columns).select("age", "income", "city")
    return found if request.param == "polars" else found.to_arrow()


@pytest.fixture
def y(table):
    return (table["age"] > 45).to_numpy().astype(int)


def make_model():
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    encode = ColumnTransformer(
        [("city", OneHotEncoder(sparse_output=False), ["city"]), ("numbers", numbers, ["age", "income"])]
    )
    return make_pipeline(encode, LogisticRegression())


def test_attributions_are_those_of_pandas(table, other, y):
    model = make_model().fit(table, y)
    expected = AGOPExplainer(model).fit(table)
    explainer = AGOPExplainer(model).fit(other, y)
    assert list(explainer.feature_names_in_) == list(table.columns)
    for found in (explainer.explain(other), explainer.transform(other)):
        assert type(found) is type(other)
        assert list(pd.DataFrame(np.asarray(found)).shape) == [120, 3]
        np.testing.assert_allclose(np.asarray(found), expected.explain(table), rtol=1e-6, atol=1e-9)
    assert explainer.explain(other, target="all").shape == (120, 3, 2)
    pd.testing.assert_frame_equal(explainer.effects_.main("city"), expected.effects_.main("city"), check_dtype=False)
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        explainer.explain(other.select(["income", "age", "city"]))


def test_an_explanation_holds_the_rows_in_their_own_kind(table, other, y):
    explanation = AGOPExplainer(make_model().fit(table, y)).fit(other)(other)
    assert type(explanation.data) is type(explanation[:3].data) is type(other)
    top = explanation[np.array([5, 2])].top(3)
    assert set(top["feature"]) == {"age", "income", "city"}
    ages = top.loc[top["feature"] == "age", "value"]
    assert ages.tolist() == table["age"].iloc[[5, 2]].tolist()
    assert list(explanation.to_frame().columns) == list(table.columns)
    assert "city" in explanation._repr_html_()


def test_an_unfitted_estimator_and_a_sample(other, y):
    for labels in (y, pl.Series(y)):
        explainer = AGOPExplainer(make_model(), max_samples=50, random_state=0).fit(other, labels)
        assert type(explainer.explain(other)) is type(other)


def test_a_baseline_row(table, other, y):
    model = make_model().fit(table, y)
    rows = other[:1] if hasattr(other, "with_columns") else other.slice(0, 1)
    expected = AGOPExplainer(model, method="ixg", baseline=table[:1]).fit(table).explain(table)
    for baseline in (rows, table.iloc[0], {"age": table["age"][0], "income": np.nan, "city": table["city"][0]}):
        found = AGOPExplainer(model, method="ixg", baseline=baseline).fit(other).explain(other)
        np.testing.assert_allclose(np.asarray(found), expected, atol=1e-9)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_steps_that_return_frames(table, other, y, kind):
    expected = AGOPExplainer(make_model().fit(table, y)).fit(table).explain(table)
    with sklearn.config_context(transform_output=kind):
        model = make_pipeline(*(step for _, step in make_model().steps)).fit(table, y)
        for rows in (table, other):
            found = AGOPExplainer(model).fit(rows).explain(rows)
            np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-6, atol=1e-9)


def test_a_step_of_polars_only(table, y):
    rows = pl.DataFrame({"age": table["age"].tolist(), "other": table["age"].tolist()})
    double = FunctionTransformer(lambda frame: frame.with_columns(age=pl.col("age") * 2))
    model = make_pipeline(double, StandardScaler(), LogisticRegression()).fit(rows, y)
    found = AGOPExplainer(model).fit(rows).explain(rows)
    np.testing.assert_allclose(found["age"], found["other"], rtol=1e-6)


def test_numbers_keep_their_names_and_dtype(net, X):
    rows = pl.DataFrame(X, schema=list("abcdef"))
    explainer = AGOPExplainer(net).fit(rows)
    found = explainer.explain(rows)
    assert found.columns == list("abcdef")
    assert set(found.dtypes) == {pl.Float32}
    np.testing.assert_array_equal(found.to_numpy(), AGOPExplainer(net).fit(X).explain(X))
    with pytest.raises(ValueError, match="same order"):
        explainer.explain(rows.select(list("bacdef")))
    assert isinstance(explainer.set_output(transform="pandas").transform(rows), pd.DataFrame)
