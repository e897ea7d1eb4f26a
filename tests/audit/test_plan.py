"""Parameters of an audit: which rows, how many evaluations, and what is refused."""

import numpy as np
import pytest

from agop_tabular.audit.plan import MOST_EVALUATIONS, MOST_PAIRS, AuditPlan


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_rows": 0}, "n_rows=0 is not a positive whole number"),
        ({"n_rows": 10.0}, r"n_rows=10\.0 is not"),
        ({"n_rows": True}, "n_rows=True is not"),
        ({"n_permutations": 2}, "an even number from 4 on"),
        ({"n_permutations": 7}, 'n_permutations=7 is not "auto"'),
        ({"n_permutations": "many"}, "n_permutations='many' is not"),
        ({"n_permutations": None}, "n_permutations=None is not"),
        ({"coverage": 1}, "coverage=1 is not a share"),
        ({"coverage": float("nan")}, "coverage=nan is not a share"),
        ({"coverage": "90%"}, "coverage='90%' is not a share"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        AuditPlan(**parameters).check()


def test_too_few_rows():
    AuditPlan().draw(9, 5)
    with pytest.raises(ValueError, match=r"coverage=0\.9 needs at least 9 rows, but there are 8"):
        AuditPlan().draw(8, 5)
    with pytest.raises(ValueError, match="needs at least 99 rows, but there are 64"):
        AuditPlan(coverage=0.99).draw(1000, 5)


def test_rows_are_drawn_without_replacement_and_by_the_seed():
    places, seed = AuditPlan(20).draw(100, 5)
    assert len(set(places.tolist())) == 20
    assert (np.diff(places) > 0).all()
    again, same = AuditPlan(20).draw(100, 5)
    assert (places == again).all()
    assert seed == same
    assert (AuditPlan(20, random_state=1).draw(100, 5)[0] != places).any()
    np.testing.assert_array_equal(AuditPlan(200).draw(100, 5)[0], np.arange(100))


@pytest.mark.parametrize("d", [1, 3, 20, 100, 1000, 4000])
def test_evaluations_are_bounded(d):
    plan = AuditPlan()
    if 64 * 4 * (d + 1) > MOST_EVALUATIONS:
        with pytest.raises(ValueError, match=r"64 rows with 4,100 columns|set n_permutations=4, or audit fewer rows"):
            plan.draw(1000, d)
        AuditPlan(n_permutations=4).draw(1000, d)  # whoever says so may
        return
    plan.draw(1000, d)
    pairs = plan.most_pairs(64, d)
    assert 2 <= pairs <= MOST_PAIRS
    assert 64 * pairs * 2 * (d + 1) <= MOST_EVALUATIONS
    assert AuditPlan(n_permutations=4000).most_pairs(64, d) == 2000
