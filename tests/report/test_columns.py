"""Which columns matter, and how: the numbers are those of the explainer."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.report.columns import (
    effects_section,
    has_effects,
    importance_section,
    most_important,
    pairs_section,
)


def table_of(section):
    return next(block for block in section.blocks if block.kind == "table")


def pictures_of(section):
    return [block for block in section.blocks if block.kind == "picture"]


def test_importances_with_their_intervals(table, explainer):
    section = importance_section(explainer, explainer(table[0][:50]))
    names, importances = explainer.feature_map_.names, explainer.feature_importances_
    intervals = explainer.feature_importance_intervals_
    order = np.argsort(-importances)
    wanted = [[names[j], f"{importances[j]:.1%}", f"{intervals[j, 0]:.1%} to {intervals[j, 1]:.1%}"] for j in order]
    assert list(map(list, table_of(section).rows)) == wanted
    assert most_important(explainer, 2) == ", ".join(f"{names[j]} ({importances[j]:.1%})" for j in order[:2])
    first, second = pictures_of(section)
    assert first.text.startswith(f"Bars: {names[order[0]]}")
    assert "right of zero its column raises the log-odds of yes" in second.caption


def test_effects_with_their_ends(explainer):
    section = effects_section(explainer, None)
    effect = explainer.effects_.main("city")["yes"]
    row = next(row for row in table_of(section).rows if row[0] == "city")
    assert row[1].endswith(f"at {effect.idxmin()}")
    assert row[2].endswith(f"at {effect.idxmax()}")
    assert float(row[1].split()[0]) == pytest.approx(effect.min(), rel=0.01)
    assert "2.7" in section.blocks[0].text, "the unit in words"
    assert "log-odds of yes" in table_of(section).caption


def test_the_class_that_is_asked_for(explainer):
    assert "log-odds of no" in table_of(effects_section(explainer, "no")).caption
    assert "of no more than" in pictures_of(pairs_section(explainer, "no"))[0].caption


def test_of_several_classes_the_one_that_is_moved_most(net, X):
    explainer = AGOPExplainer(net, class_names=["a", "b", "c"]).fit(X)
    table = table_of(effects_section(explainer, None))
    assert table.head[-1] == "on the class that it moves most"
    assert {row[3] for row in table.rows} <= {"a", "b", "c"}


def test_pairs(explainer):
    section = pairs_section(explainer, None)
    shares = explainer.interaction_importances_
    assert f"{np.triu(shares, 1).sum():.1%} of the variance" in section.blocks[0].text
    first = table_of(section).rows[0]
    assert first == ["age × city", f"{shares[0, 1]:.2%}"]


def test_one_column_has_no_pairs(table, labels):
    from sklearn.linear_model import LogisticRegression

    X = table[0][["age"]]
    explainer = AGOPExplainer(LogisticRegression().fit(X, labels)).fit(X)
    assert [block.kind for block in pairs_section(explainer, None).blocks] == ["paragraph"]


def test_published_methods_have_importances_alone(table, explainer):
    X = table[0]
    local = AGOPExplainer(explainer.estimator_, method="agop-local").fit(X)
    assert not has_effects(local)
    assert has_effects(explainer)
    section = importance_section(local, local(X[:20]))
    assert table_of(section).head == ["column", "share"]
    assert "further right" in pictures_of(section)[1].caption
