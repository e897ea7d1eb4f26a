"""What the page of the budget study says of its records."""

import pandas as pd

from benchmarks.budget import page


def records(error_of_refinement):
    """Errors at one budget: refinement's, permutations' .2, and of one sampler .3 or .1 by its background."""
    found = [("look-up", 0, None, 0.4), ("refined", 4, None, error_of_refinement), ("permutations", 4, None, 0.2)]
    found += [("SVARM", 4, 10, 0.3), ("SVARM", 4, 50, 0.1)]
    keys = ("method", "pairs", "background", "error")
    return pd.DataFrame([{"family": "linear", "seed": 0} | dict(zip(keys, row, strict=True)) for row in found])


def test_refinement_is_compared_with_the_best_of_the_others():
    (row,) = page.lowest(records(0.05)).to_dict("records")
    assert (row["refined"], row["other"], row["best"], row["pairs"]) == (0.05, 0.1, "SVARM", 4)


def test_the_page_says_where_another_method_has_the_lowest_error():
    assert "in 1 of 1 families and budgets." in page._verdict(records(0.05))
    assert "2.0 to 2.0 times its error: SVARM." in page._verdict(records(0.05))
    assert "in 0 of 1 families and budgets; not so: SVARM on linear with 4 pairs." in page._verdict(records(0.15))


def test_errors_of_failed_regressions_are_not_written_out():
    assert page._shown(4e13) == "> 10"
    assert page._shown(0.25) == ".250"
