"""Pictures of many rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer


def labels_of(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def dots_of(ax):
    """Places (n, 2) of all dots."""
    return np.concatenate([np.asarray(dots.get_offsets()) for dots in ax.collections])


def test_every_row_has_a_dot_in_every_column(table_explainer, table, saved):
    explanation = table_explainer(table[0][:300])
    ax = explanation.plot_summary()
    saved(ax)
    names = labels_of(ax)
    assert names[0] == table[0].columns[np.argmax(np.abs(explanation.values).mean(axis=0))]
    place = names.index("age")
    dots = dots_of(ax)
    own = dots[np.abs(dots[:, 1] - place) < 0.5]
    np.testing.assert_allclose(np.sort(own[:, 0]), np.sort(explanation.values[:, 0]), atol=1e-6)
    first = names.index("city")
    share = table[0]["city"][:300].value_counts(normalize=True)
    assert names[first + 1 : first + 4] == [f"{name} ({part:.0%})" for name, part in share.items()]
    level = dots[np.abs(dots[:, 1] - (first + 1)) < 0.5]
    assert len(level) == (table[0]["city"][:300] == share.index[0]).sum()
    assert ax.get_xlabel() == "attribution: output"


def test_missing_values_and_many_rows(table_explainer, table, saved):
    ax = table_explainer(table[0]).plot_summary(n=2)
    saved(ax)
    title = ax.get_title(loc="left").replace("\n", " ")
    assert title.startswith("2,000 rows, 1,000 of them drawn; 2 of 4 columns")
    bars = [other for other in ax.figure.axes if other is not ax]
    assert len(bars) == 1
    assert ("missing" in bars[0].get_ylabel()) == ("income" in labels_of(ax))


def test_two_classes_are_turned_to_the_second(explainer, frame):
    explanation = AGOPExplainer(explainer.estimator).fit(frame)(frame)
    assert explanation.plot_summary().get_xlabel() == "attribution: log-odds of yes"
    assert explanation.plot_summary(target="no").get_xlabel() == "attribution: log-odds of no"


def test_several_classes_say_that_each_row_has_its_own(net, X):
    explainer = AGOPExplainer(net).fit(X)
    label = explainer(X).plot_summary().get_xlabel().replace("\n", " ")
    assert label.endswith("of the class that each row is predicted to be")
    assert explainer(X, target="all").plot_summary(target=2).get_xlabel().endswith("log-odds of 2")
    assert "without sign" in AGOPExplainer(net, method="agop-local").fit(X)(X).plot_summary().get_xlabel()


def test_levels_are_cut_with_a_word(saved, rng):
    X = pd.DataFrame(
        {"kind": rng.integers(0, 30, 400).astype(str), "size": rng.normal(size=400), "on": rng.random(400) > 0.5}
    )

    encode = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", ["size", "on"]))
    model = make_pipeline(encode, LinearRegression()).fit(X, X["size"] + X["on"])
    ax = AGOPExplainer(model).fit(X)(X).plot_summary()
    saved(ax)
    names = labels_of(ax)
    assert any(name.startswith("26 others (") for name in names)
    place = names.index("on")
    assert {name.split(" ")[0] for name in names[place + 1 : place + 3]} == {"True", "False"}


def test_a_far_dot_does_not_squeeze_the_others(saved, rng):
    X = rng.normal(size=(400, 2))
    X[7, 0] = 1000
    explanation = AGOPExplainer(LinearRegression().fit(X, X[:, 0])).fit(X[:300])(X)
    ax = explanation.plot_summary()
    saved(ax)
    assert ax.get_xlim()[1] < 20
    assert "arrows: further out" in ax.get_title(loc="left").replace("\n", " ")


def test_one_row_all_zeros_and_no_row(table_explainer, table, net, X, saved):
    ax = table_explainer(table[0][:1]).plot_summary()
    saved(ax)
    assert ax.get_title(loc="left") == "1 row"
    zeros = AGOPExplainer(net, gate=np.zeros(6, dtype=bool)).fit(X)(X).plot_summary()
    saved(zeros)
    assert zeros.get_xlim() == (-1.0, 1.0)
    with pytest.raises(ValueError, match="no rows"):
        table_explainer(table[0][:1])[:0].plot_summary()
    with pytest.raises(ValueError, match="n=-1"):
        table_explainer(table[0][:1]).plot_summary(n=-1)


def test_two_numbers_that_round_alike_are_two_lines(saved, rng):
    X = pd.DataFrame({"a": rng.choice([1.00012, 1.00031], 100), "b": rng.normal(size=100)})
    ax = AGOPExplainer(LinearRegression().fit(X, 1e4 * X["a"] + X["b"])).fit(X)(X).plot_summary()
    saved(ax)
    share = (X["a"] == 1.00012).mean()
    assert {f"1.00012 ({share:.0%})", f"1.00031 ({1 - share:.0%})"} < set(labels_of(ax))
