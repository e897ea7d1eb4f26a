"""Images as rows: whose gradients M sums, and how many images go through the network at a time."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from support.images import jacobians, make_module
from torch import nn

from agop_tabular import AGOPCallback
from agop_tabular.image import AGOPImageExplainer
from agop_tabular.image.rows import rows_a_batch


@pytest.mark.parametrize("moment", ["diagonal", "dense", "sketched"])
@pytest.mark.parametrize("target", ["predicted", 1])
def test_m_of_one_class(module, X, target, moment):
    J = jacobians(make_module(), X)
    predicted = make_module().eval()(torch.from_numpy(X)).argmax(dim=1).numpy()
    chosen = J[np.arange(len(X)), predicted if target == "predicted" else np.full(len(X), target)]
    explainer = AGOPImageExplainer(module, moment=moment, moment_target=target).fit(X)
    diagonal = (chosen**2).mean(axis=0)
    assert_allclose(explainer.diagonal_map_, diagonal.sum(axis=0), rtol=1e-4)
    if moment == "dense":
        flat = chosen.reshape(len(X), -1)
        assert_allclose(explainer.tabular_.agop_, flat.T @ flat / len(X), rtol=1e-3, atol=1e-5)
    of_predicted = J[np.arange(len(X)), predicted]
    expected = np.linalg.norm(of_predicted * np.sqrt(diagonal / diagonal.max()), axis=1)
    assert_allclose(explainer.explain(X), expected, rtol=1e-4, atol=1e-7)


def test_it_is_a_parameter_that_is_saved(module, X, tmp_path):
    explainer = AGOPImageExplainer(module, moment_target=2).fit(X)
    assert clone(explainer).moment_target == 2
    explainer.save(tmp_path / "maps.agop")
    loaded = AGOPImageExplainer.load(tmp_path / "maps.agop", module)
    assert loaded.moment_target == 2
    assert_allclose(loaded.explain(X), explainer.explain(X))
    assert_allclose(loaded.fit(X).diagonal_map_, explainer.diagonal_map_)


def test_pixels_that_one_class_does_not_read_are_no_fault(X):
    """Another class reads them: their gradient is not lost."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    with torch.no_grad():
        module[1].weight[0, :64] = 0.0
    explainer = AGOPImageExplainer(module, moment_target=0).fit(X)
    weights = module[1].weight[0].detach().double().numpy().reshape(3, 8, 8)
    assert_allclose(explainer.diagonal_map_, (weights**2).sum(axis=0), rtol=1e-5)


def test_a_class_that_there_is_not(module, X):
    with pytest.raises(ValueError, match="target 'cat' is unknown"):
        AGOPImageExplainer(module, moment_target="cat").fit(X)


def test_a_callback_sums_all_classes(X):
    from skorch import NeuralNetClassifier

    callback = AGOPCallback()
    net = NeuralNetClassifier(make_module(), criterion=nn.CrossEntropyLoss, max_epochs=1, verbose=0)
    net.set_params(callbacks=[callback], train_split=None).fit(X, np.arange(len(X)) % 3)
    with pytest.raises(ValueError, match="fit the explainer for a moment_target"):
        AGOPImageExplainer.from_callback(callback, net, moment_target=1)


def test_rows_a_batch():
    assert rows_a_batch("auto", (3, 8, 8)) == 4096
    assert rows_a_batch("auto", (3, 224, 224)) == 8
    assert rows_a_batch(5, (3, 8, 8)) == 5
