"""What a gate takes away is reported: columns, predictions and variance."""

import numpy as np

from agop_tabular import AGOPExplainer


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


def test_what_a_gate_takes_away_is_reported(trained):
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


def test_a_gate_is_saved(trained, tmp_path):
    net, X, _, _ = trained
    for gate in (True, np.arange(12) > 2):
        explainer = AGOPExplainer(net, gate=gate).fit(X)
        explainer.save(tmp_path / "gated.agop")
        again = AGOPExplainer.load(tmp_path / "gated.agop", net)
        np.testing.assert_array_equal(again.gate_.mask, explainer.gate_.mask)
        np.testing.assert_array_equal(again.explain(X[:20]), explainer.explain(X[:20]))
