"""How far the explanations can be trusted, in words."""

from dataclasses import replace

import numpy as np
import pytest

from agop_tabular import AGOPExplainer
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.report.trust import audit_section, audit_sentence, audited, gate_section, limits
from agop_tabular.results.about import About


@pytest.fixture
def own(explainer, table):
    return AGOPExplainer(explainer.estimator_).fit(table[0][:400])


def test_an_audit_is_made_once(own, table):
    audit, why = audited(own, table[0][400:])
    assert audit is own.audit_
    assert why == ""
    assert audited(own, table[0][:5])[0] is audit
    facts = dict(audit_section(audit, why).blocks[1].pairs)
    low, high = audit.intervals["relative_error"]
    assert facts["error"].startswith(f"{audit.relative_error:.1%} (95% interval {low:.1%} to {high:.1%})")
    assert f"{audit.n_evaluations:,} evaluations" in facts["measured on"]
    assert "second" not in facts["measured on"], "the same bytes on another machine"
    assert f"{audit.relative_error:.1%}" in audit_sentence(audit)
    worst = audit.columns.iloc[0]
    assert audit_section(audit, why).blocks[2].rows[0][:2] == [worst.name, f"{worst['share']:.0%}"]


def test_noise_is_said(own, table):
    audit = replace(audited(own, table[0][400:])[0], noise_share=3.0)
    assert "uncertain" in dict(audit_section(audit, "").blocks[1].pairs)["caution"]


def test_why_there_is_none(own, table):
    audit, why = audited(own, table[0][:5])
    assert audit is None
    assert "needs at least 9 rows" in audit_section(audit, why).blocks[0].text
    assert "not measured" in audit_sentence(None)
    local = AGOPExplainer(own.estimator_, method="agop-local").fit(table[0])
    assert "Shapley" in audited(local, table[0])[1]


def test_the_gate():
    mask = np.array([True, False, False])
    gate = Gate(mask, 0.1, 2.0, 12.0, 0.05, 0.01, False, ("a", "b", "c"))
    section = gate_section(gate)
    assert section.blocks[0].text.endswith("2 of 3 columns are used like noise.")
    assert dict(section.blocks[1].pairs)["columns"] == "b, c"
    assert gate_section(None) is None


def test_limits(own, table):
    X = table[0]
    text = " ".join(limits(own, own(X[:50]), None, 600))
    for said in ("Nobody has measured", "50 of the 600 rows", "what causes what", "vary by themselves", "holds cells"):
        assert said in text
    audit, _ = audited(own, X)
    explanation = own(X)
    text = " ".join(limits(own, explanation, audit, 600))
    assert "90% of rows" in text
    assert "rows are listed" not in text
    low = replace(explanation, support=np.full(600, 0.2), residual=explanation.values)
    student = About("Forest", "student", {"r2": 0.9, "rows": 80})
    text = " ".join(limits(own, replace(low, about=student), audit, 600))
    for said in ("At 600 of the 600 rows", "gate masks", "explains 90.0% of the variance"):
        assert said in text
    local = AGOPExplainer(own.estimator_, method="agop-local").fit(X)
    assert "no sign" in " ".join(limits(local, local(X), None, 600))
    rank = AGOPExplainer(own.estimator_, method="agop-ixg").fit(X)
    assert "do not add up" in " ".join(limits(rank, rank(X), None, 600))
