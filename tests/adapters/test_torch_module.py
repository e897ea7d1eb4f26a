"""A bare torch module: its outputs are the scores."""

import torch
from support.nets import MLP, OneDimensional, Tuple

from agop_tabular.adapters import adapt


def confirmed(module, X):
    adapter = adapt(module.eval())
    adapter.confirm(torch.from_numpy(X))
    return adapter, adapter.scores(torch.from_numpy(X)).detach()


def test_several_outputs_are_scores_of_classes(X):
    module = MLP(6, 3)
    adapter, scores = confirmed(module, X)
    assert adapter.classes.tolist() == [0, 1, 2]
    torch.testing.assert_close(scores, module(torch.from_numpy(X)))
    assert torch.equal(adapter.predicted(scores), scores.argmax(dim=1))


def test_one_output_is_one_score_as_in_regression(X):
    for module in (MLP(6, 1), OneDimensional(6)):
        adapter, scores = confirmed(module, X)
        assert adapter.classes is None
        assert adapter.n_scores == 1
        torch.testing.assert_close(scores, module(torch.from_numpy(X)).reshape(200, 1))


def test_the_first_of_several_outputs_is_explained(X):
    module = Tuple(6, 3)
    torch.testing.assert_close(confirmed(module, X)[1], module(torch.from_numpy(X))[0])
