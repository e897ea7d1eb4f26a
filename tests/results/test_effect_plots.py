"""Plots of main and pair effects."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer

mpl.use("Agg")


def labels_of(panel):
    """Labels of the levels below a panel."""
    return [label.get_text() for label in panel.get_xticklabels()]


def curve_of(panel):
    """Points (n, 2) of the curve in a panel; the first line is the one at zero."""
    return panel.lines[1].get_xydata()


def map_of(panel):
    """Values of the cells of a panel's map."""
    return np.asarray(panel.collections[0].get_array())


def test_plots_show_the_effects(table_explainer, table, tmp_path):
    effects = table_explainer.effects_
    figure = table_explainer.plot_effects()
    assert [panel.get_title() for panel in figure.axes][:2] in (["age", "income"], ["income", "age"])
    panels = {panel.get_title(): panel for panel in figure.axes}
    assert set(panels) == {"age", "city", "income", "idle"}
    age, city, income = (effects.main(name).iloc[:, 0] for name in ("age", "city", "income"))
    np.testing.assert_allclose(curve_of(panels["age"]), np.column_stack([age.index, age]))
    assert labels_of(panels["city"]) == list(city.index)
    np.testing.assert_allclose([bar.get_height() for bar in panels["city"].patches], city)
    assert [text.get_text() for text in panels["income"].texts] == ["missing"]
    assert panels["income"].texts[0].xy[1] == pytest.approx(income.iloc[-1])
    figure.savefig(tmp_path / "effects.png")
    figure = table_explainer.plot_interactions([("age", "city"), ("city", "income")])
    figure.savefig(tmp_path / "pairs.png")
    first = figure.axes[0]
    assert (first.get_xlabel(), first.get_ylabel()) == ("city", "age")
    np.testing.assert_allclose(map_of(first), effects.pair("age", "city"))
    assert len(table_explainer.plot_interactions(n=2).axes) == 4  # with a colour bar each
    plt.close("all")


def test_plots_of_columns_with_odd_names_and_values(tmp_path):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"gone": np.nan, r"price $\frac$": rng.normal(size=300), "kind": rng.choice(["x^$%$", "$a_$"], 300)}
    )
    encode = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", [r"price $\frac$"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X, X.iloc[:, 1] > 0)
    explainer = AGOPExplainer(model).fit(X)
    figure = explainer.plot_effects()
    figure.savefig(tmp_path / "a.png")
    panels = {panel.get_title(): panel for panel in figure.axes}
    assert set(panels) == {"gone", r"price \$\frac\$", "kind"}, "a dollar sign begins no formula"
    assert labels_of(panels["kind"]) == [r"\$a_\$", r"x^\$%\$"]
    main = explainer.effects_.main("kind")["True"]
    np.testing.assert_allclose([bar.get_height() for bar in panels["kind"].patches], main)
    price = explainer.effects_.main(r"price $\frac$")["True"]
    np.testing.assert_allclose(curve_of(panels[r"price \$\frac\$"]), np.column_stack([price.index, price]))
    assert len(curve_of(panels["gone"])) == 0, "no value is known"
    figure = explainer.plot_interactions()
    figure.savefig(tmp_path / "b.png")
    (drawn,) = [panel for panel in figure.axes if panel.get_xlabel() == "kind"]
    assert drawn.get_ylabel() == r"price \$\frac\$"
    pair = explainer.effects_.pair(r"price $\frac$", "kind", "True")
    np.testing.assert_allclose(map_of(drawn), pair)
    empty = {panel.get_title() for panel in figure.axes if panel.get_title()}
    assert empty == {r"gone and price \$\frac\$: no values", "gone and kind: no values"}
    plt.close("all")
