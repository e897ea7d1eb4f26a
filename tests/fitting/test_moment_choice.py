"""Which moment of the gradients is collected, and that the answer does not depend on it."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from agop_tabular import AGOPExplainer


def network(p, h=12, first=None):
    torch.manual_seed(0)
    return nn.Sequential(first or nn.Identity(), nn.Linear(p, h), nn.ReLU(), nn.Linear(h, 3)).eval()


def table(n, p):
    return np.random.default_rng(0).standard_normal((n, p), dtype=np.float32) * np.linspace(0.5, 3, p, dtype="f4") + 1


@pytest.mark.parametrize("method", ["agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg"])
def test_factored_is_dense(method):
    X, net = table(400, 60), network(60)
    ours = AGOPExplainer(net, method=method).fit(X)
    dense = AGOPExplainer(net, method=method, moment="dense").fit(X)
    assert (ours.moment_, dense.moment_) == ("factored", "dense")
    assert ours.rank_ == dense.rank_
    for target in ("predicted", 1, "all"):
        found, expected = ours.explain(X, target), dense.explain(X, target)
        assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert_allclose(ours.agop_, dense.agop_, rtol=1e-4, atol=1e-5 * dense.agop_.max())
    assert_allclose(ours.feature_importances_, dense.feature_importances_, rtol=1e-4)
    if method != "agop-global":
        assert_allclose(ours(X).support, dense(X).support, atol=1e-5)


def test_which_moment_auto_chooses():
    assert AGOPExplainer(network(5), method="agop-ixg").fit(table(50, 5)).moment_ == "dense"
    assert AGOPExplainer(network(60), method="agop-ixg").fit(table(50, 60)).moment_ == "factored"
    normed = network(2100, first=nn.LayerNorm(2100))
    sketched = AGOPExplainer(normed, method="agop-ixg").fit(table(30, 2100))
    assert sketched.moment_ == "sketched"
    assert sketched.agop_error_ >= 0
    assert AGOPExplainer(normed, method="agop-weighted").fit(table(30, 2100)).moment_ == "diagonal"
    with pytest.raises(ValueError, match='moment="factored" needs a network'):
        AGOPExplainer(network(5, first=nn.LayerNorm(5)), method="agop-ixg", moment="factored").fit(table(50, 5))
    with pytest.raises(ValueError, match="moment='some' is not one of"):
        AGOPExplainer(network(5), moment="some").fit(table(50, 5))


def test_a_sketch_of_few_directions_explains_as_all_of_m_does():
    X, net = table(300, 200), network(200, first=nn.LayerNorm(200))
    whole = AGOPExplainer(net, method="agop-ixg", moment="dense", rank=3).fit(X)
    sketch = AGOPExplainer(net, method="agop-ixg", moment="sketched", rank=3).fit(X)
    expected = whole.explain(X)
    assert_allclose(sketch.explain(X), expected, atol=2e-3 * np.abs(expected).max())
    assert_allclose(sketch.agop_diagonal_, whole.agop_diagonal_, rtol=1e-4)


@pytest.mark.parametrize("moment", ["factored", "sketched"])
def test_saved_and_continued(moment, tmp_path):
    X, net = table(300, 60), network(60)
    explainer = AGOPExplainer(net, method="agop-ixg", moment=moment).fit(X)
    explainer.save(tmp_path / "m.agop")
    again = AGOPExplainer.load(tmp_path / "m.agop", net)
    assert again.moment_ == moment
    assert_allclose(again.explain(X), explainer.explain(X), rtol=1e-5, atol=1e-6)
    parts = AGOPExplainer(net, method="agop-ixg", moment=moment).partial_fit(X[:100]).partial_fit(X[100:])
    expected = explainer.explain(X)
    assert_allclose(parts.explain(X), expected, atol=1e-4 * np.abs(expected).max())


def test_a_network_trained_further_is_explained_as_it_is():
    X, net = table(200, 60), network(60)
    explainer = AGOPExplainer(net, method="ixg").fit(X)
    with torch.no_grad():
        net[1].weight.mul_(2)
    fresh = AGOPExplainer(net, method="ixg").fit(X)
    assert_allclose(explainer.explain(X), fresh.explain(X), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="first layer has changed"):
        explainer.partial_fit(X)
