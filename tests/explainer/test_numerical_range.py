"""Units, large means, half precision: numbers far from one."""

import numpy as np
import pytest
import torch
from support.functions import Function
from support.nets import MLP
from support.quick import quick
from torch import nn

from agop_tabular import AGOPExplainer


class TestUnits:
    def scaled(self, X, s):
        module = MLP(6, 3)
        rows = X.copy()
        rows[:, 0] *= s
        with torch.no_grad():
            module[0].weight[:, 0] /= s
        return module, rows

    @pytest.mark.parametrize("s", [1e-12, 1e12])
    def test_wide_range_is_fine(self, X, s):
        torch.manual_seed(0)
        expected = AGOPExplainer(MLP(6, 3)).fit(X).explain(X)
        torch.manual_seed(0)
        module, rows = self.scaled(X, s)
        np.testing.assert_allclose(AGOPExplainer(module).fit(rows).explain(rows), expected, rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("s", [1e22, 1e-22])
    def test_gradients_that_cannot_be_squared(self, X, s):
        module, rows = self.scaled(X, s)
        with pytest.raises(ValueError, match=r"too small to be squared|too large"):
            AGOPExplainer(module).fit(rows)

    def test_a_column_that_weight_decay_took_out_is_not_refused(self, X):
        module = MLP(6, 3)
        with torch.no_grad():
            module[0].weight[:, 2] = 1e-25
        explainer = AGOPExplainer(module).fit(X)
        assert explainer.feature_importances_[2] < 1e-40
        assert np.abs(explainer.explain(X)[:, 2]).max() < 1e-10


@pytest.mark.parametrize("offset", [0, 100, 10_000])
def test_batch_size_makes_no_difference_with_a_large_mean(offset, rng):
    X = (rng.standard_normal((2000, 4)) + np.array([offset, 0, 0, 0])).astype("float32")
    module = MLP(4, 3)
    with torch.no_grad():
        module[0].bias -= offset * module[0].weight[:, 0]
    small, large = (AGOPExplainer(module, batch_size=b).fit(rows).explain(X) for b, rows in ((7, X[::-1]), (2000, X)))
    np.testing.assert_allclose(small, large, rtol=1e-4, atol=1e-5 * np.abs(large).max())
    exact = X.astype("float64").mean(0)
    np.testing.assert_allclose(AGOPExplainer(module).fit(X).baseline_, exact, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype, X):
    torch.manual_seed(0)
    module = MLP(6, 3)
    expected = AGOPExplainer(module).fit(X).explain(X, target=0)
    out = AGOPExplainer(module.to(dtype)).fit(X).explain(X, target=0)
    np.testing.assert_allclose(out, expected, atol=0.1 * np.abs(expected).max())


def test_a_constant_network_of_many_columns_is_recognised_quickly(rng):
    module = MLP(300, 3)
    with torch.no_grad():
        module[-1].weight.zero_()
    with pytest.warns(UserWarning, match="gradient of every score is zero"):
        quick(5, lambda: AGOPExplainer(module).fit(rng.standard_normal((500, 300))))


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_flags_of_a_score_far_from_zero(offset):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal(500), rng.random(500) < 0.4, rng.random(500) < 0.3])
    module = nn.Linear(3, 1, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
        module.bias.fill_(offset)
    found = AGOPExplainer(module).fit(X).explain(X)
    assert relative_error(found, (X - X.mean(axis=0)) * [1, 2, 3]) < 1e-3


def test_where_nothing_moves_a_score_its_attributions_are_zero():
    X = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    X[:, 2] = 1.0
    module = nn.Linear(3, 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0, 0.0, 50.0], [1.0, 2.0, 0.0]]))
    explainer = AGOPExplainer(module, contrast=False).fit(X)
    rows = X[:5].copy()
    rows[:, 2] = 3.0
    np.testing.assert_allclose(explainer.explain(rows, 0), [[0, 0, 100]] * 5, rtol=1e-5)
    rows[:, 2] = 1.0
    assert not explainer.explain(rows, 0).any()
    assert np.isfinite(explainer.explain(rows, 1)).all()


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("params", [{}, {"refine": 4}, {"method": "agop-ixg"}], ids=str)
def test_the_default_dtype_changes_no_bit(dtype, params):
    X = np.random.default_rng(0).standard_normal((400, 5), dtype=np.float32)
    X[:, 3] = X[:, 3] > 0
    net = MLP(5)
    net.classes_ = [0, 1]
    usual = AGOPExplainer(net, **params).fit(X).explain(X[:20])
    torch.set_default_dtype(dtype)
    try:
        found = AGOPExplainer(net, **params).fit(X).explain(X[:20])
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, usual)


@pytest.mark.parametrize("method", ["agop-ixg", "agop-weighted", "ixg"])
@pytest.mark.parametrize("scale", [1e10, 1e25, 1e30])
def test_attributions_beyond_the_dtype_of_the_rows_are_refused(method, scale):
    """A network in double precision squares what float32 still holds."""
    net = Function(lambda x: (x.double() ** 2).sum(dim=1)).double()
    X = (scale * np.random.default_rng(0).standard_normal((50, 2))).astype("float32")
    if scale > 1e20:
        with pytest.raises(ValueError, match=r"not finite on shuffled rows.* beyond float32"):
            AGOPExplainer(net).fit(X)
    explainer = AGOPExplainer(net, method=method).fit(X)
    wide = explainer.explain(X.astype("float64"))
    assert np.isfinite(wide).all()
    if np.abs(wide).max() < np.finfo("float32").max:
        assert np.isfinite(explainer.explain(X)).all()
        return
    with pytest.raises(ValueError, match=r"too large for float32, the dtype of X.* as float64"):
        explainer.explain(X)


@pytest.mark.filterwarnings("ignore:Every coordinate is constant")
@pytest.mark.parametrize("n", [1, 3])
def test_a_constant_table_attributes_nothing_however_large_scores_are(n):
    net = Function(lambda x: (x**2).sum(dim=1)).double()
    X = np.full((n, 2), 1e30)
    explainer = AGOPExplainer(net).fit(X)
    assert (explainer.explain(np.vstack((X, 3 * X))) == 0).all()


def test_scores_that_do_not_move_leave_nothing_and_can_be_saved(tmp_path):
    """Of a saturated network the tables hold less than rounding, and so does what they leave."""

    class Saturated(nn.Module):
        def forward(self, x):
            return torch.stack((0.36 + 1e-12 * torch.tanh(x[:, 0]) * x[:, 1], 0.1 + 0 * x[:, 0]), dim=1)

    X = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
    explainer = AGOPExplainer(Saturated()).fit(X)
    assert (explainer.effects_.unexplained.fillna(0) < 0.5).all()
    explainer.save(tmp_path / "still.agop")
