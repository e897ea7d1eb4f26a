"""What gate= may be, and for which methods."""

import numpy as np
import pytest

from agop_tabular import AGOPExplainer


def test_published_methods_take_a_mask_only(trained):
    net, X, _, _ = trained
    assert AGOPExplainer(net, method="agop-ixg").fit(X).gate_ is None
    mask = np.arange(12) > 0
    assert (AGOPExplainer(net, method="agop-ixg", gate=mask).fit(X).explain(X[:9])[:, 0] == 0).all()
    assert (AGOPExplainer(net, method="agop-global", gate=mask).fit(X).explain(X[:9])[:, 0] == 0).all()
    with pytest.raises(ValueError, match="needs the effects"):
        AGOPExplainer(net, method="ixg", gate=True).fit(X)


@pytest.mark.parametrize("gate", ["on", np.ones(3, dtype=bool), np.ones(12), [0, 1]])
def test_values_that_are_no_gate(trained, gate):
    net, X, _, _ = trained
    with pytest.raises(ValueError, match="gate="):
        AGOPExplainer(net, gate=gate).fit(X)


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
