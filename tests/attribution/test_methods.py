"""The methods by name, and methods that are added from outside of the package."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from agop_tabular import AGOPExplainer
from agop_tabular.attribution.by_effects import EffectsMethod
from agop_tabular.attribution.by_gradient import GradientMethod
from agop_tabular.attribution.constant import ConstantMethod
from agop_tabular.attribution.method import Method
from agop_tabular.attribution.methods import METHODS, method_named, register
from agop_tabular.attribution.moment_summary import MomentSummary
from agop_tabular.attribution.row_by_row import BatchAttributions, RowByRow
from agop_tabular.core import Filter


def test_the_methods_are_of_three_kinds():
    kinds = {name: type(method) for name, method in METHODS.items()}
    assert kinds == {
        "agop": EffectsMethod,
        "agop-ixg": GradientMethod,
        "agop-weighted": GradientMethod,
        "agop-local": GradientMethod,
        "agop-global": ConstantMethod,
        "ixg": GradientMethod,
    }


def test_only_the_default_gathers_effects():
    assert [name for name, method in METHODS.items() if method.gathers_effects] == ["agop"]


def test_only_the_constant_method_needs_no_network():
    assert [name for name, method in METHODS.items() if not method.needs_network] == ["agop-global"]


@pytest.mark.parametrize("name", ["agop-ixt", None, 3])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"is not one of 'agop', 'agop-ixg'"):
        method_named(name)


@pytest.fixture
def registered():
    """Registers methods, and takes them out again afterwards."""
    known = dict(METHODS)
    yield register
    METHODS.clear()
    METHODS.update(known)


def test_a_gradient_method_from_outside_is_an_entry(registered, module, X):
    """The gradient filtered by diag M, times the distance from the baseline: against the same by hand."""
    registered(
        GradientMethod(
            "diagonal",
            needs_all_of_m=False,
            times_input=True,
            make_filter=lambda summary: Filter.scaling(summary.diagonal),
        )
    )
    explainer = AGOPExplainer(module, method="diagonal").fit(X)
    x = torch.from_numpy(X).requires_grad_()
    (gradient,) = torch.autograd.grad(module(x)[:, 1].sum(), x)
    by_hand = (X - explainer.baseline_) * explainer.agop_diagonal_ * gradient.numpy()
    np.testing.assert_allclose(explainer.explain(X, target=1), by_hand, rtol=2e-4, atol=1e-5)


@dataclass(frozen=True)
class Occlusion(Method):
    """What a score loses where one coordinate after the other is set to the baseline."""

    needs_all_of_m: bool = False

    def fit(self, feature_map, statistics, settings):
        summary = MomentSummary.of(feature_map, statistics.gradients, statistics.coordinates, **vars(settings))
        return FittedOcclusion(self, feature_map, summary)


class FittedOcclusion(RowByRow):
    has_support = False

    def base_scores(self, model):
        return None

    def prepared(self, model, run):
        baseline = self.summary.baseline.float()

        def attribute_batch(batch):
            with torch.no_grad():
                s = model.scores(batch.x)
                losses = []
                for j in range(batch.x.shape[1]):
                    without = batch.x.clone()
                    without[:, j] = baseline[j]
                    losses.append(s - model.scores(without))
                losses = torch.stack(losses, dim=1)  # (b, p, C)
                if batch.choose is None:
                    return BatchAttributions(losses)
                index = batch.choose(s)
                return BatchAttributions(losses[torch.arange(len(s)), :, index], index)

        return attribute_batch


def test_a_method_of_another_kind_from_outside_is_a_subclass(registered, module, X):
    registered(Occlusion("occlusion"))
    explainer = AGOPExplainer(module, method="occlusion", batch_size=7).fit(X)
    with torch.no_grad():
        s = module(torch.from_numpy(X)).numpy()
        without = X.copy()
        without[:, 2] = explainer.baseline_[2]
        lost = s - module(torch.from_numpy(without)).numpy()
    np.testing.assert_allclose(explainer.explain(X, target="all")[:, 2], lost, rtol=1e-4, atol=1e-5)
    predicted = explainer.explain(X)
    np.testing.assert_allclose(predicted[:, 2], lost[np.arange(len(X)), s.argmax(axis=1)], rtol=1e-4, atol=1e-5)
    assert explainer(X).method == "occlusion"
