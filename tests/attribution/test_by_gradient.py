"""The methods by gradient against slow, obvious computations and against captum."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression
from support.model_scores import in_contrast
from support.nets import ARCHITECTURES, make_architecture
from torch import nn

from agop_tabular import AGOPExplainer

try:
    import captum.attr
    from captum.testing.helpers import basic_models
except ModuleNotFoundError:  # as in `make test-lowest`
    captum = None

needs_captum = pytest.mark.skipif(captum is None, reason="captum is not installed")

METHODS = ("agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")


def slow(method, X, jacobian, target, *, rank=2, standardize=True, contrast=False):
    """The formula of the design, one row at a time."""
    if contrast:
        jacobian = in_contrast(jacobian)
    x0, scale = X.mean(0), X.std(0) if standardize else np.ones(X.shape[1])
    M = sum(np.outer(scale * g, scale * g) for row in jacobian for g in row) / len(X)
    w, V = np.linalg.eigh(M)
    w, V = w[::-1], V[:, ::-1]
    out = []
    for x, J, t in zip(X, jacobian, target, strict=True):
        z = (x - x0) / scale
        g = scale * J[t]
        out.append(
            {
                "agop-ixg": z * (V[:, :rank] @ np.diag(w[:rank]) @ V[:, :rank].T / w[0] @ g),
                "agop-weighted": np.abs(np.sqrt(np.diag(M) / np.diag(M).max()) * g),
                "agop-local": np.abs(g),
                "agop-global": np.diag(M),
                "ixg": (x - x0) * J[t],
            }[method]
        )
    return np.array(out)


@pytest.mark.parametrize("contrast", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_its_formula(setting, method, standardize, contrast):
    module, X, jacobian, target = setting
    rank = {} if method == "agop-global" else {"rank": 2}
    explainer = AGOPExplainer(module, method=method, standardize=standardize, contrast=contrast, **rank).fit(X)
    expected = slow(method, X, jacobian, target, standardize=standardize, contrast=contrast)
    np.testing.assert_allclose(explainer.explain(X), expected, rtol=1e-8, atol=1e-10)
    every = explainer.explain(X, target="all")
    for c in range(3):
        expected = slow(method, X, jacobian, np.full(len(X), c), standardize=standardize, contrast=contrast)
        np.testing.assert_allclose(explainer.explain(X, target=c), expected, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(every[:, :, c], expected, rtol=1e-8, atol=1e-10)


def test_support_is_the_share_of_energy_in_the_subspace(setting):
    module, X, jacobian, target = setting
    explainer = AGOPExplainer(module, method="agop-ixg", rank=2).fit(X)
    g = jacobian[np.arange(len(X)), target] * X.std(0)
    expected = ((g @ explainer.components_.T) ** 2).sum(1) / (g**2).sum(1)
    np.testing.assert_allclose(explainer(X).support, expected, rtol=1e-7)


def test_partial_fit_of_halves_equals_fit(setting):
    module, X, _, _ = setting
    whole = AGOPExplainer(module, method="agop-ixg").fit(X)
    parts = AGOPExplainer(module, method="agop-ixg").partial_fit(X[:70]).partial_fit(X[70:])
    assert parts.n_samples_seen_ == 200
    np.testing.assert_allclose(parts.agop_, whole.agop_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts.explain(X), whole.explain(X), rtol=1e-7, atol=1e-10)


class TestLinearModels:
    """M of a linear model is Σ w wᵀ, in closed form."""

    def test_regression(self, X):
        X = X.astype("float64")
        model = LinearRegression().fit(X, X @ [1, -2, 0, 0.5, 3, 0] + 4)
        w = model.coef_ * X.std(0)
        explainer = AGOPExplainer(model, method="agop-ixg").fit(X)
        np.testing.assert_allclose(explainer.agop_, np.outer(w, w), rtol=1e-7, atol=1e-9)
        assert explainer.rank_ == 1
        # rank one: M g / λ₁ = w, so that AGOP-IxG is Input×Gradient and adds up
        np.testing.assert_allclose(explainer.explain(X), (X - X.mean(0)) * model.coef_, rtol=1e-6, atol=1e-8)
        explanation = explainer(X)
        np.testing.assert_allclose(explanation.values.sum(1) + explanation.base_values, model.predict(X), rtol=1e-6)
        np.testing.assert_allclose(explanation.support, 1)

    def test_classification(self, X):
        X = X.astype("float64")
        y = np.digitize(X[:, 0] + X[:, 2], [0, 2])
        model = LogisticRegression(max_iter=2000).fit(X, y)
        W = model.coef_ * X.std(0)
        explainer = AGOPExplainer(model, method="agop-ixg", rank=6).fit(X)
        np.testing.assert_allclose(explainer.agop_, W.T @ W, rtol=1e-7, atol=1e-9)
        top = np.linalg.eigvalsh(W.T @ W)[-1]
        z = (X - X.mean(0)) / X.std(0)
        for c in model.classes_:
            expected = z * (W.T @ W @ W[c] / top)
            np.testing.assert_allclose(explainer.explain(X, target=c), expected, rtol=1e-6, atol=1e-9)

    def test_one_logit_is_two_scores(self, X):
        X = X.astype("float64")
        model = LogisticRegression(max_iter=2000).fit(X, np.where(X[:, 0] > 1, "yes", "no"))
        explainer = AGOPExplainer(model).fit(X)
        w = model.coef_[0] * X.std(0)
        np.testing.assert_allclose(explainer.agop_, 2 * np.outer(w, w), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(explainer.explain(X, target="yes"), -explainer.explain(X, target="no"), rtol=1e-9)
        np.testing.assert_array_equal(explainer(X).target, model.predict(X))


@needs_captum
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_ixg_from_zero_equals_captum(name, X):
    module = make_architecture(name).eval()
    x = torch.tensor(X, dtype=next(module.parameters()).dtype)
    explainer = AGOPExplainer(module, method="ixg", baseline="zero").fit(X)
    scores = module(x[:1].repeat(2, 1))
    scores = scores[0] if isinstance(scores, tuple) else scores
    if scores.ndim == 1:
        targets = {"predicted": None}
    else:
        targets = {c: c for c in range(scores.shape[1])}
    reference = captum.attr.InputXGradient(lambda x: _first(module(x.clone())))
    for ours, theirs in targets.items():
        expected = reference.attribute(x.clone().requires_grad_(), target=theirs).detach().numpy()
        np.testing.assert_allclose(explainer.explain(X, target=ours), expected, rtol=1e-4, atol=1e-5)


def _first(out):
    return out[0] if isinstance(out, tuple) else out


CAPTUM = {
    "BasicModel": (lambda: basic_models.BasicModel(), (3,)),
    "MixedKwargsAndArgsModule": (lambda: basic_models.MixedKwargsAndArgsModule(), (3,)),
    "BasicLinearReLULinear": (lambda: basic_models.BasicLinearReLULinear(4), (4,)),
    "BasicLinearModel2": (lambda: basic_models.BasicLinearModel2(4, 2), (4,)),
    "BasicLinearModel_Multilayer": (lambda: basic_models.BasicLinearModel_Multilayer(4, 5, 2), (4,)),
    "LinearMaxPoolLinearModel": (lambda: basic_models.LinearMaxPoolLinearModel(), (4,)),
    "BasicModelWithReusedModules": (lambda: basic_models.BasicModelWithReusedModules(), (3,)),
    "BasicModelWithReusedLinear": (lambda: basic_models.BasicModelWithReusedLinear(), (3,)),
    "BasicModel_MaxPool_ReLU": (lambda: basic_models.BasicModel_MaxPool_ReLU(), (1, 6)),
    "BasicModel_MaxPool_ReLU in place": (lambda: basic_models.BasicModel_MaxPool_ReLU(inplace=True), (1, 6)),
    "SimpleLRPModel": (lambda: basic_models.SimpleLRPModel(inplace=False), (3,)),
    "SimpleLRPModel in place": (lambda: basic_models.SimpleLRPModel(inplace=True), (3,)),
    "BasicModel_MultiLayer": (lambda: basic_models.BasicModel_MultiLayer(), (3,)),
    "BasicModel_MultiLayer in place": (lambda: basic_models.BasicModel_MultiLayer(inplace=True), (3,)),
    "BasicModel_ConvNet_One_Conv": (lambda: basic_models.BasicModel_ConvNet_One_Conv(), (1, 4, 4)),
    "BasicModel_ConvNet_One_Conv in place": (lambda: basic_models.BasicModel_ConvNet_One_Conv(inplace=True), (1, 4, 4)),
    "BasicModel_ConvNet": (lambda: basic_models.BasicModel_ConvNet(), (1, 10, 10)),
    "BasicModel_ConvNet_MaxPool1d": (lambda: basic_models.BasicModel_ConvNet_MaxPool1d(), (1, 10)),
    "BasicModel_ConvNet_MaxPool3d": (lambda: basic_models.BasicModel_ConvNet_MaxPool3d(), (1, 10, 10, 10)),
    "ReLUDeepLiftModel of two inputs": (
        lambda: _Split(basic_models.ReLUDeepLiftModel(), 2),
        (2,),
    ),
    "TanhDeepLiftModel of two inputs": (lambda: _Split(basic_models.TanhDeepLiftModel(), 2), (2,)),
    "BasicLinearModel of two inputs": (lambda: _SplitAt(basic_models.BasicLinearModel(), 3), (7,)),
    "ReLULinearModel of two inputs": (lambda: _SplitAt(basic_models.ReLULinearModel(), 3), (6,)),
    "BasicModel_ConvNetWithPaddingDilation": (
        lambda: nn.Sequential(basic_models.BasicModel_ConvNetWithPaddingDilation(), nn.Flatten()),
        (1, 5, 5),
    ),
}

CONV1D = (lambda: nn.Sequential(basic_models.Conv1dSeqModel(), nn.Flatten()), (4, 1000))
"""4,000 coordinates, whose spectrum takes some seconds."""


class _Split(nn.Module):
    def __init__(self, module, n):
        super().__init__()
        self.module, self.n = module, n

    def forward(self, x):
        return self.module(*(x[:, i] for i in range(self.n)))


class _SplitAt(nn.Module):
    def __init__(self, module, at):
        super().__init__()
        self.module, self.at = module, at

    def forward(self, x):
        return self.module(x[:, : self.at], x[:, self.at :])


@needs_captum
@pytest.mark.filterwarnings("ignore:The gradient of every score is zero")
@pytest.mark.parametrize("name", [*CAPTUM, pytest.param("Conv1dSeqModel", marks=pytest.mark.slow)])
def test_captums_own_models(name):
    torch.manual_seed(0)
    build, shape = CAPTUM.get(name, CONV1D)
    module = build().eval()
    if len(shape) > 1:
        module = nn.Sequential(nn.Unflatten(1, shape), module)
    X = torch.randn(8, int(np.prod(shape)))
    scores = module(X.clone())
    reference = captum.attr.InputXGradient(module)
    explainer = AGOPExplainer(module, method="ixg", baseline="zero").fit(X.numpy())
    many = scores.ndim == 2 and scores.shape[1] > 1
    for c in range(scores.shape[1]) if many else ["predicted"]:
        theirs = c if many else (0 if scores.ndim == 2 else None)
        expected = reference.attribute(X.clone().requires_grad_(), target=theirs).detach().numpy()
        np.testing.assert_allclose(explainer.explain(X.numpy(), target=c), expected, rtol=1e-4, atol=1e-6)
