"""Before a network is explained, its scores are checked: one row of them for each row, and no row depends on others."""

import pytest
from captum.testing.helpers import basic_models
from skorch import NeuralNetClassifier
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer


class TestModels:
    def test_rows_mixed(self, X):
        module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="mixes rows"):
            AGOPExplainer(module).fit(X)

    def test_scores_of_the_wrong_shape(self, X):
        class Total(nn.Module):
            def forward(self, x):
                return x.sum()

        with pytest.raises(ValueError, match="not one row of scores for each"):
            AGOPExplainer(Total()).fit(X)

    def test_captums_model_that_returns_a_dict(self, X):
        module = basic_models.BasicModel_GradientLayerAttribution(dict_output=True)
        with pytest.raises(ValueError, match="the module returned dict, not a tensor"):
            AGOPExplainer(module).fit(X[:, :3])

    @pytest.mark.parametrize("n", [2, 3, 100])
    def test_rows_mixed_in_few_rows(self, n, X):
        module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="mixes rows"):
            AGOPExplainer(module).fit(X[:n])


@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e4])
def test_mixed_rows_are_refused_at_any_scale(X, factor):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 1)

        def forward(self, x):
            return factor * self.last(self.norm(x))

    with pytest.raises(ValueError, match="mixes rows"):
        AGOPExplainer(Scaled()).fit(X)


def test_predictions_of_another_class_than_the_scores_warn(X):
    class Reversed(NeuralNetClassifier):
        def predict(self, X):
            return 2 - super().predict(X)

    net = Reversed(MLP, module__n_in=6, module__n_out=3, criterion=nn.CrossEntropyLoss).initialize()
    with pytest.warns(UserWarning, match="predict another class than Reversed"):
        AGOPExplainer(net).fit(X)
