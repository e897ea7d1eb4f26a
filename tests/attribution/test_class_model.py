"""The most typical row of a class: of a linear model in closed form, of networks more of the class than any row."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from torch import nn

from agop_tabular import AGOPExplainer


def test_a_linear_model_in_closed_form(X):
    """Of w·x the maximum at distance √d, in standard deviations s, is mean + √d · s ⊙ (s ⊙ w) / ‖s ⊙ w‖."""
    y = X[:, 0] * 2 - X[:, 3]
    model = LinearRegression().fit(X, y)
    found = AGOPExplainer(model).fit(X).class_model()
    s = X.std(axis=0, dtype=float)
    direction = s * model.coef_
    expected = X.mean(axis=0, dtype=float) + 6**0.5 * s * direction / np.linalg.norm(direction)
    np.testing.assert_allclose(found.to_numpy()[0], expected, rtol=1e-4, atol=1e-4)
    penalised = AGOPExplainer(model, method="agop-local", standardize=False).fit(X).class_model(penalty=2.0)
    np.testing.assert_allclose(penalised.to_numpy()[0], X.mean(axis=0) + model.coef_ / 4, rtol=1e-4, atol=1e-4)


def test_each_class_of_a_network_scores_highest_at_its_own_model(net, X):
    explainer = AGOPExplainer(net).fit(X)
    every = explainer.class_model()
    assert list(every.index) == [0, 1, 2]
    assert list(every.columns) == [f"x{j}" for j in range(6)]
    rows = np.array(every, dtype=np.float32)
    scores = net.module_(torch.from_numpy(rows)).detach().numpy()
    assert (scores.argmax(axis=0) == [0, 1, 2]).all()
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    near = np.sqrt((z**2).sum(axis=1)) <= 6**0.5
    of_rows = net.module_(torch.from_numpy(X[near])).detach().numpy()
    assert (scores.diagonal() > np.quantile(of_rows, 0.95, axis=0)).all(), "a maximum, though perhaps a local one"
    distance = np.sqrt((((rows - X.mean(axis=0)) / X.std(axis=0)) ** 2).sum(axis=1))
    assert (distance <= 6**0.5 * 1.001).all()
    one = explainer.class_model(target=2)
    assert one.shape == (1, 6)
    np.testing.assert_allclose(one.loc[2], every.loc[2], rtol=1e-4, atol=1e-5)


def test_labels_are_the_users(X):
    labels = np.where(X[:, 1] > 0, "yes", "no")
    found = AGOPExplainer(LogisticRegression(max_iter=1000).fit(X, labels)).fit(X).class_model()
    assert list(found.index) == ["no", "yes"]
    mean = X.mean(axis=0)
    np.testing.assert_allclose(found.loc["no"] - mean, mean - found.loc["yes"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"penalty": 0}, 'penalty=0 is neither "auto" nor a number above 0'),
        ({"penalty": "big"}, "penalty='big' is neither"),
        ({"n_steps": 0}, "n_steps=0 is not a positive whole number"),
        ({"target": "predicted"}, 'give its label, or "all"'),
        ({"target": 7}, "target 7 is unknown"),
    ],
)
def test_refusals(net, X, how, message):
    with pytest.raises(ValueError, match=message):
        AGOPExplainer(net).fit(X).class_model(**how)


def test_a_score_that_does_not_change_at_the_mean(X):
    """Far from where this network is not zero there is nothing to ascend."""

    class Far(nn.Module):
        def forward(self, x):
            first = torch.relu(x[:, :1] - float(np.sort(X[:, 0])[-20]))
            return torch.cat([first, x[:, 1:2]], dim=1)

    explainer = AGOPExplainer(Far(), method="ixg").fit(X)
    with pytest.raises(ValueError, match="no class model"):
        explainer.class_model()
