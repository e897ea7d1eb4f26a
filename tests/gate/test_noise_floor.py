"""The noise floor is found where there is one, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from agop_tabular.gate.noise_floor import Gate, noise_floor


def effects(rng, main, spread):
    """Variances of effects: own ones on the diagonal, `spread` over pairs with all others."""
    d = len(main)
    pairs = np.outer(spread, spread) / spread.sum() * rng.uniform(0.5, 1.5, (d, d))
    pairs = np.triu(pairs, 1) + np.triu(pairs, 1).T
    return pairs + np.diag(main)


def noisy(seed, n_noise=15, n_real=5):
    rng = np.random.default_rng(seed)
    noise, real = np.exp(rng.normal(-7, 0.25, n_noise)), np.exp(rng.normal(-1, 1.0, n_real))
    main = np.concatenate([real, noise * 0.2])
    spread = np.concatenate([real * 0.02, noise * 2])
    return np.concatenate([real, noise]), effects(rng, main, spread)


@pytest.mark.parametrize("n_noise", [12, 15, 60])
@pytest.mark.parametrize("seed", range(5))
def test_a_tight_low_cluster_of_diffuse_columns_is_the_floor(seed, n_noise):
    rng = np.random.default_rng(seed)
    importances, variances = noisy(seed, n_noise)
    order = rng.permutation(len(importances))
    found = noise_floor(importances[order], variances[np.ix_(order, order)])
    mask = np.empty(len(order), dtype=bool)
    mask[order] = found.mask
    assert mask[:5].all()
    assert mask[5:].sum() <= max(2, n_noise // 10)
    assert found.evidence > 8
    assert found.margin > 1
    assert found.floor == importances[5:][~mask[5:]].max()


@pytest.mark.parametrize("seed", range(30))
def test_one_spread_of_importances_has_no_floor(seed):
    rng = np.random.default_rng(seed)
    importances = np.exp(rng.normal(-2, 1.0, 20))
    found = noise_floor(importances, effects(rng, importances, importances * 0.2))
    assert found.mask.all()
    assert np.isnan(found.floor)


@pytest.mark.parametrize("seed", range(5))
def test_pairs_that_were_learned_are_no_noise(seed):
    rng = np.random.default_rng(seed)
    importances = np.concatenate([np.exp(rng.normal(0, 0.3, 4)), np.exp(rng.normal(-2, 0.1, 16))])
    variances = effects(rng, importances * 0.01, importances * 0.01)
    variances[:4, :4] += np.diag(importances[:4])
    for i in range(4, 20, 2):  # each with one partner
        variances[i, i + 1] = variances[i + 1, i] = importances[i]
    assert noise_floor(importances, variances).mask.all()


def test_labels_keep_what_is_useful():
    importances, variances = noisy(0)
    useful = np.where(np.arange(20) == 7, 5.0, 0.0)
    assert not noise_floor(importances, variances).mask[7]
    found = noise_floor(importances, variances, useful)
    assert found.mask[7]
    assert found.mask.sum() <= 7


def test_degenerate_tables():
    assert noise_floor(np.zeros(6), np.zeros((6, 6))).mask.all()
    assert noise_floor(np.array([1.0, 0.0, 0.0]), np.diag([1.0, 0, 0])).mask.all()
    assert noise_floor(np.full(8, 0.1), np.eye(8)).mask.all()
    assert noise_floor(np.ones(1), np.ones((1, 1))).mask.all()


def test_a_gate_says_its_columns_and_what_is_lost():
    mask = np.array([True, False, False, True])
    gate = Gate(mask, 0.1, 3.0, 12.5, 0.034, 0.12, True, ("age", "<noise>", "id", "income"))
    text = repr(gate)
    assert text.startswith("Gate: 2 of 4 columns are used like noise\n")
    assert "<noise>, id" in text
    assert "3.4% of the predictions change, and the scores by 12.0% of their variance" in text
    assert "12.5 log units, of at least 8, with labels; the next column is 3.0 times as important" in text
    assert "&lt;noise&gt;, id" in gate._repr_html_()
    assert "column 1, column 2" in repr(replace(gate, feature_names=()))


@pytest.mark.parametrize("labelled", [False, True])
def test_columns_that_are_used_alike_but_much_are_not_to_be_left_out(labelled):
    gate = Gate(np.array([True, False]), 0.1, 1.1, 9.4, 0.03, 0.37, labelled, ("a", "b"))
    assert "not little, so this is no reason to leave them out" in repr(gate)
    assert ("labels, given to fit" in repr(gate)) is not labelled
    assert "no reason" not in repr(replace(gate, variance_changed=0.05))


def test_a_gate_without_a_floor_prints_no_nan():
    none = Gate(np.ones(4, dtype=bool), np.nan, np.nan, -np.inf, 0.0, 0.0, False)
    assert (
        repr(none) == "Gate: no column of 4 is used like noise\n  evidence  none: too few columns, or none stands out"
    )
    mask = Gate(np.array([True, False]), np.nan, np.nan, np.nan, 0.5, 0.3, False, ("a", "b"))
    assert "Gate: 1 of 2 columns are masked" in repr(mask)
    assert "nan" not in repr(mask)
    assert repr(replace(mask, mask=np.ones(2, dtype=bool))) == "Gate: a mask of all 2 columns"
