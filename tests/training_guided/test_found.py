"""Where a recorded training is found."""

import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular.training_guided.found import find_trajectory


@pytest.fixture
def net(make_net, table):
    return make_net().fit(table[0].astype("float32"), table[1])


def test_in_a_net_and_in_what_wraps_it(net, callback_of):
    trajectory = callback_of(net).trajectory_
    assert find_trajectory(net) is trajectory
    assert find_trajectory(make_pipeline(StandardScaler(), net)) is trajectory
    assert find_trajectory(make_pipeline(StandardScaler(), FrozenEstimator(net))) is trajectory
    wrapped = TransformedTargetRegressor(net)
    wrapped.regressor_ = net
    assert find_trajectory(wrapped) is trajectory


def test_what_is_given_comes_first(net, run, callback_of):
    assert find_trajectory(net, run.trajectory) is run.trajectory
    assert find_trajectory(run.module, callback_of(net)) is callback_of(net).trajectory_


def test_none():
    with pytest.raises(ValueError, match="no TrajectoryCallback in LogisticRegression kept it"):
        find_trajectory(LogisticRegression())


def test_what_is_no_training(net):
    with pytest.raises(TypeError, match=r"trajectory= takes .* not list"):
        find_trajectory(net, [1, 2])


def test_a_callback_that_saw_nothing(make_net):
    net = make_net().initialize()
    with pytest.raises(ValueError, match="saw no training to its end"):
        find_trajectory(net)
