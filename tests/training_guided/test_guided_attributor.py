"""The loop over batches: targets, base values and gaps."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from agop_tabular.training_guided import TrainingGuidedExplainer


@pytest.fixture(params=["xtrain", "xtrain+", "xwp"])
def explainer(request, run):
    return TrainingGuidedExplainer(run.module, method=request.param, trajectory=run.trajectory).fit(run.X)


def test_a_target_is_its_part_of_all(run, explainer):
    everything = explainer(run.X, target="all")
    predicted = run.module(torch.from_numpy(run.X)).argmax(dim=1).numpy()
    rows = np.arange(len(run.X))
    for target, index in (("predicted", predicted), (1, np.ones(90, int)), (rows % 3, rows % 3)):
        one = explainer(run.X, target=target)
        assert_array_equal(one.values, everything.values[rows, :, index])
        assert_array_equal(one.base_values, everything.base_values[rows, index])
        assert_allclose(one.gap, everything.gap[rows, index], atol=1e-12)


def test_base_values_are_scores_before_the_training(run, explainer, make_perceptron):
    torch.manual_seed(0)
    untrained = make_perceptron().double()
    with torch.no_grad():
        assert_allclose(explainer(run.X, target="all").base_values, untrained(torch.from_numpy(run.X)), rtol=1e-12)


def test_contrast_is_the_contrast_of_attributions(run):
    plain = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X).explain(run.X, target="all")
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory, contrast=True).fit(run.X)
    others = (plain.sum(axis=2, keepdims=True) - plain) / 2
    assert_allclose(explainer.explain(run.X, target="all"), plain - others, atol=1e-12)


def test_probabilities_start_and_end_as_probabilities(run):
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory, model_output="probability").fit(run.X)
    explanation = explainer(run.X, target="all")
    after = explanation.base_values + explanation.values.sum(axis=1) + explanation.gap
    with torch.no_grad():
        assert_allclose(after, torch.softmax(run.module(torch.from_numpy(run.X)), dim=1), rtol=1e-10)
    assert_allclose(explanation.values.sum(axis=2), 0, atol=1e-12)


def test_values_that_are_not_finite(run, explainer):
    X = run.X.copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        explainer.explain(X)
