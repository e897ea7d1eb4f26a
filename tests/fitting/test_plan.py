"""The plan that an explainer's parameters make."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.fitting.plan import FitPlan


def planned(baseline="mean", **params):
    return FitPlan.of(AGOPExplainer(**params), baseline, 6)


def test_what_auto_means():
    assert planned().contrast is None, "in contrast wherever there are several classes"
    assert planned(method="agop-ixg").contrast is False
    assert planned(method="agop-ixg", contrast=np.True_).contrast is True
    assert planned().seed == planned(random_state=None).seed == 0
    assert planned(random_state=3).seed == planned(random_state=3).seed != planned(random_state=4).seed
    assert (planned().progress, planned(verbose=1).progress) == (None, "AGOP fit")


def test_a_plan_that_cannot_be_fitted_is_refused():
    for params, message in (({"method": "shap"}, "shap"), ({"gate": [True]}, "6 booleans")):
        with pytest.raises(ValueError, match=message):
            planned(**params)
    with pytest.raises(ValueError, match="needs the effects"):
        planned(method="ixg", gate=True)
