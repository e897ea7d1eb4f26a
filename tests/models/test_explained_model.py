"""A network as it is explained: columns traced, scores in contrast, gradients, and what is kept without it."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from support.model_scores import in_contrast
from support.nets import MLP

from agop_tabular.adapters import adapt
from agop_tabular.models.explained_model import ExplainedModel, probe_rows


@pytest.fixture
def model(module, X):
    return ExplainedModel.connect(adapt(module.eval()), X, first_layer=True)


def test_connect(model, module, X):
    assert model.score_names == ("0", "1", "2")
    assert model.n_scores == 3
    assert not model.contrast
    assert model.feature_map.is_identity
    assert model.layer is not None
    torch.testing.assert_close(model.probe, torch.from_numpy(X))
    torch.testing.assert_close(model.scores(torch.from_numpy(X)), module(torch.from_numpy(X)).detach())


def test_contrast(module, X):
    x = torch.from_numpy(X)
    for wanted in (True, None):  # None: because there are several classes
        found = ExplainedModel.connect(adapt(module.eval()), X, contrast=wanted).scores(x)
        expected = module(x).detach()
        torch.testing.assert_close(found, in_contrast(expected))
    regressor = adapt(LinearRegression().fit(X, X[:, 0]))
    assert not ExplainedModel.connect(regressor, X, contrast=None).contrast
    with pytest.raises(ValueError, match="at least two scores"):
        ExplainedModel.connect(adapt(MLP(6, 1)), X, contrast=True)


def test_names_of_outputs(X):
    for y, names in ((X[:, 0], ("output",)), (X[:, :2], ("output 0", "output 1"))):
        model = ExplainedModel.connect(adapt(LinearRegression().fit(X, y)), X)
        assert model.score_names == names
        assert model.classes is None


@pytest.mark.parametrize("size", [1, 7, 200, "auto"])
def test_batches_are_all_rows_in_order(model, X, size):
    batches = list(model.batches(X, size))
    assert [rows.start for rows, _ in batches] == list(range(0, 200, 200 if size == "auto" else size))
    torch.testing.assert_close(torch.cat([x for _, x in batches]), torch.from_numpy(X))


def test_coordinates_that_are_not_finite_are_refused(model, X):
    rows = X.copy()
    rows[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"infinity .* 'x2' \(first at row 3\)"):
        model.coordinates(rows)


def test_gradients_are_those_of_the_scores(model, module, X):
    x = torch.from_numpy(X[:5])
    jacobian = torch.stack([torch.autograd.functional.jacobian(lambda r: module(r[None])[0], row) for row in x])
    torch.testing.assert_close(torch.stack(list(model.gradients(x)), dim=1), jacobian)


def test_scores_of_one_row_leave_the_mode_of_the_network(module, X):
    model = ExplainedModel.connect(adapt(module), X)
    module.train()
    expected = module(torch.from_numpy(X[:1])).detach().double().numpy()[0]
    np.testing.assert_allclose(model.scores_at(torch.from_numpy(X[0]).double()), expected, rtol=1e-6)
    assert module.training


def test_without_its_network(model, X):
    assert model.for_workers().probe is None
    alone = ExplainedModel(None, model.feature_map, False, model.score_names, model.classes)
    assert alone.n_scores == 3
    with pytest.raises(ValueError, match="loaded without its estimator"):
        list(alone.batches(X, "auto"))


def test_rows_that_a_network_is_tried_on():
    assert probe_rows(10, 3).tolist() == list(range(10))
    assert len(probe_rows(10_000, 3)) == 256
    assert len(probe_rows(10_000, 2**15)) == 32, "fewer of a wide table"
    assert len(probe_rows(10_000, 2**24)) == 8
