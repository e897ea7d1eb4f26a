"""Groups of rows compared."""

import numpy as np
import pandas as pd
import pytest

from agop_tabular.report.groups import groups_at, groups_section


def test_differences_are_those_of_cohorts(table, explainer):
    explanation = explainer(table[0])
    section = groups_section(explanation, "city", None)
    cohorts = explanation.cohorts("city")
    sure = cohorts.differences[cohorts.differences["p_holm"] < 0.05]
    rows = section.blocks[2].rows
    assert len(rows) == min(12, len(sure))
    assert rows[0][:3] == [sure.iloc[0]["feature"], sure.iloc[0]["group"], "the other rows"]
    assert float(rows[0][3]) == pytest.approx(sure.iloc[0]["difference"], rel=0.01)
    assert "Bern (" in section.blocks[0].text
    assert section.blocks[1].kind == "picture"


def test_groups_of_the_rows_that_are_listed():
    groups, places = np.array(["a", "b", "c", "d"]), np.array([1, 3])
    for given in (groups, groups.tolist(), pd.Series(groups, index=list("wxyz"))):
        assert groups_at(given, places, 4) == ["b", "d"]
    assert groups_at("city", places, 4) == "city"
    assert groups_at(None, places, 4) is None


@pytest.mark.parametrize(("groups", "said"), [([1, 2], "2 values"), (np.eye(4), "shape"), (3, "shape")])
def test_other_numbers_of_groups_are_refused(groups, said):
    with pytest.raises(ValueError, match=f"groups has .*{said}.* but X has 4 rows"):
        groups_at(groups, np.arange(4), 4)
