"""The record of a network in a file: its fingerprint, and its scores at a few rows."""

import copy
import warnings

import pytest
import torch

from agop_tabular.adapters import adapt
from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.persistence.network_record import NetworkRecord, probe_coordinates


@pytest.fixture
def coordinates(X):
    moment = CoordinateMoment(6)
    moment.update(torch.from_numpy(X))
    return moment


def connected(module, X):
    return ExplainedModel.connect(adapt(module), X)


def test_rows_about_the_training_mean(coordinates):
    rows = probe_coordinates(coordinates)
    assert rows.shape == (8, 6)
    torch.testing.assert_close(rows.mean(dim=0), coordinates.mean)
    torch.testing.assert_close(rows[-1] - rows[0], 2 * coordinates.scale())


def test_another_network_is_warned_of(module, X, coordinates):
    """By its fingerprint, where a weight differs too little to show in the scores, and by its scores."""
    record = NetworkRecord.of(connected(module, X), coordinates)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record.warn_of_another(connected(copy.deepcopy(module), X), coordinates)
    near, far = copy.deepcopy(module), copy.deepcopy(module)
    with torch.no_grad():
        near[-1].bias += 1e-6
        far[-1].bias += 1
    for other in (near, far):
        with pytest.warns(UserWarning, match="are not those that the saved explainer was fitted on"):
            record.warn_of_another(connected(other, X), coordinates)


def test_the_same_weights_with_other_scores_are_warned_of(module, X, coordinates):
    """As where a network is called in another way than it was."""
    record = NetworkRecord.of(connected(module, X), coordinates)
    other = NetworkRecord(record.fingerprint, record.probe_scores + 1)
    with pytest.warns(UserWarning, match="are not those that the saved explainer was fitted on"):
        other.warn_of_another(connected(module, X), coordinates)
