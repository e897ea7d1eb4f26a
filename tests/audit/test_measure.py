"""An audit of known networks: its figures are those of brute force, and bounds cover fresh rows."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from support.functions import Function, brute_force
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.audit.plan import MOST_EVALUATIONS


def score(x):
    return torch.tanh(x[:, 0]) + x[:, 1] * x[:, 2] * torch.sign(x[:, 0]) + 0.3 * x[:, 3].abs() * x[:, 1]


def table(n, seed):
    X = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    X[:, 1] = 0.6 * X[:, 0] + 0.8 * X[:, 1]
    return X


TRAIN, HELD_OUT, FRESH = table(400, 0), table(1000, 1), table(900, 2)


@pytest.fixture
def explainer():
    return AGOPExplainer(Function(score), gate=None).fit(TRAIN)


@pytest.fixture(scope="module")
def truth():
    return brute_force(score, FRESH, TRAIN)


def test_figures_are_those_of_brute_force(explainer, truth):
    audit = explainer.audit(HELD_OUT, n_rows=200)
    found = explainer.explain(FRESH)
    own = brute_force(score, HELD_OUT[audit.rows.index], TRAIN)
    audited = explainer.explain(HELD_OUT[audit.rows.index])
    exact = np.linalg.norm(audited - own) / np.linalg.norm(own)
    assert audit.relative_error == pytest.approx(exact, rel=0.1)
    low, high = audit.intervals["relative_error"]
    assert low < exact < high
    assert low / 1.1 < np.linalg.norm(found - truth) / np.linalg.norm(truth) < 1.1 * high
    errors = np.sqrt(np.square(audited - own).mean(axis=0))
    np.testing.assert_allclose(audit.columns["error"].sort_index(), errors, rtol=0.35)  # x0, x1, x2, x3
    assert audit.columns["error"].is_monotonic_decreasing
    assert audit.columns["share"].sum() == pytest.approx(1)
    assert audit.noise_share < 1
    assert audit.n_evaluations <= MOST_EVALUATIONS
    assert audit is explainer.audit_
    assert len(audit) == 200


def test_bounds_cover_fresh_rows(explainer, truth):
    assert explainer(FRESH).error is None
    found = explainer(FRESH)
    errors = np.linalg.norm(found.values - truth, axis=1) / np.linalg.norm(truth, axis=1)
    covered = []
    for seed in range(10):
        explainer.audit(HELD_OUT, random_state=seed)
        covered.append((errors <= explainer(FRESH).error).mean())
    assert 0.85 < np.mean(covered) < 0.95
    wide = explainer.audit(HELD_OUT, coverage=0.5) and explainer(FRESH).error
    assert 0.35 < (errors <= wide).mean() < 0.65
    np.testing.assert_array_equal(explainer(FRESH)[5:9].error, explainer(FRESH).error[5:9])


def classes(n_classes):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, n_classes))
    for part in (net[0], net[2]):
        nn.init.normal_(part.weight, std=1.0)
    net.classes_ = np.array([f"class {c}" for c in range(n_classes)])
    return net


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes(n_classes):
    explainer = AGOPExplainer(classes(n_classes)).fit(TRAIN)
    audit = explainer.audit(HELD_OUT)
    assert set(audit.rows["target"]) <= set(explainer.classes_)
    predicted, every = explainer(FRESH), explainer(FRESH, "all")
    assert predicted.error.shape == (900,)
    assert every.error.shape == (900, n_classes)
    one = explainer(FRESH, explainer.classes_[1])
    np.testing.assert_array_equal(one.error, every.error[:, 1])
    labels = explainer.classes_[np.arange(900) % n_classes]
    np.testing.assert_array_equal(
        explainer(FRESH, labels).error, every.error[np.arange(900), np.arange(900) % n_classes]
    )
    if n_classes == 2:  # the same function but for its sign
        np.testing.assert_allclose(every.error[:, 0], every.error[:, 1], rtol=1e-4)
    assert explainer(FRESH, reference=FRESH[:1]).error is None, "of another question"


def test_several_outputs():
    net = classes(3)
    net.classes_ = None
    explainer = AGOPExplainer(net).fit(TRAIN)
    audit = explainer.audit(HELD_OUT)
    assert list(audit.rows) == ["cosine", "relative_error", "bound"]
    assert explainer(FRESH, "all").error.shape == (900, 3)
    assert explainer(FRESH, 1).error.shape == (900,)


def test_what_was_audited_is_what_error_is_of(explainer):
    explainer.audit(HELD_OUT)
    assert explainer(FRESH).error is not None
    assert explainer.set_params(refine=2)(FRESH).error is None
    refined = explainer.audit(HELD_OUT)
    assert explainer(FRESH).error is not None
    assert explainer.set_params(gate=np.array([True, True, True, False]), refine=0)(FRESH).error is None
    gated = explainer.audit(HELD_OUT)
    assert gated.relative_error > refined.relative_error + 0.03, "a gate takes away what the network does"
    assert gated.columns.index[0] == "x3"
    explainer.fit(TRAIN)
    assert not hasattr(explainer, "audit_")
    assert explainer.set_params(gate=None)(FRESH).error is None


def test_partial_fit_needs_another_audit(explainer):
    explainer.audit(HELD_OUT)
    explainer.partial_fit(FRESH)
    assert explainer(FRESH).error is None


def test_it_is_the_same_every_time_and_leaves_the_random_state(explainer):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    a, b = explainer.audit(HELD_OUT), explainer.audit(HELD_OUT)
    assert torch.equal(state, torch.get_rng_state())
    pd.testing.assert_frame_equal(a.rows, b.rows)
    other = explainer.audit(HELD_OUT, random_state=1)
    assert not a.rows.index.equals(other.rows.index)


def test_frames_keep_their_labels_and_names():
    names = ["age", "income", "debt", "rate"]
    frame = pd.DataFrame(HELD_OUT, columns=names, index=[f"customer {i}" for i in range(1000)])
    explainer = AGOPExplainer(Function(score)).fit(pd.DataFrame(TRAIN, columns=names))
    audit = explainer.audit(frame, n_rows=20)
    assert set(audit.to_frame().index) <= set(frame.index)
    assert set(audit.columns.index) == set(names)
    with pytest.raises(ValueError, match="feature names"):
        explainer.audit(frame.rename(columns={"age": "years"}))


def test_refusals(explainer):
    with pytest.raises(ValueError, match="needs at least 9 rows, but there are 3"):
        explainer.audit(HELD_OUT[:3])
    with pytest.raises(ValueError, match="NaN"):
        explainer.audit(np.full((20, 4), np.nan, dtype=np.float32))
    published = AGOPExplainer(Function(score), method="ixg").fit(TRAIN)
    with pytest.raises(ValueError, match='fit with method="agop"'):
        published.audit(HELD_OUT)
    assert not hasattr(explainer, "audit_")


def test_saved_and_loaded(explainer, tmp_path):
    audit = explainer.audit(HELD_OUT)
    explainer.save(tmp_path / "file")
    loaded = AGOPExplainer.load(tmp_path / "file", explainer.estimator_)
    assert json.dumps(loaded.audit_.to_dict()) == json.dumps(audit.to_dict())
    np.testing.assert_array_equal(loaded(FRESH).error, explainer(FRESH).error)
    np.testing.assert_array_equal(loaded.feature_importance_intervals_, explainer.feature_importance_intervals_)
    with pytest.raises(ValueError, match="audit before saving"):
        loaded.audit(HELD_OUT)


def test_one_column():
    explainer = AGOPExplainer(Function(lambda x: torch.sin(x[:, 0]))).fit(TRAIN[:, :1])
    audit = explainer.audit(HELD_OUT[:, :1])
    assert audit.relative_error < 1e-3
    assert audit.cosine > 0.99
