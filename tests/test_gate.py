"""The noise floor is found where there is one and nowhere else, and what a gate takes away is told."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from agop_tabular import AGOPExplainer
from agop_tabular.datasets import make_linear
from agop_tabular.gate.noise_floor import noise_floor


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


# In the explainer -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    X, y, truth = make_linear(3000, n_features=12, n_informative=4, random_state=1)
    net = MLPClassifier((64, 32), early_stopping=True, random_state=0, max_iter=200).fit(X[:2000], y[:2000])
    return net, X, y, truth.informative


def test_auto_reports_and_leaves_values_alone(trained):
    net, X, _, informative = trained
    auto = AGOPExplainer(net).fit(X[:2000])
    assert auto.gate_.mask[informative].all()
    assert auto.gate_.mask.sum() <= len(informative) + 1
    assert 0 < auto.gate_.predictions_changed < 0.1
    assert 0 < auto.gate_.variance_changed < 0.1
    assert not auto.gate_.labelled
    none = AGOPExplainer(net, gate=None).fit(X[:2000])
    assert none.gate_ is None
    np.testing.assert_array_equal(auto.explain(X[:50]), none.explain(X[:50]))
    assert auto(X[:5]).residual is None


def test_gating_is_told(trained):
    net, X, _, informative = trained
    rows = X[2000:2050]
    ungated = AGOPExplainer(net, gate=None).fit(X[:2000])(rows)
    for gate in (True, np.isin(np.arange(12), informative)):
        explainer = AGOPExplainer(net, gate=gate).fit(X[:2000])
        found = explainer(rows)
        noise = ~explainer.gate_.mask
        assert (found.values[:, noise] == 0).all()
        np.testing.assert_array_equal(found.values + found.residual, ungated.values)
        np.testing.assert_allclose(found.gap, found.residual.sum(axis=1), atol=1e-5)
        assert f"{noise.sum()} columns" in found._repr_html_()
        every = explainer(rows, target="all")
        assert (every.values[:, noise] == 0).all()
        assert found[:3].residual.shape == (3, 12)


def test_labelled_rows(trained):
    net, X, y, informative = trained
    gate = AGOPExplainer(net).fit(X[2000:], y[2000:]).gate_
    assert gate.labelled
    assert gate.mask[informative].all()
    assert gate.mask.sum() <= len(informative) + 1
    assert not AGOPExplainer(net).fit(X[2000:], np.full(1000, "other")).gate_.labelled


def test_published_methods_take_a_mask_only(trained):
    net, X, _, _ = trained
    assert AGOPExplainer(net, method="agop-ixg").fit(X).gate_ is None
    mask = np.arange(12) > 0
    assert (AGOPExplainer(net, method="agop-ixg", gate=mask).fit(X).explain(X[:9])[:, 0] == 0).all()
    assert (AGOPExplainer(net, method="agop-global", gate=mask).fit(X).explain(X[:9])[:, 0] == 0).all()
    with pytest.raises(ValueError, match="needs the effects"):
        AGOPExplainer(net, method="ixg", gate=True).fit(X)


@pytest.mark.parametrize("gate", ["on", np.ones(3, dtype=bool), np.ones(12), [0, 1]])
def test_what_is_no_gate(trained, gate):
    net, X, _, _ = trained
    with pytest.raises(ValueError, match="gate="):
        AGOPExplainer(net, gate=gate).fit(X)


def test_overfitted_nets_are_warned_of():
    X, y, _ = make_linear(150, n_features=20, n_informative=3, random_state=0)
    net = MLPClassifier((128, 64), random_state=0, max_iter=500, learning_rate_init=5e-3).fit(X, y)
    with pytest.warns(UserWarning, match="probably overfitted"):
        AGOPExplainer(net).fit(X)


def test_a_gate_is_saved(trained, tmp_path):
    net, X, _, _ = trained
    for gate in (True, np.arange(12) > 2):
        explainer = AGOPExplainer(net, gate=gate).fit(X)
        explainer.save(tmp_path / "gated.agop")
        again = AGOPExplainer.load(tmp_path / "gated.agop", net)
        np.testing.assert_array_equal(again.gate_.mask, explainer.gate_.mask)
        np.testing.assert_array_equal(again.explain(X[:20]), explainer.explain(X[:20]))


def test_the_gate_may_be_changed_after_the_fit(trained):
    net, X, _, _ = trained
    explainer = AGOPExplainer(net).fit(X)
    plain = explainer.explain(X[:20])
    noise = ~explainer.gate_.mask
    for gate in (None, False, np.False_):
        np.testing.assert_array_equal(explainer.set_params(gate=gate).explain(X[:20]), plain)
    assert (explainer.set_params(gate=True).explain(X[:20])[:, noise] == 0).all()
    assert (explainer.set_params(gate=np.zeros(12, dtype=bool)).explain(X[:20]) == 0).all()
    with pytest.raises(ValueError, match="12 booleans"):
        explainer.set_params(gate=[True]).explain(X[:20])
    with pytest.raises(ValueError, match="fit it again"):
        AGOPExplainer(net, gate=None).fit(X).set_params(gate=True).explain(X[:20])


def test_a_refused_gate_or_label_changes_nothing(trained):
    net, X, y, _ = trained
    explainer = AGOPExplainer(net, gate=[True])
    with pytest.raises(ValueError, match="12 booleans"):
        explainer.fit(X)
    assert not hasattr(explainer, "n_samples_seen_")
    explainer.set_params(gate="auto").partial_fit(X[:500])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        explainer.partial_fit(X[500:900], y[:7])
    assert explainer.n_samples_seen_ == 500
    assert not AGOPExplainer(net).fit(X[:300], np.c_[y[:300], y[:300]]).gate_.labelled
