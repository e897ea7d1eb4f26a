"""What the parameters of AGOPExplainer may be."""

import numpy as np
import pytest
from support.nets import MLP

from agop_tabular import AGOPExplainer


class TestFitting:
    @pytest.mark.parametrize(
        "params",
        [
            {"method": "shap"},
            {"rank": 7},
            {"rank": 0.0},
            {"baseline": "median"},
            {"baseline": [1, 2]},
            {"contrast": "yes"},
            {"batch_size": 0},
            {"batch_size": None},
            {"max_samples": 0},
            {"prefit": "no"},
        ],
        ids=str,
    )
    def test_parameters(self, net, X, params):
        with pytest.raises(ValueError):
            AGOPExplainer(net, **params).fit(X)

    def test_contrast_of_one_output(self, X):
        with pytest.raises(ValueError, match="at least two scores"):
            AGOPExplainer(MLP(6, 1), contrast=True).fit(X)


@pytest.mark.parametrize("yes", [np.True_, True])
def test_flags_of_numpy(net, X, yes):
    assert AGOPExplainer(net, contrast=yes).fit(X).model_.contrast
    with pytest.raises(ValueError, match="contrast=1"):
        AGOPExplainer(net, contrast=1).fit(X)
    y = (np.arange(200) % 3).astype("int64")
    assert AGOPExplainer(net, prefit=np.False_).fit(X, y).estimator_ is not net
