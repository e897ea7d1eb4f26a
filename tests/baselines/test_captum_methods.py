"""captum's methods on the user's columns."""

import numpy as np
import pytest
import torch
from torch import nn

from agop_tabular.baselines import InputXGradient, IntegratedGradients, SmoothGrad


def test_input_x_gradient_folds_one_hot_columns(pipeline):
    table, model = pipeline
    weights, coded = model[-1].coef_[0], model[0].transform(table[:6])
    out = InputXGradient()(model, table[:6], 1, table, 0)
    first = len(model[0].transformers_[0][1].categories_[0])
    np.testing.assert_allclose(out[:, 1], (coded * weights)[:, :first].sum(1), rtol=1e-5)


@pytest.mark.parametrize("method", [IntegratedGradients(n_steps=20), SmoothGrad(n_samples=20), InputXGradient()])
def test_wide_rows_are_evaluated_few_at_a_time(method, monkeypatch):
    p, evaluated = 500, []
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(p, 4), nn.Tanh(), nn.Linear(4, 2)).requires_grad_(False)
    module.classes_ = [0, 1]
    X = np.random.RandomState(0).standard_normal((30, p)).astype(np.float32)
    whole = method(module, X, 1, X, 0)
    monkeypatch.setattr("agop_tabular.baselines.captum_methods.MAX_NUMBERS", 45 * p)
    module[0].register_forward_hook(lambda layer, x, s: evaluated.append(len(x[0])))
    parts = method(module, X, 1, X, 0)
    assert max(evaluated) <= 45
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=0 if not isinstance(method, SmoothGrad) else 1e-2)
