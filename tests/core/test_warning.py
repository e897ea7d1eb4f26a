import warnings

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.core.warning import warn_user


def test_the_caller_outside_of_the_package_is_named():
    with pytest.warns(UserWarning, match="look here") as found:
        warn_user("look here")
    assert found[0].filename == __file__


def test_the_users_line_is_named_from_the_depth_of_a_fit(module, X):
    """Two lines that warn of the same thing are two warnings, as Python's default filter counts them."""
    table, module.classes_ = np.zeros_like(X), range(3)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        AGOPExplainer(module, method="ixg").fit(table)
        AGOPExplainer(module, method="ixg").partial_fit(table)
    assert [w.filename for w in found] == [__file__] * 2
    assert found[0].lineno + 1 == found[1].lineno
