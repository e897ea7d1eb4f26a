"""Images as rows of pixels: explainers of tables work on them."""

import numpy as np
import torch
from numpy.testing import assert_allclose
from support.images import images, make_module

from agop_tabular.baselines import InputXGradient, IntegratedGradients, SmoothGrad
from agop_tabular.image import AGOPImageExplainer, FlatImages


def test_baselines_through_flat_images():
    module, X = make_module(), images()
    flat, rows = FlatImages(make_module(), (3, 8, 8)), X.reshape(60, -1)
    ixg = InputXGradient()(flat, rows[:5], 1, rows).reshape(5, 3, 8, 8).sum(axis=1)
    ours = AGOPImageExplainer(module, method="ixg").fit(X).explain(X[:5], target=1)
    assert_allclose(ixg, ours, rtol=1e-4, atol=1e-6)
    ig = IntegratedGradients(baseline="zero", n_steps=300)(flat, rows[:5], 1, rows)
    scores = make_module().eval()(torch.from_numpy(np.concatenate([X[:5], 0 * X[:1]])))[:, 1].detach().numpy()
    assert_allclose(ig.sum(axis=1), scores[:5] - scores[5], rtol=1e-2, atol=1e-3)
    assert SmoothGrad()(flat, rows[:5], 1, rows).shape == (5, 192)
