"""What is explained of a model, by its scores alone, and what they are called."""

from types import SimpleNamespace

import numpy as np
import pytest

from agop_tabular.models.units import check_names, check_output, contrast_factor, score_names


def scored(n_scores, classes=True, **more):
    classes = np.arange(n_scores) if classes else None
    known = {"one_logit": False, "contrast_only": False, "independent": False} | more
    return SimpleNamespace(n_scores=n_scores, classes=classes, **known)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_factor_makes_the_mean_of_all_that_of_the_others(n):
    s = np.random.default_rng(0).standard_normal(n)
    expected = [s[c] - np.delete(s, c).mean() for c in range(n)]
    for contrast in (True, None):
        np.testing.assert_allclose(contrast_factor(scored(n), contrast) * (s - s.mean()), expected)


def test_one_logit_is_the_log_odds():
    s = np.array([-1.7, 1.7])
    factor = contrast_factor(scored(2, one_logit=True), True)
    np.testing.assert_allclose(factor * (s - s.mean()), [0 - 1.7, 1.7 - 0])


def test_where_there_is_no_contrast():
    assert contrast_factor(scored(3), False) == 0
    assert contrast_factor(scored(3, classes=False), None) == 0
    assert contrast_factor(scored(1, classes=False), None) == 0
    assert contrast_factor(scored(3), None, "probability") == 0
    assert contrast_factor(scored(3, contrast_only=True), False) == 1.5, "only differences are known"
    with pytest.raises(ValueError, match="at least two scores"):
        contrast_factor(scored(1, classes=False), True)
    with pytest.raises(ValueError, match="this model has none"):
        contrast_factor(scored(3, classes=False), None, "probability")


def test_names():
    assert score_names(scored(2)) == ("0", "1")
    assert score_names(scored(1, classes=False)) == ("output",)
    assert score_names(scored(2, classes=False)) == ("output 0", "output 1")
    assert score_names(scored(2), ["no", "yes"]) == ("no", "yes")
    assert score_names(scored(2, classes=False), None, "price") == ("price 0", "price 1")
    with pytest.raises(ValueError, match="3 names for the model's 2 scores"):
        score_names(scored(2), ["a", "b", "c"])


def test_checks():
    check_output("raw", True)
    check_output("probability", "auto")
    check_names(None, None)
    check_names(np.array(["a", "b"]), "price")
    for wrong in (["raw"], None, "log-odds"):
        with pytest.raises(ValueError, match="model_output="):
            check_output(wrong, "auto")
    for wrong in (["a", None], "ab", ["a", "a"]):
        with pytest.raises(ValueError, match="class_names="):
            check_names(wrong, None)
