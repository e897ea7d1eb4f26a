"""One pass over rows: sums of gradients, coordinates and scores, and what is refused after it."""

import numpy as np
import pytest
import torch
from support.functions import Function
from support.model_scores import in_contrast
from support.nets import MLP
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.adapters import adapt
from agop_tabular.fitting.gather import check_gathered, gather
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.explained_model import ExplainedModel


def connected(module, X, **options):
    return ExplainedModel.connect(adapt(module.double().eval()), X.astype("float64"), **options)


def gathered(model, X, **options):
    empty = TrainingStatistics.empty("dense", model)
    return gather(model, empty, model.batches(X.astype("float64"), 33), **options)


@pytest.mark.parametrize("contrast", [False, True])
def test_sums_are_those_of_the_jacobian(module, X, contrast):
    model = connected(module, X, contrast=contrast)
    statistics = gathered(model, X, scored=True)
    x = torch.from_numpy(X.astype("float64"))
    scores = model.scores(x)
    jacobian = torch.stack([torch.autograd.functional.jacobian(lambda r: module(r[None])[0], row) for row in x])
    if contrast:
        jacobian = in_contrast(jacobian)
    torch.testing.assert_close(statistics.gradients.diagonal(), jacobian.square().sum(dim=(0, 1)))
    torch.testing.assert_close(statistics.coordinates.mean, x.mean(dim=0))
    torch.testing.assert_close(statistics.coordinates.scale(), x.std(dim=0, correction=0))
    torch.testing.assert_close(statistics.mean_scores, scores.mean(dim=0))
    assert gathered(model, X).score_total == 0, "only where scores are wanted"


def test_earlier_statistics_stay_as_they_are(module, X):
    model = connected(module, X)
    earlier = gathered(model, X[:100])
    diagonal = earlier.gradients.diagonal().clone()
    both = gather(model, earlier, model.batches(X[100:].astype("float64"), 33))
    assert (earlier.n, both.n) == (100, 200)
    torch.testing.assert_close(earlier.gradients.diagonal(), diagonal, rtol=0, atol=0)
    torch.testing.assert_close(both.gradients.diagonal(), gathered(model, X).gradients.diagonal())
    bad = X[100:].astype("float64")
    bad[60, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN .* 'x2' \(first at row 60\)"):
        gather(model, earlier, model.batches(bad, 33))
    torch.testing.assert_close(earlier.gradients.diagonal(), diagonal, rtol=0, atol=0)


@pytest.mark.parametrize("method", ["agop", "agop-ixg", "agop-global"])
@pytest.mark.parametrize("f", [torch.log, lambda x: x * torch.nan, lambda x: x / 0.0])
def test_scores_that_are_not_finite_are_refused_though_their_gradient_is(X, f, method):
    """The gradient of a logarithm of a negative number is a number; that of a table of equal rows is not looked at."""
    net = Function(lambda x: f(x[:, 0]) + x[:, 1])
    for rows in (-np.abs(X) - 1, -np.ones_like(X)):
        explainer = AGOPExplainer(net, method=method)
        with pytest.raises(ValueError, match=r"(score|gradient) is not finite at row 0 "):
            explainer.fit(rows)
        assert not hasattr(explainer, "n_samples_seen_")


def test_a_column_without_a_gradient_that_moves_the_scores_is_refused(X):
    class Rounded(MLP):
        def forward(self, x):
            return super().forward(torch.cat([x[:, :5], x[:, 5:].round()], dim=1))

    model = connected(Rounded(6, 2), X)
    with pytest.raises(ValueError, match="'x5'"):
        check_gathered(model, gathered(model, X))
    ignores = nn.Linear(6, 2)
    with torch.no_grad():
        ignores.weight[:, 5] = 0
    model = connected(ignores, X)
    check_gathered(model, gathered(model, X))  # it does not move them
