"""Pictures of pair effects."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer


def map_of(panel):
    """The map in a panel."""
    return panel.collections[0]


def test_maps_show_the_effects_in_one_scale(table_explainer, saved):
    effects = table_explainer.effects_
    axes = table_explainer.plot_interactions([("age", "city"), ("city", "idle")])
    figure = saved(axes[0])
    first = axes[0]
    assert (first.get_xlabel(), first.get_ylabel()) == ("city", "age")
    np.testing.assert_allclose(np.asarray(map_of(first).get_array()), effects.pair("age", "city"))
    limits = {map_of(panel).get_clim() for panel in axes}
    largest = max(np.abs(effects.pair(*pair).to_numpy()).max() for pair in (("age", "city"), ("city", "idle")))
    np.testing.assert_allclose(list(limits), [(-largest, largest)])
    assert len(figure.axes) == 3, "one scale of colours"
    assert figure.axes[-1].get_ylabel() == "effect on output"
    assert len(table_explainer.plot_interactions(n=2, shared_scale=False)[0].figure.axes) == 4


def test_far_values_do_not_set_the_scale(table_explainer):
    (panel,) = table_explainer.plot_interactions([("income", "age")])
    table = table_explainer.effects_.pair("income", "age")
    known = table[np.isfinite(table.index.to_numpy(dtype=float))]
    assert panel.get_ylim()[1] < known.index.max()
    assert len(np.asarray(map_of(panel).get_array())) == len(known)


def test_the_callers_axes_and_wrong_pairs(table_explainer, figures):
    _, ax = figures.subplots()
    assert table_explainer.plot_interactions([("age", "city")], ax=ax).tolist() == [ax]
    for pairs in (["age"], [("age", "city", "idle")], ["ag"]):
        with pytest.raises(ValueError, match="is not a list of pairs"):
            table_explainer.plot_interactions(pairs)
    with pytest.raises(ValueError, match="'town' is not a column"):
        table_explainer.plot_interactions([("age", "town")])
    assert len(figures.get_fignums()) == 1


def test_columns_with_odd_names_and_values(saved):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"gone": np.nan, r"price $\frac$": rng.normal(size=300), "kind": rng.choice(["x^$%$", "$a_$"], 300)}
    )
    encode = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", [r"price $\frac$"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X, X.iloc[:, 1] > 0)
    explainer = AGOPExplainer(model).fit(X)
    axes = explainer.plot_interactions()
    saved(axes[0])
    (drawn,) = [panel for panel in axes if panel.get_xlabel() == "kind"]
    assert drawn.get_ylabel() == r"price \$\frac\$"
    pair = explainer.effects_.pair(r"price $\frac$", "kind", "True")
    np.testing.assert_allclose(np.asarray(map_of(drawn).get_array()), pair)
    empty = {panel.get_title() for panel in axes if panel.get_title()}
    assert empty == {"gone and price \\$\\frac\\$:\nno values", "gone and kind:\nno values"}
