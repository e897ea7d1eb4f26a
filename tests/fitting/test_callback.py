"""AGOPCallback: its statistics are those of a pass over the rows, and training is not changed by it."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import Callback, EarlyStopping
from torch import nn

from agop_tabular import AGOPCallback, AGOPExplainer
from agop_tabular.image import AGOPImageExplainer


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.randn(300, 6).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(np.int64)


def make_net(*callbacks, module=None, **params):
    torch.manual_seed(0)
    if module is None:
        module = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))
    settings = {"max_epochs": 4, "lr": 0.1, "criterion": nn.CrossEntropyLoss, "iterator_train__shuffle": True}
    return NeuralNetClassifier(module, callbacks=list(callbacks), verbose=0, **settings | params)


def callback_of(net):
    return next(c for _, c in net.callbacks_ if isinstance(c, AGOPCallback))


def rows_of(net, X, y):
    return X[net.get_split_datasets(X, y)[0].indices]


@pytest.mark.parametrize("accumulate", ["last", "every", "average"])
@pytest.mark.parametrize("max_samples", [None, 50])
def test_training_is_not_disturbed_by_a_bit(data, accumulate, max_samples):
    X, y = data
    watched = make_net(AGOPCallback(accumulate=accumulate, max_samples=max_samples)).fit(X, y)
    alone = make_net().fit(X, y)
    for ours, theirs in zip(watched.module_.state_dict().values(), alone.module_.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert watched.history[:, "valid_loss"] == alone.history[:, "valid_loss"]


def test_last_is_the_same_as_a_pass_over_the_rows(data):
    X, y = data
    net = make_net(AGOPCallback()).fit(X, y)
    passed = AGOPExplainer(net, method="agop-ixg").fit(rows_of(net, X, y))
    taken = AGOPExplainer.from_callback(callback_of(net), net)
    assert_allclose(taken.agop_, passed.agop_, rtol=1e-5, atol=1e-5 * passed.agop_.max())
    assert_allclose(taken.scale_, passed.scale_, rtol=1e-6)
    assert_allclose(taken.baseline_, passed.baseline_, atol=1e-6)
    assert_allclose(taken.explain(X), passed.explain(X), rtol=1e-4, atol=1e-6)
    assert taken.n_samples_seen_ == 240
    assert_allclose(taken(X).support, passed(X).support, rtol=1e-4)


def test_every_and_average_are_means_of_the_snapshots(data):
    X, y = data
    net = make_net(AGOPCallback(accumulate="every", snapshots=True)).fit(X, y)
    callback = callback_of(net)
    assert list(callback.snapshots_) == [1, 2, 3, 4]
    assert_allclose(callback.diagonal_, np.mean(list(callback.snapshots_.values()), axis=0))
    net = make_net(AGOPCallback(accumulate="average", decay=0.7, snapshots=True)).fit(X, y)
    expected = None
    for snapshot in callback_of(net).snapshots_.values():
        expected = snapshot if expected is None else 0.7 * expected + 0.3 * snapshot
    assert_allclose(callback_of(net).diagonal_, expected)


def test_snapshots_are_of_the_network_at_that_epoch(data):
    X, y = data
    full = make_net(AGOPCallback(accumulate="every", every=2, snapshots=True)).fit(X, y)
    half = make_net(AGOPCallback(), max_epochs=2).fit(X, y)
    assert list(callback_of(full).snapshots_) == [2, 4]
    assert_allclose(callback_of(full).snapshots_[2], callback_of(half).diagonal_)


def test_max_samples_and_seeds(data):
    X, y = data
    found = [
        callback_of(make_net(AGOPCallback(max_samples=40, random_state=seed)).fit(X, y)) for seed in (None, None, 1)
    ]
    assert found[0].gathered().n == 40
    assert_array_equal(found[0].diagonal_, found[1].diagonal_)
    assert not np.array_equal(found[0].diagonal_, found[2].diagonal_)


def test_cost_is_stated(data):
    X, y = data
    callback = callback_of(make_net(AGOPCallback(accumulate="every")).fit(X, y))
    assert callback.seconds_ > 0
    assert 0 < callback.share_ < 100


def test_fewer_epochs_than_every(data):
    X, y = data
    net = make_net(AGOPCallback(accumulate="every", every=10)).fit(X, y)
    assert_allclose(callback_of(net).diagonal_, callback_of(make_net(AGOPCallback()).fit(X, y)).diagonal_)


def test_restored_weights(data):
    """The callback belongs behind one that restores weights; in front of it there is a warning."""
    X, y = data
    best = EarlyStopping(patience=50, load_best=True, sink=lambda _: None)

    class Spoil(Callback):
        def on_epoch_end(self, net, **_):
            if len(net.history) > 1:
                net.history.record("valid_loss", 1e3)

    behind = make_net(("best", clone(best)), ("agop", AGOPCallback())).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AGOPExplainer.from_callback(callback_of(behind), behind)
    before = make_net(("agop", AGOPCallback()), ("spoil", Spoil()), ("best", clone(best))).fit(X, y)
    with pytest.warns(UserWarning, match="not those that the callback saw"):
        AGOPExplainer.from_callback(callback_of(before), before)


def test_behind_a_pipeline(data):
    X, y = data
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"]).assign(c=np.where(X[:, 2] > 0, "x", "y"))
    from sklearn.compose import make_column_transformer

    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"]))
    torch.manual_seed(0)
    net = make_net(AGOPCallback(), module=nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), train_split=None)
    model = make_pipeline(columns, FunctionTransformer(np.float32, feature_names_out="one-to-one"), net)
    model.fit(frame, y)
    callback = callback_of(model[-1])
    taken = AGOPExplainer.from_callback(callback, model, frame[:100])
    passed = AGOPExplainer(model, method="agop-ixg").fit(frame)
    pd.testing.assert_frame_equal(taken.explain(frame), passed.explain(frame), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="give X=, some rows"):
        AGOPExplainer.from_callback(callback, model)


def test_the_net_is_found_and_global_needs_none(data):
    X, y = data
    net = make_net(AGOPCallback()).fit(X, y)
    callback = callback_of(net)
    assert AGOPExplainer.from_callback(callback).estimator_ is net
    alone = pickle.loads(pickle.dumps(callback))
    assert alone.net_ is None
    taken = AGOPExplainer.from_callback(alone, method="agop-global")
    passed = AGOPExplainer(net, method="agop-global").fit(rows_of(net, X, y))
    assert_allclose(taken.explain(X), passed.explain(X), rtol=1e-5)
    with pytest.raises(ValueError, match="without its estimator"):
        AGOPExplainer.from_callback(alone).explain(X)


def test_saved_and_served_from_disk(data, tmp_path):
    X, y = data
    net = make_net(AGOPCallback()).fit(X, y)
    taken = AGOPExplainer.from_callback(callback_of(net), method="agop-global")
    taken.save(tmp_path / "global.agop")
    assert_array_equal(AGOPExplainer.load(tmp_path / "global.agop").explain(X), taken.explain(X))


def test_images_and_a_regressor():
    rng = np.random.RandomState(0)
    images = rng.randn(100, 2, 8, 8).astype(np.float32)
    labels = (images[:, 0, 0, 0] > 0).astype(np.int64)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 2))
    net = make_net(AGOPCallback(moment="diagonal"), module=module, train_split=None).fit(images, labels)
    callback = callback_of(net)
    assert callback.input_shape_ == (2, 8, 8)
    taken = AGOPImageExplainer.from_callback(callback)
    assert_allclose(taken.explain(images), AGOPImageExplainer(net).fit(images).explain(images), rtol=1e-4, atol=1e-7)
    with pytest.raises(ValueError, match='AGOPCallback\\(moment="dense"\\)'):
        AGOPImageExplainer.from_callback(callback, method="agop-ixg")
    with pytest.raises(ValueError, match="one by one"):
        AGOPImageExplainer.from_callback(callback, method="agop-adaptive")
    X, y = rng.randn(100, 3).astype(np.float32), rng.randn(100, 1).astype(np.float32)
    net = NeuralNetRegressor(nn.Linear(3, 1), callbacks=[AGOPCallback()], max_epochs=2, verbose=0).fit(X, y)
    assert AGOPExplainer.from_callback(callback_of(net), net).explain(X).shape == (100, 3)
    with pytest.raises(ValueError, match="which are no images"):
        AGOPImageExplainer.from_callback(callback_of(net), net)


def test_refusals(data):
    X, y = data
    for params, message in (
        ({"accumulate": "first"}, "accumulate='first'"),
        ({"every": 0}, "every=0"),
        ({"max_samples": 0}, "max_samples=0"),
        ({"decay": 1}, "decay=1"),
        ({"moment": "full"}, "moment='full'"),
    ):
        with pytest.raises(ValueError, match=message):
            make_net(AGOPCallback(**params)).fit(X, y)
    with pytest.raises(ValueError, match="has gathered nothing"):
        AGOPExplainer.from_callback(AGOPCallback(), nn.Linear(3, 2))
    net = make_net(AGOPCallback()).fit(X, y)
    with pytest.raises(ValueError, match='method="agop" gathers effects'):
        AGOPExplainer.from_callback(callback_of(net), net, method="agop")
    with pytest.raises(ValueError, match="2 scores at 6 coordinates"):
        AGOPExplainer.from_callback(callback_of(net), nn.Linear(6, 5))


def test_copies_and_pickles(data):
    X, y = data
    net = make_net(AGOPCallback()).fit(X, y)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_array_equal(callback_of(twin).diagonal_, callback_of(net).diagonal_)
        assert AGOPExplainer.from_callback(callback_of(twin), twin).explain(X).shape == X.shape
    again = clone(net).fit(X, y)
    assert callback_of(again).gathered().n == 240
