"""What the parameters of AGOPExplainer may be."""

import numpy as np
import pytest
import torch
from support.nets import MLP

from agop_tabular import AGOPExplainer


class TestFitting:
    @pytest.mark.parametrize(
        "params",
        [
            {"method": "shap"},
            {"rank": 7},
            {"rank": 0.0},
            {"baseline": "median"},
            {"baseline": [1, 2]},
            {"contrast": "yes"},
            {"batch_size": 0},
            {"batch_size": None},
            {"max_samples": 0},
            {"prefit": "no"},
        ],
        ids=str,
    )
    def test_parameters(self, net, X, params):
        with pytest.raises(ValueError):
            AGOPExplainer(net, **params).fit(X)

    def test_contrast_of_one_output(self, X):
        with pytest.raises(ValueError, match="at least two scores"):
            AGOPExplainer(MLP(6, 1), contrast=True).fit(X)


@pytest.mark.parametrize("yes", [np.True_, True])
def test_flags_of_numpy(net, X, yes):
    assert AGOPExplainer(net, contrast=yes).fit(X).model_.contrast
    with pytest.raises(ValueError, match="contrast=1"):
        AGOPExplainer(net, contrast=1).fit(X)
    y = (np.arange(200) % 3).astype("int64")
    assert AGOPExplainer(net, prefit=np.False_).fit(X, y).estimator_ is not net


WHOLE = [True, 0, -1, 1.5, "x", np.nan, np.inf, [3], np.array([3, 4]), np.float64(3)]
WRONG = {
    "method": ["shap", None, 1, True, ["agop"], {}],
    "rank": [True, 0, -1, 1.5, np.nan, np.inf, "x", None, [1], np.array([1, 2]), 2.0],
    "standardize": ["yes", None, 1, 0, np.nan, [True], np.array([True, False])],
    "baseline": [3, None, np.nan, True, "median", np.zeros((2, 6)), np.zeros((1, 1, 6)), np.zeros(6, complex)],
    "contrast": ["x", None, 1, np.array(["auto", "auto"]), [True], np.nan],
    "prefit": ["x", None, 1, 0, np.array(["auto", "auto"])],
    "gate": ["x", 3, 1.5, [True], np.nan, {"a": True}, np.ones(6)],
    "refine": [True, -1, 10**9, 1.5, "x", None, np.nan, [1], np.array([1, 2])],
    "moment": ["x", None, True, 1, ["auto"], np.array(["auto", "auto"])],
    "batch_size": [*WHOLE, None],
    "max_samples": WHOLE,
    "device": ["x", "", "meta", 3, True, [], np.nan],
    "random_state": [-1, 2**32, 1.5, "x", True, np.nan, np.random.default_rng(0), [1]],
    "verbose": ["x", None, -1, 1.5, np.nan, []],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_one_sentence_for_a_value_of_another_kind(net, X, name, value):
    method = "agop-ixg" if name in ("rank", "standardize", "baseline") else "agop"
    explainer = AGOPExplainer(net, **{"method": method, name: value})
    before = dict(vars(explainer))
    with pytest.raises(ValueError, match=name) as caught:
        explainer.fit(X)
    assert "\n" not in str(caught.value)
    assert vars(explainer) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", np.int64(7)),
        ("max_samples", np.int32(50)),
        ("refine", np.int8(1)),
        ("random_state", np.uint32(3)),
        ("random_state", np.random.RandomState(0)),
        ("verbose", False),
        ("device", "cpu"),
        ("device", torch.device("cpu")),
    ],
)
def test_numbers_of_numpy_and_the_like(net, X, name, value):
    assert np.isfinite(AGOPExplainer(net, **{name: value}).fit(X).explain(X[:5])).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
@pytest.mark.parametrize("device", ["cuda", "cuda:7", torch.device("cuda"), "mps"])
def test_a_device_that_there_is_not(net, X, device):
    with pytest.raises(ValueError, match="cannot be used here .*leave device=None"):
        AGOPExplainer(net, device=device).fit(X)


SET = {"rank": 1, "standardize": False, "baseline": "zero", "contrast": True}
USES = {
    "agop": {"contrast"},
    "agop-ixg": {"rank", "standardize", "baseline", "contrast"},
    "agop-weighted": {"rank", "standardize", "contrast"},
    "agop-local": {"rank", "standardize", "contrast"},
    "agop-global": {"standardize", "contrast"},
    "ixg": {"rank", "standardize", "baseline", "contrast"},
}


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize("method", USES)
def test_a_parameter_has_an_effect_or_is_refused(net, X, method, name):
    explainer = AGOPExplainer(net, **{"method": method, name: SET[name]})
    if name not in USES[method]:
        with pytest.raises(ValueError, match=f"{name}= has no effect on .*{method}"):
            explainer.fit(X)
        return
    plain = AGOPExplainer(net, method=method, contrast=False).fit(X)(X)
    found = explainer.set_params(**({} if name == "contrast" else {"contrast": False})).fit(X)(X)
    same = np.array_equal(found.values, plain.values)
    assert not same or not np.array_equal(found.support, plain.support)


@pytest.mark.parametrize(
    "y", ["abc", b"abc", 3, np.array(3), np.array("x"), {1: 2}, True, np.nan, object(), [[1], [2, 3]]]
)
def test_labels_that_are_none(net, X, y):
    for method in ("agop", "ixg"):
        for call in (AGOPExplainer(net, method=method).fit, AGOPExplainer(net, method=method).partial_fit):
            with pytest.raises(ValueError, match="is not an array of labels; give one label for each row"):
                call(X, y)


def test_labels_of_other_rows(net, X):
    for method in ("agop", "ixg"):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[200, 3\]"):
            AGOPExplainer(net, method=method).fit(X, [0, 1, 2])


def test_labels_as_tensors(net, X):
    y = torch.tensor(net.predict(X), dtype=torch.float32, requires_grad=True)
    AGOPExplainer(net).fit(X, y)
