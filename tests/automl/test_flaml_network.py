"""TabularMLP as a learner of FLAML."""

import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

from agop_tabular import automl

pytestmark = pytest.mark.filterwarnings("ignore")


def test_flaml_learner_is_a_class():
    pytest.importorskip("flaml")
    assert isinstance(automl.flaml_learner, type)
    assert automl.flaml_learner is automl.flaml_learner, "not a module of that name, once it is imported"
