"""AGOPImageExplainer: the numbers of slow, obvious computations, in bounded memory."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch import NeuralNetClassifier
from support.images import METHODS, jacobians, make_module
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer


def test_maps_are_the_formulas(module, X):
    J = jacobians(make_module(), X)
    diagonal = (J**2).sum(axis=1).mean(axis=0)
    predicted = make_module().eval()(torch.from_numpy(X)).argmax(dim=1).numpy()
    gradient = J[np.arange(len(X)), predicted]
    found = {m: AGOPImageExplainer(module, method=m).fit(X).explain(X) for m in METHODS}
    weights = np.sqrt(diagonal / diagonal.max())
    assert_allclose(found["agop-local"], np.linalg.norm(gradient, axis=1), rtol=1e-4)
    assert_allclose(found["agop-weighted"], np.linalg.norm(gradient * weights, axis=1), rtol=1e-4)
    assert_allclose(found["agop-global"], np.broadcast_to(diagonal.sum(axis=0), (60, 8, 8)), rtol=1e-4)
    assert_allclose(found["ixg"], (gradient * X).sum(axis=1), rtol=1e-3, atol=1e-6)
    flat = J.reshape(60, 3, -1)
    M = np.einsum("ncp,ncq->pq", flat, flat) / 60
    values, vectors = np.linalg.eigh(M)
    kept = np.flatnonzero(np.cumsum(values[::-1]) / values.sum() >= 0.95)[0] + 1
    top = vectors[:, -kept:]
    filtered = gradient.reshape(60, -1) @ top @ np.diag(values[-kept:] / values[-1]) @ top.T
    expected = (filtered.reshape(X.shape) * X).sum(axis=1)
    assert_allclose(found["agop-ixg"], expected, rtol=1e-2, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("method", ["agop-weighted", "agop-local", "agop-global", "ixg"])
def test_the_diagonal_is_enough(module, X, method):
    dense, diagonal = (AGOPImageExplainer(module, method=method, moment=m).fit(X) for m in ("dense", "diagonal"))
    assert_allclose(dense.explain(X), diagonal.explain(X), rtol=1e-5, atol=1e-8)
    assert dense.tabular_.eigenvalues_.shape == (192,)
    assert not hasattr(diagonal.tabular_, "eigenvalues_")
    with pytest.raises(AttributeError, match='moment="dense"'):
        _ = diagonal.tabular_.agop_
    assert diagonal(X[:3]).support is None


def test_methods_that_need_all_of_m(module, X):
    with pytest.raises(ValueError, match='method="agop-ixg" needs all of M'):
        AGOPImageExplainer(module, method="agop-ixg", moment="diagonal").fit(X)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_shapes_targets_and_dtypes(module, X, method, dtype):
    images = (X * 10).astype(dtype)
    explainer = AGOPImageExplainer(module, method=method).fit(images)
    maps = explainer.explain(images[:7])
    assert maps.shape == (7, 8, 8)
    assert maps.dtype == (np.float32 if dtype == np.float32 else np.float64)
    every = explainer.explain(images[:7], target="all")
    assert every.shape == (7, 8, 8, 3)
    labels = np.array([0, 1, 2, 0, 1, 2, 0])
    each = explainer.explain(images[:7], target=labels)
    assert_allclose(each, every[np.arange(7), :, :, labels], rtol=1e-4, atol=1e-6)
    assert_allclose(explainer.explain(images[:7], target=2), every[..., 2], rtol=1e-4, atol=1e-6)
    explanation = explainer(images[:7])
    assert_array_equal(explanation.values, maps)
    assert len(explanation) == 7
    assert explanation.data.shape == (7, 3, 8, 8)
    if method != "agop-global":
        assert explanation.target.shape == (7,)


@pytest.mark.parametrize("method", METHODS)
def test_batches_and_order_do_not_show(module, X, method):
    one = AGOPImageExplainer(module, method=method).fit(X).explain(X)
    other = AGOPImageExplainer(module, method=method, batch_size=3).fit(X[::-1]).explain(X)
    assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(one).max())


def test_the_module_is_left_alone(module, X):
    module.train()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    state = torch.get_rng_state()
    for method in METHODS:
        AGOPImageExplainer(module, method=method).fit(X).explain(X)
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())
    assert all(m.training for m in module.modules())
    assert torch.equal(state, torch.get_rng_state())
    assert not any(m._forward_hooks for m in module.modules())


def test_skorch_net_with_labels_and_prefit(X):
    y = np.where(X[:, 0, 3, 3] > 0, "yes", "no")
    net = NeuralNetClassifier(
        make_module(classes=2), criterion=nn.CrossEntropyLoss, max_epochs=2, train_split=None, verbose=0
    )
    codes = (y == "yes").astype(np.int64)
    explainer = AGOPImageExplainer(net).fit(X, codes)
    assert explainer.tabular_.estimator_ is not net
    assert explainer.classes_.tolist() == [0, 1]
    fitted = clone(net).fit(X, codes)
    assert AGOPImageExplainer(fitted).fit(X).explain(X, target=1).shape == (60, 8, 8)
    with pytest.raises(ValueError, match="requires y"):
        AGOPImageExplainer(net).fit(X)


def test_clone_and_torch_input(module, X):
    explainer = clone(AGOPImageExplainer(module, method="agop-local", batch_size=7))
    assert explainer.get_params()["batch_size"] == 7
    assert_array_equal(explainer.fit(torch.from_numpy(X)).explain(torch.from_numpy(X)), explainer.explain(X))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: AGOPImageExplainer(m).fit(X[:, 0]), "add an axis for the channel"),
        (lambda m, X: AGOPImageExplainer(m).fit(X[0, 0]), "images are \\(n, channels, height, width\\)"),
        (lambda m, X: AGOPImageExplainer(m).fit(X[:0]), "minimum of 1"),
        (lambda m, X: AGOPImageExplainer().fit(X), "needs an estimator"),
        (lambda m, X: AGOPImageExplainer(m, method="agop").fit(X), "is not one of 'agop-adaptive'"),
        (lambda m, X: AGOPImageExplainer(m, prefit=False).fit(X), "wrap it in a skorch net"),
        (lambda m, X: AGOPImageExplainer(m, batch_size=0).fit(X), "batch_size=0"),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X[:, :, :4]), "was fitted on \\(3, 8, 8\\)"),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X, target=7), "target 7 is unknown"),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X, target=[0, 1]), "2 labels for 60 images"),
        (lambda m, X: AGOPImageExplainer(m).fit(np.where(X > 3, np.nan, X)), "NaN at the network's input"),
        (lambda m, X: AGOPImageExplainer(m).fit(X[:, :2]), "cannot be run"),
    ],
)
def test_refusals(module, X, call, message):
    with pytest.raises(ValueError, match=message):
        call(module, X)


def test_unfitted(module, X):
    with pytest.raises(ValueError, match="not fitted yet"):
        AGOPImageExplainer(module).explain(X)


@pytest.mark.parametrize("method", METHODS)
def test_save_and_load(module, X, method, tmp_path):
    explainer = AGOPImageExplainer(module, method=method).fit(X)
    explainer.save(tmp_path / "maps.agop")
    again = AGOPImageExplainer.load(tmp_path / "maps.agop", module)
    assert_allclose(again.explain(X), explainer.explain(X), rtol=1e-5, atol=1e-7)
    assert again.method == method
    assert again.get_params(deep=False) == explainer.get_params(deep=False)


def test_global_is_served_without_the_model(module, X, tmp_path):
    explainer = AGOPImageExplainer(module, method="agop-global").fit(X)
    explainer.save(tmp_path / "maps.agop")
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "expected.npy", explainer.explain(X))
    code = """if True:
        import sys, numpy as np, torch
        from agop_tabular.image import AGOPImageExplainer
        def refuse(*_, **__):
            raise AssertionError("the network was called")
        torch.nn.Module.__call__ = torch.autograd.grad = refuse
        maps = AGOPImageExplainer.load(sys.argv[1] + "/maps.agop").explain(np.load(sys.argv[1] + "/X.npy"))
        np.testing.assert_array_equal(maps, np.load(sys.argv[1] + "/expected.npy"))
    """
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    AGOPImageExplainer(module).fit(X).save(tmp_path / "weighted.agop")
    with pytest.raises(ValueError, match="loaded without its estimator"):
        AGOPImageExplainer.load(tmp_path / "weighted.agop").explain(X)


def test_a_file_of_tables_is_refused(tmp_path):
    X = np.random.RandomState(0).randn(50, 4).astype(np.float32)
    AGOPExplainer(nn.Linear(4, 2)).fit(X).save(tmp_path / "table.agop")
    with pytest.raises(ValueError, match="explainer of tables"):
        AGOPImageExplainer.load(tmp_path / "table.agop")


def test_large_images_never_build_a_matrix():
    """p = 3 × 96 × 96: p × p in float64 would take 6 GB."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 7, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    module.append(nn.Linear(16, 2))
    X = np.random.RandomState(0).randn(40, 3, 96, 96).astype(np.float32)
    tracemalloc.start()
    explainer = AGOPImageExplainer(module).fit(X)
    maps = explainer.explain(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert maps.shape == (40, 96, 96)
    assert explainer.tabular_.statistics_.gradients.total.shape == (27648,)
    assert peak < 100e6


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("agop-adaptive", {"contrast": True}),
        ("agop-adaptive", {"rank": 2}),
        ("agop-weighted", {"baseline": "mean"}),
        ("agop-local", {"baseline": "mean"}),
        ("agop-global", {"rank": 2}),
    ],
)
def test_a_parameter_without_an_effect_is_refused(module, X, method, params):
    with pytest.raises(ValueError, match=f"{next(iter(params))}= has no effect on .*{method}"):
        AGOPImageExplainer(module, method=method, **params).fit(X)


@pytest.mark.parametrize(
    "params", [{"batch_size": True}, {"max_samples": True}, {"random_state": -1}, {"device": "x"}, {"verbose": "yes"}]
)
def test_parameters_of_another_kind_are_refused(module, X, params):
    with pytest.raises(ValueError, match=f"{next(iter(params))}="):
        AGOPImageExplainer(module, **params).fit(X)


def test_an_explainer_that_was_loaded_can_be_fitted_again(module, X, tmp_path):
    for method in ("agop-adaptive", "agop-weighted", "ixg"):
        explainer = AGOPImageExplainer(module, method=method).fit(X)
        explainer.save(tmp_path / "images.agop")
        loaded = AGOPImageExplainer.load(tmp_path / "images.agop", module)
        assert_allclose(loaded.fit(X).explain(X), explainer.explain(X))


def test_class_models_score_highest(module, X):
    """Of a linear network the class model is the mean plus the direction of its weights, at a usual distance."""
    explainer = AGOPImageExplainer(module).fit(X)
    every = explainer.class_model()
    assert every.shape == (3, 3, 8, 8)
    scores = make_module().eval()(torch.from_numpy(np.float32(every))).detach().numpy()
    assert (scores.argmax(axis=0) == [0, 1, 2]).all()
    of_images = make_module().eval()(torch.from_numpy(X)).detach().numpy()
    assert (scores.diagonal() > of_images.max(axis=0)).all()
    assert_allclose(explainer.class_model(1), every[1], atol=3e-3)  # of values around 1, as far as rounding decides
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    weights = linear[1].weight.detach().double().numpy()
    found = AGOPImageExplainer(linear).fit(X).class_model(penalty=0.5)
    assert_allclose(found, X.mean(axis=0) + weights.reshape(2, 3, 8, 8), rtol=1e-3, atol=1e-4)


# Images as people have them -----------------------------------------------------------------------------------------


def test_bytes_channels_last_and_pil_are_the_same_images(module, X):
    pil = pytest.importorskip("PIL.Image")
    pixels = np.uint8(np.clip(128 + 60 * X, 0, 255).transpose(0, 2, 3, 1))
    ready = np.float32(pixels.transpose(0, 3, 1, 2)) / 255
    expected = AGOPImageExplainer(module).fit(ready)(ready)
    for given in (pixels, pixels.transpose(0, 3, 1, 2), [pil.fromarray(image) for image in pixels]):
        found = AGOPImageExplainer(module).fit(given)(given)
        assert_allclose(found.values, expected.values, rtol=1e-5)
        assert found.values.dtype == np.float32
        assert_array_equal(found.data, pixels.transpose(0, 3, 1, 2))
    floats = ready.transpose(0, 2, 3, 1)
    assert_allclose(AGOPImageExplainer(module).fit(ready).explain(floats), expected.values, rtol=1e-5)


def test_the_users_own_transform(module, X):
    """Standardised and cut to size, an image at a time; maps are of what the network takes."""
    big = np.pad(X, ((0, 0), (0, 0), (2, 2), (2, 2)))
    plain = AGOPImageExplainer(module, method="ixg").fit(2 * X)
    explainer = AGOPImageExplainer(module, method="ixg", transform=lambda image: 2 * image[:, 2:-2, 2:-2]).fit(big)
    assert_allclose(explainer.explain(big), plain.explain(2 * X), rtol=1e-5)
    assert_array_equal(explainer(big).data, 2 * X)  # another size: what the network takes is shown
    whole = AGOPImageExplainer(module, transform=lambda image: torch.from_numpy(2 * image)).fit(X)
    assert_array_equal(whole(X[:5]).data, X[:5])
    by_name = {f"{i}.png": image for i, image in enumerate(X)}
    read = AGOPImageExplainer(module, method="ixg", transform=by_name.__getitem__).fit(list(by_name))
    found = read(["3.png", "5.png"])
    assert_array_equal(found.data, X[[3, 5]])
    assert_allclose(found.values, AGOPImageExplainer(module, method="ixg").fit(X).explain(X[[3, 5]]), rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_predictions_probabilities_and_names(module, X, method):
    names = ["cat", "dog", "eel"]
    explainer = AGOPImageExplainer(module, method=method, class_names=names).fit(X)
    found = explainer(X[:4], target=1)
    if method == "agop-global":
        assert (found.predictions, found.probabilities) == (None, None)
        return
    scores = make_module().eval()(torch.from_numpy(X[:4])).detach()
    assert_array_equal(found.predictions, scores.argmax(dim=1))
    if found.probabilities is not None:  # the scores of a bare module stand for none
        assert_allclose(found.probabilities, scores.softmax(dim=1)[:, 1], rtol=1e-4)
    assert found.name_of(1) == "dog"
    assert "dog (4)" in repr(found)


def test_names_and_layout_are_saved_and_a_transform_is_not(module, X, tmp_path):
    explainer = AGOPImageExplainer(
        module, class_names=["a", "b", "c"], channels="last", transform=lambda x: np.moveaxis(x, 0, 2)
    ).fit(X)
    explainer.save(tmp_path / "images.agop")
    again = AGOPImageExplainer.load(tmp_path / "images.agop", module, transform=explainer.transform)
    assert again.get_params() == explainer.get_params()
    assert_allclose(again.explain(X), explainer.explain(X), rtol=1e-5)
    assert again(X[:1]).name_of(2) == "c"
    assert AGOPImageExplainer.load(tmp_path / "images.agop", module).transform is None


def test_one_bar_for_all_images(module, X, capsys):
    explainer = AGOPImageExplainer(module, batch_size=2, verbose=1).fit(X)
    capsys.readouterr()
    explainer.explain(X)
    shown = capsys.readouterr().err
    assert "60/60" in shown
    assert shown.count("AGOP explain: 100%") == 1
    explainer.set_params(verbose=0).explain(X)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X[:, :1]), 'grey images .* by image.convert\\("RGB"\\)'),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X[..., :4]), "resize them to 8 × 8 pixels"),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(np.where(X > 3, np.nan, X)), "NaN .* first in image"),
        (lambda m, X: AGOPImageExplainer(m).fit(X).explain(X[0]), "of one image give X\\[None\\]"),
        (lambda m, X: AGOPImageExplainer(m, channels="left").fit(X), "channels='left' is not one of"),
        (lambda m, X: AGOPImageExplainer(m, class_names=["a", "a", "b"]).fit(X), "same name twice"),
        (lambda m, X: AGOPImageExplainer(m, class_names=["a"]).fit(X), "class_names"),
        (lambda m, X: AGOPImageExplainer(m, transform=lambda x: x[0]).fit(X), "What transform= returns has shape"),
        (lambda m, X: AGOPImageExplainer(Blind()).fit(X), "No gradient reaches the network's input"),
    ],
)
def test_images_that_cannot_be_explained(module, X, call, message):
    with pytest.raises(ValueError, match=message):
        call(module, X)


def test_a_transform_is_a_function(module, X):
    with pytest.raises(TypeError, match="transform=3 is not None or a function"):
        AGOPImageExplainer(module, transform=3).fit(X)


class Blind(nn.Module):
    """A network that rounds its input away."""

    def __init__(self):
        super().__init__()
        self.inner = make_module()

    def forward(self, x):
        return self.inner(x.long().to(x.dtype))


@pytest.mark.slow
def test_a_thousand_images_in_bounded_memory():
    """150 MB of bytes in, 200 MB of maps out; as floats the images would be 600 MB, and their attributions as much."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    module.append(nn.Linear(16, 3))
    images = np.random.RandomState(0).randint(0, 256, (1000, 224, 224, 3), dtype=np.uint8)
    explainer = AGOPImageExplainer(module).fit(images[:64])
    tracemalloc.start()
    found = explainer(images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.values.shape == (1000, 224, 224)
    assert found.data.base is images
    assert peak < found.values.nbytes + 250e6  # 64 images as floats are 39 MB, held about five times
    assert_allclose(found.values[990:], explainer.explain(images[990:]), rtol=1e-5)
