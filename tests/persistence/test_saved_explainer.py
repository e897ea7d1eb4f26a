"""What is saved of an explainer: its parameters as they are and as they were, labels, devices, adapters."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support import hostile_files
from support.embedding_nets import Embedded
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer
from agop_tabular.persistence import SavedExplainer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.agop"


def params_of(explainer):
    return explainer.get_params(deep=False)


def test_parameters_are_those_at_save(net, X, path):
    """What acts when rows are explained, and what does not until a new fit."""
    explainer = AGOPExplainer(net, method="agop-ixg").fit(X)
    explainer.set_params(batch_size=7, verbose=1, random_state=3, max_samples=50, rank=2, standardize=False)
    explainer.save(path)
    loaded = AGOPExplainer.load(path, net)
    assert params_of(loaded) == params_of(explainer)
    assert loaded.fitted_params_ == explainer.fitted_params_
    assert loaded.rank_ == explainer.rank_
    np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))
    loaded.save(path)
    assert params_of(AGOPExplainer.load(path, net)) == params_of(explainer)


def test_another_method_after_fit(net, X, path):
    explainer = AGOPExplainer(net, method="agop-local").fit(X).set_params(method="agop-weighted")
    explainer.save(path)
    loaded = AGOPExplainer.load(path, net)
    assert loaded.method == "agop-weighted"
    np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))


def test_what_could_not_be_read_again_is_not_written(net, X, path):
    explainer = AGOPExplainer(net).fit(X).set_params(method="none")
    with pytest.raises(ValueError, match="cannot be saved: method='none' is not one of"):
        explainer.save(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "row",
    [
        [1e-12, -3e-13, 0.1, 1 / 3, 1e300, 2.0],
        np.array([1e-12, -3e-13, 0.1, 1 / 3, 1e-300, 2.0]),
        np.float32([1e-12, -3e-13, 0.1, 1 / 3, 1e-30, 2.0]),
        torch.tensor([1e-12, -3e-13, 0.1, 1 / 3, 1e-30, 2.0]),
        np.array([[1, 2, 3, 4, 5, 6]]),
    ],
    ids=["list", "float64", "float32", "tensor", "int"],
)
def test_a_baseline_is_not_rounded(net, X, path, row):
    explainer = AGOPExplainer(net, method="agop-ixg", baseline=X[3]).fit(X).set_params(baseline=row)
    explainer.save(path)
    again = AGOPExplainer.load(path, net)
    expected = np.asarray(row).reshape(-1)
    np.testing.assert_array_equal(np.asarray(again.baseline), expected)
    np.testing.assert_array_equal(again.baseline_, explainer.baseline_)
    np.testing.assert_array_equal(again.fitted_params_["baseline"], X[3])


@pytest.mark.parametrize("form", [lambda row: row, lambda row: row.iloc[0], lambda row: row.iloc[0].to_dict()])
def test_a_baseline_of_columns_is_not_rounded(form, path):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)) * 1e-12, columns=list("abc"))
    X["when"] = pd.date_range("2024-01-01", periods=80)
    X["kind"] = pd.Categorical(np.array(["x", "y"])[np.arange(80) % 2])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[["a", "b", "c"]], np.arange(80) % 2)
    explainer = AGOPExplainer(model, method="agop-ixg", baseline=form(X[["a", "b", "c"]].iloc[[2]]))
    explainer.fit(X[["a", "b", "c"]]).save(path)
    again = AGOPExplainer.load(path, model)
    assert again.baseline[["a", "b", "c"]].iloc[0].tolist() == X[["a", "b", "c"]].iloc[2].tolist()
    refitted = again.fit(X[["a", "b", "c"]])
    np.testing.assert_array_equal(refitted.baseline_, explainer.baseline_)
    explainer.set_params(baseline=form(X.iloc[[2]]))
    with pytest.raises(ValueError, match="baseline is a row of other columns"):
        explainer.save(path)


def with_labels(labels, X):
    """A module of three classes with these labels."""
    torch.manual_seed(0)
    module = nn.Linear(X.shape[1], 3)
    module.classes_ = labels
    return module


LABELS = {
    "days": np.array(["2024-01-01", "2024-02-29", "2025-01-01"], dtype="datetime64[D]"),
    "nanoseconds": np.array(["2024-01-01", "2024-02-29", "NaT"], dtype="datetime64[ns]"),
    "hours": np.array([1, 2, 3], dtype="timedelta64[h]"),
    "dates": np.array([datetime.date(2024, 1, day) for day in (1, 2, 3)], dtype=object),
    "datetimes": np.array([datetime.datetime(2024, 1, day, 1, 2, 3, 4) for day in (1, 2, 3)], dtype=object),
    "timestamps": np.array(list(pd.date_range("2024-01-01", periods=3, tz="UTC")), dtype=object),
    "periods": np.array(list(pd.period_range("2024-01", periods=3, freq="M")), dtype=object),
    "numpy": np.array([np.int64(3), np.float32(0.1), np.bool_(True)], dtype=object),
    "mixed": np.array(["a", 1, None], dtype=object),
    "floats": np.float32([0.1, 0.2, 0.3]),
    "wide text": np.array(["a", "b", "c"], dtype="<U20"),
    "very wide text": np.array(["a", "b", "c"], dtype="<U5000"),
    "unsigned": np.array([0, 1, 2**64 - 1], dtype="u8"),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_come_back(labels, X, path):
    module = with_labels(labels, X)
    AGOPExplainer(module, method="agop-local").fit(X).save(path)
    saved = AGOPExplainer.load(path, module)
    assert [type(label) for label in saved.classes_.tolist()] == [type(label) for label in labels.tolist()]
    np.testing.assert_array_equal(saved.classes_, labels)
    if labels.dtype != "<U5000":
        assert saved.classes_.dtype == labels.dtype


@pytest.mark.parametrize(
    "labels",
    [np.array([b"a", b"b", b"c"]), np.array([(1, 2), (1, 3), (1, 4), None], dtype=object)[:3], np.array([1, 2, 3j])],
    ids=["bytes", "tuples", "complex"],
)
def test_labels_that_would_not_come_back_are_refused(labels, X, path):
    explainer = AGOPExplainer(with_labels(labels, X), method="agop-local").fit(X)
    with pytest.raises(ValueError, match="This explainer cannot be saved: The (label|classes)"):
        explainer.save(path)
    assert list(path.parent.iterdir()) == []


def test_a_device_that_is_not_here(net, X, path):
    """The one that was set when it was saved falls back; one that is asked for is refused."""
    explainer = AGOPExplainer(net, method="agop-local").fit(X)
    explainer.save(path)
    state, tensors = hostile_files.read(path)
    for device in ("cuda:77", "xla", "meta", "nonsense"):
        for params in (state["params"], state["fitted"]):
            params["device"] = device
        hostile_files.write(path, state, tensors)
        loaded = AGOPExplainer.load(path, net)
        assert loaded.device is None
        np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))
        assert AGOPExplainer.load(path).device is None
        with pytest.raises(ValueError, match="device='meta' cannot be used"):
            AGOPExplainer.load(path, net, device="meta")
    with pytest.raises(ValueError, match="device='cuda:77' cannot be used"):
        AGOPExplainer.load(path, net, "cuda:77")
    loaded = AGOPExplainer.load(path, net, device=torch.device("cpu"))
    assert loaded.device == torch.device("cpu")
    loaded.save(path)
    assert AGOPExplainer.load(path, net).device == "cpu"


def test_embeddings_survive_a_load_without_the_estimator(path, tmp_path):
    torch.manual_seed(0)
    module = Embedded()
    module.classes_ = [0, 1, 2]
    X = np.random.default_rng(0).normal(size=(100, 5)).astype("float32")
    X[:, 1], X[:, 4] = np.arange(100) % 5, np.arange(100) % 7
    explainer = AGOPExplainer(module, method="agop-ixg").fit(X)
    explainer.save(path)
    AGOPExplainer.load(path).save(tmp_path / "again.agop")
    np.testing.assert_array_equal(AGOPExplainer.load(tmp_path / "again.agop", module).explain(X), explainer.explain(X))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_networks_of_half_precision(X, path, dtype):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)
    explainer = AGOPExplainer(module, method="agop-ixg", moment="factored").fit(X)
    explainer.save(path)
    np.testing.assert_array_equal(AGOPExplainer.load(path, module).explain(X), explainer.explain(X))


@pytest.mark.parametrize("batch_size", ["auto", 5])
def test_images_keep_their_parameters(path, batch_size):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    module.classes_ = [0, 1]
    X = np.random.default_rng(0).normal(size=(20, 1, 4, 4)).astype("float32")
    explainer = AGOPImageExplainer(module, method="agop-local", batch_size=batch_size, random_state=3).fit(X)
    explainer.set_params(method="agop-weighted", verbose=1)
    explainer.save(path)
    loaded = AGOPImageExplainer.load(path, module, device="cpu")
    assert params_of(loaded) == params_of(explainer) | {"device": "cpu"}
    np.testing.assert_allclose(loaded.explain(X), explainer.explain(X))
    with pytest.raises(ValueError, match="device='meta' cannot be used"):
        AGOPImageExplainer.load(path, module, device="meta")


def test_what_is_saved(net, X):
    saved = SavedExplainer.of(AGOPExplainer(net, method="agop-local").fit(X))
    header, tensors = saved.to_file()
    again = SavedExplainer.from_file(header, tensors)
    assert again.fitted == saved.fitted
    assert again.network.fingerprint == saved.network.fingerprint
    np.testing.assert_array_equal(again.fit().attributes()["scale_"], saved.fit().attributes()["scale_"])
