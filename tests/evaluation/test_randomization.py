"""The randomisation check distinguishes an explanation of the model from one of the data."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.evaluation import parameter_randomization


def test_gradient_explanations_change_and_data_maps_do_not(net, X):
    weights = {k: v.clone() for k, v in net.module_.state_dict().items()}
    of_model = parameter_randomization(net, lambda e: AGOPExplainer(e).fit(X).explain(X, 1), random_state=0)
    of_data = parameter_randomization(net, lambda e: X - X.mean(0), random_state=0)
    np.testing.assert_allclose(of_data[["spearman", "cosine"]], 1.0)
    assert abs(of_model["cosine"].iloc[-1]) < 0.7
    assert of_model["cosine"].iloc[-1] < of_model["cosine"].iloc[0] + 0.2
    assert list(of_model.index) == [n for n, m in list(net.module_.named_modules())[::-1] if hasattr(m, "weight")]
    assert all(torch.equal(v, weights[k]) for k, v in net.module_.state_dict().items())


def test_same_seed_same_answer_and_random_state_is_left(net, X):
    before = torch.get_rng_state()
    both = [parameter_randomization(net.module_, lambda m: _gradient(m, X), random_state=0) for _ in range(2)]
    assert both[0].equals(both[1])
    last = parameter_randomization(net.module_, lambda m: _gradient(m, X), cascade=False, random_state=0)
    assert last.equals(both[0].tail(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_pipelines_and_refusals(net, X):
    pipeline = make_pipeline(StandardScaler().fit(X), net)
    assert len(parameter_randomization(pipeline, lambda e: X, random_state=0)) > 1
    with pytest.raises(ValueError, match="LogisticRegression has no torch module"):
        parameter_randomization(LogisticRegression().fit(X, X[:, 0] > 0), lambda e: X)
    with pytest.raises(ValueError, match="no layer with reset_parameters"):
        parameter_randomization(torch.nn.ReLU(), lambda e: X)


def _gradient(module, X):
    x = torch.from_numpy(X).requires_grad_()
    return torch.autograd.grad(module(x)[:, 0].sum(), x)[0].numpy()
