"""TrajectoryCallback: training is as without it, and what is seen is kept."""

import pickle

import pytest
import torch
from skorch.callbacks import EarlyStopping, InputShapeSetter
from torch import nn
from torch.testing import assert_close

from agop_tabular.training_guided import TrainingGuidedExplainer, TrajectoryCallback
from agop_tabular.training_guided.trajectory import state_of


@pytest.fixture
def data(table):
    return table[0].astype("float32"), table[1]


def make_wide(n_in):
    return nn.Sequential(nn.Linear(n_in, 8), nn.ReLU(), nn.Linear(8, 3))


def same(module, other):
    return all(
        torch.equal(a, b) for a, b in zip(module.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("options", [{}, {"every": 2}, {"budget": 3}, {"precision": "half"}, {"folder": True}])
def test_training_is_not_disturbed_by_a_bit(make_net, data, options, tmp_path):
    options = {k: tmp_path if k == "folder" else v for k, v in options.items()}
    watched = make_net(TrajectoryCallback(**options)).fit(*data)
    after = torch.rand(3)
    alone = make_net(EarlyStopping(patience=99, sink=lambda _: None)).fit(*data)
    assert same(watched.module_, alone.module_)
    assert watched.history[:, "valid_loss"] == alone.history[:, "valid_loss"]
    assert torch.equal(after, torch.rand(3)), "the random state is the same"


def test_epochs_and_batches(make_net, data, callback_of):
    by_epoch = callback_of(make_net().fit(*data)).trajectory_
    assert (by_epoch.unit, by_epoch.steps) == ("epoch", [0, 1, 2, 3, 4])
    by_batch = callback_of(make_net(TrajectoryCallback(every=2)).fit(*data)).trajectory_
    assert by_batch.unit == "batch"
    assert by_batch.steps == [*list(range(0, 19, 2)), 20], "72 training rows are 5 batches, 4 epochs 20"
    first, last = by_batch.checkpoints[0].state(), by_batch.checkpoints[-1].state()
    for name in first:
        assert torch.equal(first[name], by_epoch.checkpoints[0].state()[name])
        assert torch.equal(last[name], by_epoch.checkpoints[-1].state()[name])


def test_the_last_checkpoint_is_the_network(make_net, data, callback_of):
    net = make_net().fit(*data)
    callback = callback_of(net)
    for name, t in state_of(net.module_).items():
        assert torch.equal(callback.trajectory_.checkpoints[-1].state()[name], t)
    assert callback.nbytes_ == 5 * sum(p.nbytes for p in net.module_.parameters())
    assert callback.seconds_ > 0
    assert callback.share_ > 0


def test_where_the_best_epoch_is_restored_the_trajectory_ends_there(make_net, data, callback_of):
    stopping = EarlyStopping(
        monitor="train_loss", lower_is_better=False, patience=3, load_best=True, sink=lambda _: None
    )
    net = make_net(stopping, TrajectoryCallback()).fit(*data)
    assert callback_of(net).trajectory_.steps == [0, 1], "the first epoch has the largest loss"
    assert TrainingGuidedExplainer(net).fit(data[0]).explain(data[0]).shape == (90, 5)


def test_a_module_that_another_callback_makes_wider_is_recorded(make_net, data, callback_of):
    """The start is kept when training begins, whatever the order of the callbacks."""
    net = make_net(TrajectoryCallback(), InputShapeSetter(param_name="n_in"))
    net.set_params(module=make_wide, module__n_in=3).fit(*data)
    assert callback_of(net).trajectory_.checkpoints[0].state()["0.weight"].shape == (8, 5)
    assert TrainingGuidedExplainer(net).fit(data[0]).explain(data[0]).shape == (90, 5)


def test_a_training_without_an_epoch(make_net, data):
    net = make_net(epochs=0).fit(*data)
    with pytest.raises(ValueError, match="the start of the training only"):
        TrainingGuidedExplainer(net).fit(data[0])


def test_a_new_fit_begins_anew_and_partial_fit_goes_on(make_net, data, callback_of):
    net = make_net().fit(*data)
    net.fit(*data)
    assert callback_of(net).trajectory_.steps == [0, 1, 2, 3, 4]
    net.partial_fit(*data)
    trajectory = callback_of(net).trajectory_
    assert trajectory.steps == list(range(9))
    assert not trajectory.resumed
    assert TrainingGuidedExplainer(net).fit(data[0]).explain(data[0]).shape == (90, 5)


def test_a_training_whose_start_nobody_saw_is_refused(make_net, data):
    net = make_net(EarlyStopping(patience=99, sink=lambda _: None)).fit(*data)
    net.set_params(callbacks=[TrajectoryCallback()]).initialize_callbacks()
    net.partial_fit(*data)
    with pytest.raises(ValueError, match="went on with a network trained before"):
        TrainingGuidedExplainer(net).fit(data[0])


def test_weights_changed_between_two_trainings_begin_another_one(make_net, data, callback_of):
    net = make_net().fit(*data)
    with torch.no_grad():
        net.module_[0].weight.mul_(2)
    net.partial_fit(*data)
    assert callback_of(net).trajectory_.resumed


def test_an_interrupted_training_has_no_trajectory(make_net, data, callback_of):
    class Interrupts(TrajectoryCallback):
        def on_epoch_end(self, net, **_):
            raise RuntimeError("no such luck")

    net = make_net(Interrupts())
    with pytest.raises(RuntimeError, match="no such luck"):
        net.fit(*data)
    with pytest.raises(ValueError, match="saw no training to its end"):
        TrainingGuidedExplainer(net, prefit=True).fit(data[0])


def test_a_pickled_net_is_explained_alike(make_net, data):
    net = make_net().fit(*data)
    again = pickle.loads(pickle.dumps(net))
    ours, theirs = (TrainingGuidedExplainer(n).fit(data[0]).explain(data[0]) for n in (net, again))
    assert_close(torch.from_numpy(ours), torch.from_numpy(theirs), rtol=0, atol=0)


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"every": "batch"}, {"every": True}, {"budget": 1}, {"precision": 16}]
)
def test_bad_parameters_are_refused_before_training(make_net, data, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        make_net(TrajectoryCallback(**options)).fit(*data)


def test_printed_with_its_parameters():
    assert (
        repr(TrajectoryCallback(every=3)) == "TrajectoryCallback(every=3, budget=None, precision='full', folder=None)"
    )
