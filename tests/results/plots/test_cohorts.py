"""Pictures of groups of rows."""

import numpy as np


def test_groups_side_by_side(table_explainer, table, saved):
    found = table_explainer(table[0][:400]).cohorts("city")
    ax = found.plot(n=3)
    saved(ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    spread = found.means.max() - found.means.min()
    assert names == spread.sort_values(ascending=False, kind="stable").index[:3].tolist()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == [f"{name} ({n} rows)" for name, n in found.sizes.items()]
    drawn = {x for line in ax.lines for x in np.round(line.get_xdata(), 6)}
    assert set(np.round(found.means[names].to_numpy().ravel(), 6)) <= drawn
    title = ax.get_title(loc="left").replace("\n", " ")
    assert title == "Groups of rows: 3; 3 of 4 columns, the largest difference first"


def test_chance_is_hollow_and_many_groups_are_cut(table_explainer, table, saved):
    rng = np.random.default_rng(0)
    groups = rng.choice([f"a group with a long name, number {i}" for i in range(12)], 400)
    ax = table_explainer(table[0][:400]).cohorts(groups).plot()
    saved(ax)
    assert "hollow: no difference beyond chance" in ax.get_xlabel()
    assert ax.get_title(loc="left").startswith("Groups of rows: 8 of 12")
    assert all(line.get_markerfacecolor() == "none" for line in ax.lines if len(line.get_xdata()) == 4)


def test_every_group_is_in_the_legend(table_explainer, table, saved):
    groups = np.array(["_other", "$a", "low"])[np.arange(400) % 3]
    ax = table_explainer(table[0][:400]).cohorts(groups).plot()
    saved(ax)
    assert len(ax.get_legend().get_texts()) == 3
    assert any(text.get_text().startswith("_other") for text in ax.get_legend().get_texts())
