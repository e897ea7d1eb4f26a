"""Tables of polars and pyarrow, from a file to explanations in a file."""

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from support.pages import run

from agop_tabular import AGOPExplainer

pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")


@pytest.mark.filterwarnings("ignore")
def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("integrations.md", "polars and pyarrow")
    assert isinstance(names["attributions"], pl.DataFrame)
    assert names["attributions"].columns == names["table"].columns
    expected = np.abs(names["attributions"].to_numpy()).mean(axis=0)
    found = dict(names["mean"].iter_rows())
    np.testing.assert_allclose([found[name] for name in names["table"].columns], expected, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_all_that_an_explanation_does(tmp_path, kind, X):
    """With categories among the columns, and missing values."""
    numbers = [None if i % 17 == 0 else float(x) for i, x in enumerate(X[:, 0])]
    table = pl.DataFrame(
        {
            "number": numbers,
            "city": np.where(X[:, 1] > 0, "Athens", "Berlin"),
            "count": np.arange(len(X)) % 5,
        }
    )
    coded = make_column_transformer(
        (SimpleImputer(), ["number", "count"]), (OneHotEncoder(sparse_output=False), ["city"])
    )
    y = np.where(X[:, 1] + X[:, 2] > 0, "yes", "no")
    model = make_pipeline(coded, MLPClassifier((8,), max_iter=30, random_state=0)).fit(table.to_pandas(), y)
    rows = table if kind == "polars" else table.to_arrow()
    explainer = AGOPExplainer(model).fit(rows)
    assert type(explainer.explain(rows)) is type(rows)
    audit = explainer.audit(rows, n_rows=20)
    explanation = explainer(rows)
    expected = AGOPExplainer(model).fit(table.to_pandas()).explain(table.to_pandas())
    np.testing.assert_allclose(explanation.values, expected, rtol=1e-5, atol=1e-7)
    assert len(audit) == 20
    assert explanation.error.shape == (len(X),)
    assert "Athens" in explanation._repr_html_() + explanation.to_text(0) + str(explanation.top(3))
    assert len(explanation[:5]) == 5
    for name in ("a.parquet", "a.csv", "a.json", "a.html"):
        explanation.save(tmp_path / name)
    long = pl.read_parquet(tmp_path / "a.parquet")
    assert long["feature"].unique(maintain_order=True).to_list() == ["number", "city", "count"]
    assert long.filter(pl.col("feature") == "number")["value"].null_count() == table["number"].null_count()
