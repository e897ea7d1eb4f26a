"""Saved explainers: whole or not at all, and checked when they are read."""

import copy
import json
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, safe_open, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.nets import MLP
from support.preprocessing import PREPROCESSING

from agop_tabular import AGOPExplainer
from agop_tabular.persistence import explainer_file

METHODS = ("agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.agop"


@pytest.mark.parametrize("method", METHODS)
def test_round_trip(net, X, path, method):
    rank = {} if method in ("agop", "agop-global") else {"rank": 2}
    explainer = AGOPExplainer(net, method=method, contrast=True, batch_size=33, **rank).fit(X)
    explainer.save(path)
    loaded = AGOPExplainer.load(path, estimator=net)
    assert loaded.get_params(deep=False) == explainer.get_params(deep=False)
    np.testing.assert_array_equal(loaded.explain(X), explainer.explain(X))
    np.testing.assert_array_equal(loaded.agop_, explainer.agop_)
    np.testing.assert_array_equal(loaded.classes_, explainer.classes_)
    assert loaded.classes_.dtype == explainer.classes_.dtype
    ours, theirs = loaded(X), explainer(X)
    np.testing.assert_array_equal(ours.target, theirs.target)
    if method == "agop":
        with pytest.raises(ValueError, match="earlier training rows"):
            loaded.partial_fit(X[:50])
    else:
        loaded.partial_fit(X[:50])
        assert loaded.n_samples_seen_ == 250


def test_parameters_set_after_fit_are_not_saved(net, X, path):
    explainer = AGOPExplainer(net).fit(X)
    expected = explainer.set_params(method="agop-local", rank=1).explain(X)
    explainer.save(path)
    np.testing.assert_array_equal(AGOPExplainer.load(path, net).explain(X), expected)


@pytest.mark.parametrize("labels_as", ["text", "int", "bool", "object"])
def test_pipeline_with_a_baseline_row(frame, labels, path, labels_as):
    y = {"text": np.array(["no", "yes"]), "int": np.array([3, 7]), "bool": np.array([False, True])}
    y["object"] = y["text"].astype(object)
    model = make_pipeline(PREPROCESSING["sparse one-hot"](), LogisticRegression(max_iter=500))
    model.fit(frame, y[labels_as][labels])
    explainer = AGOPExplainer(model, method="agop-ixg", baseline=frame.iloc[[2]]).fit(frame)
    explainer.save(str(path))
    loaded = AGOPExplainer.load(str(path), estimator=model)
    pd.testing.assert_frame_equal(loaded.explain(frame), explainer.explain(frame))
    np.testing.assert_array_equal(loaded.baseline_, explainer.baseline_)
    np.testing.assert_array_equal(loaded.classes_, model.classes_)
    np.testing.assert_array_equal(loaded(frame).target, explainer(frame).target)


def test_without_an_estimator_only_the_global_method_explains(net, X, path):
    AGOPExplainer(net, method="agop-global").fit(X).save(path)
    loaded = AGOPExplainer.load(path)
    np.testing.assert_array_equal(loaded.explain(X), AGOPExplainer(net, method="agop-global").fit(X).explain(X))
    assert loaded.explain(X, target="all").shape == (200, 6, 3)
    assert loaded(X).base_values is None
    AGOPExplainer(net).fit(X).save(path)
    loaded = AGOPExplainer.load(path)
    assert loaded.feature_importances_.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="loaded without its estimator"):
        loaded.explain(X)
    loaded.save(path)  # and goes on being whole
    np.testing.assert_array_equal(AGOPExplainer.load(path, net).explain(X), AGOPExplainer(net).fit(X).explain(X))


@pytest.mark.parametrize("other", [MLP(5, 3), MLP(6, 2)], ids=["width", "classes"])
def test_another_shape_is_refused(net, X, path, other):
    AGOPExplainer(net).fit(X).save(path)
    with pytest.raises(ValueError, match="estimator"):
        AGOPExplainer.load(path, estimator=other)


def test_truncated_at_every_place(net, X, path):
    AGOPExplainer(net).fit(X).save(path)
    whole = path.read_bytes()
    for size in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="truncated or not an explainer file"):
            AGOPExplainer.load(path, estimator=net)


def test_altered(net, X, path):
    AGOPExplainer(net).fit(X).save(path)
    whole = path.read_bytes()
    for place in (len(whole) - 3, len(whole) // 2, len(whole) - len(whole) // 4):
        altered = bytearray(whole)
        altered[place] ^= 1
        path.write_bytes(bytes(altered))
        with pytest.raises(ValueError, match=r"altered|truncated"):
            AGOPExplainer.load(path, estimator=net)


def rewrite(path, change):
    with safe_open(path, framework="pt") as file:
        header = dict(file.metadata())
    tensors = load_file(path)
    state = json.loads(header[explainer_file.HEADER])
    change(state, tensors)
    header[explainer_file.HEADER] = json.dumps(state)
    save_file(tensors, path, metadata=header)


def test_metadata_altered(net, X, path):
    AGOPExplainer(net).fit(X).save(path)
    rewrite(path, lambda state, _: state["params"].update(rank=1))
    with pytest.raises(ValueError, match="altered"):
        AGOPExplainer.load(path, estimator=net)


def test_dtype_or_shape_altered(net, X, path):
    """They are under the checksum, and the tensors' bytes are as they were."""
    AGOPExplainer(net).fit(X).save(path)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    for before, after in ((b'"dtype":"F64"', b'"dtype":"I64"'), (b'"shape":[6]', b'"shape":[ 6]')):
        header = whole[8 : 8 + length]
        assert before in header
        longer = header.replace(before, after)
        path.write_bytes(len(longer).to_bytes(8, "little") + longer + whole[8 + length :])
        if after == b'"shape":[ 6]':  # the same shape
            AGOPExplainer.load(path, net)
            continue
        with pytest.raises(ValueError, match="altered"):
            AGOPExplainer.load(path, net)
    path.write_bytes(whole)
    rewrite(path, lambda _, tensors: tensors.update(probe_scores=tensors["probe_scores"].reshape(3, 8)))
    with pytest.raises(ValueError, match="altered"):
        AGOPExplainer.load(path, net)


def test_newer_format(net, X, path):
    AGOPExplainer(net).fit(X).save(path)
    rewrite(path, lambda state, _: state.update(format=explainer_file.FORMAT + 1))
    with pytest.raises(
        ValueError,
        match=f"format version {explainer_file.FORMAT + 1}; this agop_tabular reads up to {explainer_file.FORMAT}",
    ):
        AGOPExplainer.load(path, estimator=net)


def test_some_other_file(path):
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"not written by AGOPExplainer\.save"):
        AGOPExplainer.load(path)
    with pytest.raises(FileNotFoundError):
        AGOPExplainer.load(path.with_name("none.agop"))


@pytest.mark.parametrize("method", METHODS)
def test_pickle_and_joblib(net, X, tmp_path, method):
    explainer = AGOPExplainer(net, method=method).fit(X)
    expected = explainer.explain(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(explainer)).explain(X), expected)
    joblib.dump(explainer, tmp_path / "e.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "e.joblib").explain(X), expected)
    np.testing.assert_array_equal(copy.deepcopy(explainer).explain(X), expected)
