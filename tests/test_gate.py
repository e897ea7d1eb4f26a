"""The noise floor is found where there is one, and nowhere else."""

import numpy as np
import pytest

from agop_tabular.gate import above_noise_floor


@pytest.mark.parametrize("seed", range(10))
def test_a_tight_low_cluster_is_the_floor(seed):
    rng = np.random.default_rng(seed)
    noise = np.exp(rng.normal(-7, 0.25, 15))
    real = np.exp(rng.normal(-1, 1.0, 5))
    above = above_noise_floor(np.concatenate([real, noise]))
    assert above[:5].all()
    assert above[5:].sum() <= 1


@pytest.mark.parametrize("seed", range(10))
def test_one_spread_of_importances_has_no_floor(seed):
    diagonal = np.exp(np.random.default_rng(seed).normal(-2, 0.7, 20))
    assert above_noise_floor(diagonal).all()


def test_without_gradient_or_with_few_columns():
    assert above_noise_floor([0.0, 1.0, 2.0]).tolist() == [False, True, True]
    assert above_noise_floor([1e-9, 1.0, 2.0]).all()
    assert not above_noise_floor(np.zeros(6)).any()
