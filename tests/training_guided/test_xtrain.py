"""XtrAIn and Xstep: sums over steps, by brute force; the inverse property."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from support.column_swaps import attributions, network_at

from agop_tabular.models.fingerprint import weights_digest
from agop_tabular.training_guided import TrainingGuidedExplainer

COLUMNS = [[j] for j in range(5)]


def explained(run, method, trajectory=None, rows=20, **params):
    explainer = TrainingGuidedExplainer(run.module, method=method, trajectory=trajectory or run.trajectory, **params)
    return explainer.fit(run.X).explain(run.X[:rows], target="all")


def test_xtrain_is_what_swapping_one_column_after_the_other_gives(run):
    slow = attributions("xtrain", run.module, run.trajectory, COLUMNS, torch.from_numpy(run.X[:20]), ["0"])
    assert_allclose(explained(run, "xtrain"), slow.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("n", "places"), [(2, [0, 6]), (3, [0, 3, 6]), (4, [0, 2, 4, 6])])
def test_xstep_takes_some_checkpoints(run, n, places):
    x = torch.from_numpy(run.X[:20])
    slow = attributions("xstep", run.module, run.trajectory, COLUMNS, x, ["0"], checkpoints=places)
    assert_allclose(explained(run, "xstep", checkpoints=n), slow.numpy(), rtol=1e-10, atol=1e-12)


def test_xstep_of_all_checkpoints_is_xtrain(run):
    assert_array_equal(explained(run, "xstep", checkpoints=7), explained(run, "xtrain"))


def test_the_inverse_property_to_the_bit(run):
    """Two checkpoints in the other order: the same attributions with the other sign."""
    explainer = TrainingGuidedExplainer(run.module, method="xstep", trajectory=run.trajectory, checkpoints=2).fit(run.X)
    there = explainer.attributor_
    back = replace(there, trajectory=there.trajectory.reversed())
    assert_array_equal(back.attribute(run.X, "all").values, -there.attribute(run.X, "all").values)
    assert np.abs(explainer.explain(run.X)).max() > 0.1


def test_what_columns_and_all_else_did_adds_up_over_the_steps(run):
    """The score rose by what the columns got, plus the gap, as in every step by itself."""
    explainer = TrainingGuidedExplainer(run.module, trajectory=run.trajectory).fit(run.X)
    explanation = explainer(run.X, target="all")
    with torch.no_grad():
        scores = run.module(torch.from_numpy(run.X)).numpy()
    total = explanation.base_values + explanation.values.sum(axis=1) + explanation.gap
    assert_allclose(total, scores, rtol=1e-12, atol=1e-12)
    gaps = 0
    checkpoints = run.trajectory.checkpoints
    for pair in itertools.pairwise(checkpoints):
        step = replace(explainer.attributor_, trajectory=replace(run.trajectory, checkpoints=pair))
        found = step.attribute(run.X, "all")
        assert_allclose(found.values.sum(axis=1), step_sums(run, pair), rtol=1e-9, atol=1e-11)
        with torch.no_grad():
            gaps = gaps + score_change(run, pair) - found.values.sum(axis=1)
    assert_allclose(gaps, explanation.gap, rtol=1e-9, atol=1e-11)


def step_sums(run, pair):
    trajectory = replace(run.trajectory, checkpoints=pair)
    return attributions("xtrain", run.module, trajectory, COLUMNS, torch.from_numpy(run.X), ["0"]).sum(dim=1).numpy()


def score_change(run, pair):
    x = torch.from_numpy(run.X)
    return (network_at(run.module, pair[1].state())(x) - network_at(run.module, pair[0].state())(x)).numpy()


def test_permuted_columns_get_permuted_attributions(run):
    """The same training with its columns in another order."""
    order = [3, 0, 4, 1, 2]
    permuted = []
    for checkpoint in run.trajectory.checkpoints:
        state = dict(checkpoint.state())
        state["0.weight"] = state["0.weight"][:, order]
        permuted.append(replace(checkpoint, kept=state))
    module = network_at(run.module, permuted[-1].kept)
    trajectory = replace(run.trajectory, checkpoints=tuple(permuted), digest=weights_digest(module))
    there = TrainingGuidedExplainer(module, trajectory=trajectory).fit(run.X[:, order])
    found = there.explain(run.X[:20, order], target="all")
    assert_allclose(found, explained(run, "xtrain")[:, order], rtol=1e-10, atol=1e-12)


def test_a_linear_network_gives_the_change_of_the_weights_times_the_value(train, table):
    """By hand: of a single layer both forms are x times the update, and nothing but the bias is left."""
    run = train(lambda: torch.nn.Linear(5, 3), *table)
    first, last = (run.trajectory.checkpoints[i].state() for i in (0, -1))
    change = (last["weight"] - first["weight"]).numpy()
    for method in ("xtrain", "xstep", "xwp", "xwp-c"):
        explainer = TrainingGuidedExplainer(run.module, method=method, trajectory=run.trajectory).fit(run.X)
        explanation = explainer(run.X, target="all")
        assert_allclose(explanation.values, run.X[:, :, None] * change.T, rtol=1e-9, atol=1e-10)
        bias = (last["bias"] - first["bias"]).numpy()
        assert_allclose(explanation.gap, np.tile(bias, (90, 1)), rtol=1e-8, atol=1e-10)


def test_ten_checkpoints_or_half_precision_are_nearly_all(train, table, make_perceptron):
    full = train(make_perceptron, *table, epochs=60)
    reference = explained(full, "xtrain", rows=90)
    half = train(make_perceptron, *table, epochs=60, precision="half")
    for values in (explained(full, "xstep", rows=90), explained(half, "xtrain", rows=90)):
        cosine = (values * reference).sum() / np.linalg.norm(values) / np.linalg.norm(reference)
        assert cosine > 0.99
