"""Pictures of main effects."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from agop_tabular import AGOPExplainer
from agop_tabular.results.plots.main_effects import plot_main_effects


def labels_of(panel):
    """Labels of the levels beside a panel."""
    return [label.get_text() for label in panel.get_yticklabels()]


def curve_of(panel):
    """Points (n, 2) of the curve in a panel; the first line is the one at zero."""
    return panel.lines[1].get_xydata()


def test_curves_and_bars_show_the_effects(table_explainer, table, saved):
    effects = table_explainer.effects_
    axes = table_explainer.plot_effects()
    figure = saved(axes[0])
    panels = {panel.get_title(): panel for panel in axes}
    assert set(panels) == {"age", "city", "income", "idle"}
    assert axes[0].get_title() in ("age", "income")
    age, city, income = (effects.main(name).iloc[:, 0] for name in ("age", "city", "income"))
    np.testing.assert_allclose(curve_of(panels["age"]), np.column_stack([age.index, age]))
    largest_first = city.sort_values(ascending=False)
    share = table[0]["city"].value_counts(normalize=True)
    assert labels_of(panels["city"]) == [f"{name} ({share[name]:.0%})" for name in largest_first.index]
    np.testing.assert_allclose([bar.get_width() for bar in panels["city"].patches], largest_first)
    missing = table[0]["income"].isna().mean()
    assert [text.get_text() for text in panels["income"].texts] == [f"missing ({missing:.0%})"]
    assert panels["income"].texts[0].xy[1] == pytest.approx(income.iloc[-1])
    assert figure.get_suptitle() == "Main effects on output"
    assert "occur" in panels["income"].get_xlabel(), "the longest tail is cut, with a word"


def test_one_scale_unless_asked(table_explainer):
    axes = table_explainer.plot_effects()
    scales = {panel.get_xlim() if panel.get_title() == "city" else panel.get_ylim() for panel in axes}
    assert len(scales) == 1
    axes = table_explainer.plot_effects(shared_scale=False)
    assert len({panel.get_ylim() for panel in axes if panel.get_title() != "city"}) == 3


def test_the_callers_axes_and_columns(table_explainer, figures):
    _, (left, right) = figures.subplots(1, 2)
    axes = table_explainer.plot_effects(["city", 0], ax=[left, right])
    assert axes.tolist() == [left, right]
    assert table_explainer.plot_effects("age", ax=left)[0].get_title() == "age"
    assert len(figures.get_fignums()) == 1
    with pytest.raises(ValueError, match="'town' is not a column"):
        table_explainer.plot_effects(["town"])
    with pytest.raises(ValueError, match="1 axes for 2 panels"):
        table_explainer.plot_effects(n=2, ax=left)
    assert len(figures.get_fignums()) == 1


def test_several_classes_have_a_legend_and_many_are_cut_with_a_word(X, saved):
    y = np.digitize(X[:, 0], np.quantile(X[:, 0], np.linspace(0, 1, 11)[1:-1]))
    explainer = AGOPExplainer(MLPClassifier((10,), max_iter=30, random_state=0).fit(X, y)).fit(X)
    axes = explainer.plot_effects(n=2)
    figure = saved(axes[0])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [str(c) for c in range(8)]
    assert legend.get_title().get_text() == "8 of 10;\ntarget= chooses one"
    colours = {line.get_color() for line in axes[0].lines[1:9]}
    assert len(colours) == 8
    one = explainer.plot_effects(n=1, target=9)
    assert one[0].get_ylabel() == "effect on log-odds of 9"


def test_a_band_where_it_is_known(table_explainer, saved):
    effects = table_explainer.effects_

    def band(name):
        return None if name == "idle" else (effects.main(name) - 0.1, effects.main(name) + 0.2)

    axes = plot_main_effects(effects, ["age", "city", "idle"], None, 3, band=band)
    saved(axes[0])
    (area,) = axes[0].collections
    outline = area.get_paths()[0].vertices
    age = effects.main("age").iloc[:, 0]
    assert outline[:, 1].min() == pytest.approx(age.min() - 0.1, abs=1e-6)
    assert outline[:, 1].max() == pytest.approx(age.max() + 0.2, abs=1e-6)
    assert len(axes[1].collections) == 1
    assert len(axes[2].collections) == 0


def test_booleans_whole_numbers_and_rare_levels(rng, saved):
    X = pd.DataFrame(
        {
            "member": rng.random(600) > 0.3,
            "flag": rng.integers(0, 2, 600),
            "rooms": rng.integers(1, 6, 600),
            "street": rng.choice([f"street {i}" for i in range(100)], 600),
        }
    )
    encode = make_column_transformer((OneHotEncoder(), ["street", "member"]), ("passthrough", ["flag", "rooms"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X, X["rooms"] + 3 * X["member"] + X["flag"] > 4)
    axes = AGOPExplainer(model).fit(X).plot_effects(["member", "flag", "rooms", "street"])
    saved(axes[0])
    member, flag, rooms, street = axes
    assert [text.split(" ")[0] for text in labels_of(member)] == ["True", "False"]
    assert [text.split(" ")[0] for text in labels_of(flag)] == ["1", "0"]
    assert set(rooms.get_xticks()) <= set(range(-1, 9))
    assert len(labels_of(street)) == 12
    assert street.texts[0].get_text() == " at least 52 rarer levels are not shown"


def test_columns_with_odd_names_and_values(saved):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"gone": np.nan, r"price $\frac$": rng.normal(size=300), "kind": rng.choice(["x^$%$", "$a_$"], 300)}
    )
    encode = make_column_transformer((OneHotEncoder(), ["kind"]), ("passthrough", [r"price $\frac$"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X, X.iloc[:, 1] > 0)
    axes = AGOPExplainer(model).fit(X).plot_effects()
    saved(axes[0])
    panels = {panel.get_title(): panel for panel in axes}
    assert set(panels) == {"gone", r"price \$\frac\$", "kind"}, "a dollar sign begins no formula"
    assert {text.rpartition(" ")[0] for text in labels_of(panels["kind"])} == {r"\$a_\$", r"x^\$%\$"}
    assert len(curve_of(panels["gone"])) == 0, "no value is known"
