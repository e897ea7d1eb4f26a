"""target=: what it means for a model, and what is refused."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.nets import MLP

from agop_tabular import AGOPExplainer


class TestTargets:
    @pytest.mark.parametrize("target", [3, -1, "x", None, 1.5, [0, 1], [[0], [1]], [9] * 200])
    def test_unknown(self, net, X, target):
        with pytest.raises(ValueError, match="target"):
            AGOPExplainer(net).fit(X).explain(X, target=target)

    def test_one_output(self, X):
        explainer = AGOPExplainer(MLP(6, 1)).fit(X)
        for target in (0, "all"):
            with pytest.raises(ValueError, match='one output, so only target="predicted"'):
                explainer.explain(X, target=target)

    def test_several_outputs(self, X):
        model = make_pipeline(StandardScaler(), _multi_regressor()).fit(X, X[:, :2])
        explainer = AGOPExplainer(model).fit(X)
        assert explainer.explain(X, target=1).shape == (200, 6)
        assert explainer.explain(X, target="all").shape == (200, 6, 2)
        with pytest.raises(ValueError, match="2 outputs and no predicted class"):
            explainer.explain(X)


def _multi_regressor():
    from sklearn.linear_model import Ridge

    return Ridge()


def test_threshold_is_read_when_it_is_used(X):
    from skorch import NeuralNetBinaryClassifier

    net = NeuralNetBinaryClassifier(MLP, module__n_in=6, module__n_out=1).initialize()
    explainer = AGOPExplainer(net).fit(X)
    net.set_params(threshold=0.55)
    np.testing.assert_array_equal(explainer(X).target, net.predict(X))
