"""What attributions are measured in: equal probabilities, equal attributions; probabilities; names of scores."""

import copy
import pickle
import warnings
from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetRegressor
from support.nets import MLP
from support.same_probabilities import KINDS, models, rows
from torch import nn

from agop_tabular import AGOPCallback, AGOPExplainer
from agop_tabular.core.evaluating import evaluating

METHODS = ("agop", "agop-ixg", "agop-weighted", "agop-local", "agop-global", "ixg")
SIGNED = ("agop", "agop-ixg", "ixg")

all_models = cache(models)


def probabilities(n_classes, deep, X):
    logits = all_models(n_classes, deep=deep)["module"]
    with torch.no_grad():
        return logits(torch.from_numpy(X)).softmax(dim=1).numpy()


@cache
def explained(n_classes, deep, name, **params):
    return AGOPExplainer(all_models(n_classes, deep=deep)[name], **params).fit(rows())(rows(40), target="all")


@pytest.mark.parametrize(("n_classes", "deep", "name"), KINDS)
def test_equal_probabilities_have_equal_attributions(n_classes, deep, name):
    model = all_models(n_classes, deep=deep)[name]
    p = probabilities(n_classes, deep, rows(40))
    if hasattr(model, "predict_proba"):
        assert_allclose(model.predict_proba(rows(40)), p, atol=1e-12)
    found, expected = (explained(n_classes, deep, kind) for kind in (name, "module"))
    assert found.unit == "log-odds"
    assert_allclose(found.values, expected.values, atol=2e-3 * np.abs(expected.values).max())
    assert_allclose(found.base_values, expected.base_values, atol=1e-6)
    log_p = np.log(p)
    others = (log_p.sum(axis=1, keepdims=True) - log_p) / (n_classes - 1)
    assert_allclose(found.values.sum(axis=1) + found.base_values, log_p - others, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["module of one logit", "skorch", "skorch, no softmax", "LogisticRegression", "vote"])
def test_methods_in_contrast_are_equal_too(method, name):
    found, expected = (explained(2, False, kind, method=method, contrast=True) for kind in (name, "module"))
    assert_allclose(found.values, expected.values, atol=1e-4 * np.abs(expected.values).max())


@pytest.mark.parametrize(("n_classes", "deep", "name"), KINDS)
def test_probabilities_add_up(n_classes, deep, name):
    p = probabilities(n_classes, deep, rows(40))
    found, expected = (explained(n_classes, deep, kind, model_output="probability") for kind in (name, "module"))
    assert found.unit == "probability"
    assert_allclose(found.values.sum(axis=1) + found.base_values, p, atol=1e-6)
    assert np.abs(found.gap).max() < 1e-6
    assert_allclose(found.base_values[0], probabilities(n_classes, deep, rows()).mean(axis=0), atol=1e-6)
    if n_classes == 2:
        assert_allclose(found.values.sum(axis=2), 0, atol=1e-6)
    assert_allclose(found.values, expected.values, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["module of one logit", "module", "vote"])
def test_every_method_explains_probabilities(method, name):
    X = rows(40)
    explainer = AGOPExplainer(all_models(2, deep=True)[name], method=method, model_output="probability").fit(rows())
    found = explainer(X, target=1)
    p = probabilities(2, True, X)[:, 1]
    if method in SIGNED:
        assert_allclose(found.values.sum(axis=1) + found.base_values + found.gap, p, atol=1e-6)
    x = torch.from_numpy(X).requires_grad_()
    logits = all_models(2, deep=True)["module"](x)
    (gradient,) = torch.autograd.grad(logits.softmax(dim=1)[:, 1].sum(), x)
    if method == "ixg":
        assert_allclose(found.values, gradient.numpy() * (X - rows().mean(axis=0)), atol=1e-9)
    if method == "agop-local":
        assert_allclose(found.values, np.abs(gradient.numpy() * rows().std(axis=0)), atol=1e-9)
    assert_allclose(explainer.explain(X, target="all")[:, :, 1], found.values, atol=1e-9)


def test_probabilities_refined_and_against_a_gate_are_probabilities():
    X, model = rows(40), all_models(3, deep=True)["skorch"]
    found = AGOPExplainer(model, model_output="probability", refine=4).fit(rows())(X, target=2)
    p = probabilities(3, True, X)[:, 2]
    assert_allclose(found.values.sum(axis=1) + found.base_values, p, atol=1e-6)
    masked = AGOPExplainer(model, model_output="probability", gate=[True] * 4 + [False]).fit(rows())
    assert 0 < masked.gate_.variance_changed < 2
    both = masked(X, target=2)
    assert_allclose((both.values + both.residual).sum(axis=1) + both.base_values, p, atol=1e-6)


def test_the_predicted_class_is_that_of_the_estimator():
    X = rows(200)
    net = copy.deepcopy(all_models(2, deep=False)["skorch binary"]).set_params(threshold=0.8)
    assert not np.array_equal(net.predict(X), (net.predict_proba(X)[:, 1] > 0.5).astype(int))
    for output in ("raw", "probability"):
        found = AGOPExplainer(net, model_output=output).fit(X)(X)
        np.testing.assert_array_equal(found.target, net.predict(X))
    # saturated: in float32 all probabilities are exactly 0 or 1, and scores still differ
    torch.manual_seed(0)
    steep = nn.Sequential(nn.Linear(5, 3), nn.Softsign()).double()
    with torch.no_grad():
        logits = (steep(torch.from_numpy(X)) * 1e4).numpy()
    network = nn.Sequential(steep, Times(1e4))
    network.classes_ = ["a", "b", "c"]
    found = AGOPExplainer(network, model_output="probability", method="ixg").fit(X)(X)
    np.testing.assert_array_equal(found.target, np.array(["a", "b", "c"])[logits.argmax(axis=1)])


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def test_labels_one_by_one_are_sigmoids():
    X = rows()
    y = np.stack([X[:, 0] > 1, X[:, 1] + X[:, 2] > 0], axis=1).astype(int)
    model = MLPClassifier((6,), max_iter=200, random_state=0).fit(X, y)
    found = AGOPExplainer(model, model_output="probability").fit(X)(X[:30], target="all")
    assert_allclose(found.values.sum(axis=1) + found.base_values, model.predict_proba(X[:30]), atol=1e-6)
    net = NeuralNet(MLP, nn.BCEWithLogitsLoss, module__n_in=5, module__n_out=2, verbose=0).initialize()
    rows32 = X.astype("float32")
    found = AGOPExplainer(net, model_output="probability").fit(rows32)(rows32[:30], target=1)
    with evaluating(net.module_), torch.no_grad():
        p = torch.sigmoid(net.module_(torch.from_numpy(rows32[:30])))[:, 1].numpy()
    assert_allclose(found.values.sum(axis=1) + found.base_values, p, atol=1e-5)


def classes_of(X):
    return (X[:, 0] > 1).astype(int) + (X[:, 1] > 1)


NOT_PROBABLE = {
    "regressor": (lambda X: LinearRegression().fit(X, X[:, 0]), "this model has none"),
    "several outputs": (
        lambda X: LinearRegression().fit(X, X[:, :2]),
        "this model has none",
    ),
    "skorch regressor": (
        lambda X: NeuralNetRegressor(MLP(5, 1).double(), verbose=0).initialize(),
        "this model has none",
    ),
    "bare module": (lambda X: MLP(5, 1).double(), "this model has none"),
    "no predict_proba": (lambda X: LinearSVC().fit(X, classes_of(X)), "has no predict_proba"),
    "ridge": (lambda X: RidgeClassifier().fit(X, classes_of(X) > 0), "has no predict_proba"),
    "one against the rest": (
        lambda X: SGDClassifier(loss="log_loss", random_state=0).fit(X, classes_of(X)),
        "made in another way",
    ),
    "modified huber": (
        lambda X: SGDClassifier(loss="modified_huber", random_state=0).fit(X, classes_of(X) > 0),
        "made in another way",
    ),
    "another nonlinearity": (
        lambda X: NeuralNetBinaryClassifier(
            nn.Sequential(nn.Linear(5, 1), nn.Flatten(0)).double(),
            predict_nonlinearity=lambda s: torch.stack((torch.sigmoid(-5 * s), torch.sigmoid(5 * s)), dim=1),
            verbose=0,
        ).initialize(),
        "made in another way",
    ),
}


@pytest.mark.parametrize("kind", NOT_PROBABLE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_has_no_probabilities_is_refused(kind):
    make, why = NOT_PROBABLE[kind]
    X = rows()
    explainer = AGOPExplainer(make(X), model_output="probability")
    with pytest.raises(ValueError, match=why) as error:
        explainer.fit(X)
    assert 'model_output="raw"' in str(error.value)
    assert not hasattr(explainer, "n_samples_seen_")


MADE_OTHERWISE = {"one against the rest", "modified huber", "another nonlinearity"}


@pytest.mark.parametrize("kind", sorted(MADE_OTHERWISE))
@pytest.mark.filterwarnings("ignore:The scores that are explained differ")
def test_scores_whose_probabilities_are_made_otherwise_are_no_log_odds(kind, tmp_path):
    model, X = NOT_PROBABLE[kind][0](rows()), rows()
    explainer = AGOPExplainer(model).fit(X)
    found = explainer(X[:10], target=1)
    assert found.unit == "score"
    assert found.probabilities is None
    assert "probability" not in found.to_text(0)
    explainer.save(tmp_path / "one.agop")
    assert AGOPExplainer.load(tmp_path / "one.agop").model_.unit == "score"
    again = AGOPExplainer.load(tmp_path / "one.agop", estimator=model)(X[:10], target=1)
    assert again.unit == "score"
    assert again.probabilities is None
    explainer.report(X[:50], model.predict(X[:50]), tmp_path / "one.html")
    assert "log loss" not in (tmp_path / "one.html").read_text()


def test_scores_without_predict_proba_have_no_probabilities():
    X = rows()
    found = AGOPExplainer(LinearSVC().fit(X, classes_of(X))).fit(X)(X[:5])
    assert found.unit == "score"
    assert found.probabilities is None


def test_wrong_units():
    X, model = rows(), all_models(2, deep=False)["LogisticRegression"]
    for wrong in ("logit", None, True, ["raw"], np.array(["raw", "raw"])):
        with pytest.raises(ValueError, match="model_output="):
            AGOPExplainer(model, model_output=wrong).fit(X)
    for yes in (True, np.True_):
        with pytest.raises(ValueError, match="explains probabilities"):
            AGOPExplainer(model, model_output="probability", contrast=yes).fit(X)
    explainer = AGOPExplainer(model, model_output="probability", contrast=False).fit(X)
    assert explainer(X[:3]).unit == "probability"
    with pytest.raises(ValueError, match="the model_output that it began with"):
        explainer.set_params(model_output="raw").partial_fit(X)


def test_units_are_said():
    X = rows()
    assert AGOPExplainer(LinearRegression().fit(X, X[:, 0])).fit(X)(X[:2]).unit == "output"
    svm = AGOPExplainer(LinearSVC().fit(X, X[:, 0] > 1)).fit(X)
    assert svm(X[:2]).unit == "score", "the decision function of a support vector machine is no log-odds"
    model = all_models(2, deep=False)["module"]
    assert AGOPExplainer(model, method="ixg").fit(X)(X[:2]).unit == "score"
    explainer = AGOPExplainer(model).fit(X)
    assert explainer.effects_.unit == "log-odds"
    assert "agop, log-odds" in explainer(X[:2])._repr_html_()


def test_saved_and_pickled_units_are_the_same(tmp_path):
    X, model = rows(), all_models(3, deep=True)["MLPClassifier"]
    names = ["low", "middle", "high"]
    for output in ("raw", "probability"):
        explainer = AGOPExplainer(model, model_output=output, class_names=names).fit(X)
        expected = explainer(X[:20], target="all")
        explainer.save(tmp_path / "saved.agop")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loaded = AGOPExplainer.load(tmp_path / "saved.agop", model)
        for again in (loaded, pickle.loads(pickle.dumps(explainer))):
            found = again(X[:20], target="all")
            assert_allclose(found.values, expected.values, rtol=1e-9, atol=1e-12)
            assert_allclose(found.base_values, expected.base_values, rtol=1e-9)
            assert (found.unit, found.target_names) == (expected.unit, ("low", "middle", "high"))
            assert again.get_params()["class_names"] == names
        alone = AGOPExplainer.load(tmp_path / "saved.agop")
        assert alone.effects_.target_names == ("low", "middle", "high")


class TestNames:
    def test_of_classes(self):
        X, model = rows(), LogisticRegression().fit(rows(), np.array(["l", "m", "h"])[classes_of(rows())])
        explainer = AGOPExplainer(model, class_names=("high", "low", "middle")).fit(X)
        explanation = explainer(X[:10])
        names = dict(zip(["h", "l", "m"], ["high", "low", "middle"], strict=True))
        assert explanation.target.tolist() == model.predict(X[:10]).tolist(), "labels stay labels"
        assert explanation.target_names == ("high", "low", "middle")
        shown = explanation.top(1).index.get_level_values("target").tolist()
        assert shown == [names[label] for label in explanation.target]
        assert explanation[2:4].top(1).index.get_level_values("target").tolist() == shown[2:4]
        assert explainer.effects_.main(0).columns.tolist() == ["high", "low", "middle"]
        assert set(explainer(X[:2], target="all").to_frame().columns.get_level_values("target")) == set(names.values())
        plain = AGOPExplainer(model).fit(X)
        assert_allclose(explainer.explain(X[:5], target="l"), plain.explain(X[:5], target="l"))
        with pytest.raises(ValueError, match="'low' is unknown"):
            explainer.explain(X[:5], target="low")

    def test_labels_go_before_names(self):
        X = rows()
        model = LogisticRegression().fit(X, classes_of(X) > 0)
        effects = AGOPExplainer(model, class_names=["True", "False"]).fit(X).effects_
        assert effects.target_index(True) == 1
        assert AGOPExplainer(model, class_names=["no", "yes"]).fit(X).effects_.target_index("no") == 0

    def test_of_outputs(self):
        X = rows()
        one = AGOPExplainer(LinearRegression().fit(X, X[:, 0]), output_name="price").fit(X)
        assert one(X[:2]).target_names == ("price",)
        assert one.effects_.main(0).columns.tolist() == ["price"]
        two = LinearRegression().fit(X, X[:, :2])
        assert AGOPExplainer(two, output_name="price").fit(X)(X[:2], 0).target_names == ("price 0", "price 1")
        named = AGOPExplainer(two, class_names=["price", "rent"]).fit(X)
        assert named(X[:2], 1).top(1).index.get_level_values("target").tolist() == ["rent", "rent"]
        assert AGOPExplainer(two).fit(X).effects_.target_index(1) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            "ab",
            ["a"],
            ["a", "b", "c"],
            [0, 1],
            ["a", "a"],
            ["a", ""],
            {"a": 1, "b": 2},
            {"a", "b"},
            2,
            np.array([1, 2]),
        ],
        ids=lambda wrong: (
            f"{type(wrong).__name__} of {len(wrong) if hasattr(wrong, '__len__') else wrong}"
        ),  # sets have no order
    )
    def test_wrong_names_of_classes(self, wrong):
        with pytest.raises(ValueError, match="class_names="):
            AGOPExplainer(all_models(2, deep=False)["LogisticRegression"], class_names=wrong).fit(rows())

    def test_arrays_and_indexes_of_names(self):
        for names in (np.array(["a", "b"]), np.array(["a", "b"], dtype=object)):
            explainer = AGOPExplainer(all_models(2, deep=False)["LogisticRegression"], class_names=names).fit(rows())
            assert explainer(rows(2)).target_names == ("a", "b")

    def test_names_for_others(self):
        X, model = rows(), all_models(2, deep=False)["LogisticRegression"]
        with pytest.raises(ValueError, match="class_names= names them"):
            AGOPExplainer(model, output_name="price").fit(X)
        regressor = LinearRegression().fit(X, X[:, 0])
        with pytest.raises(ValueError, match="output_name= names it"):
            AGOPExplainer(regressor, class_names=["price"]).fit(X)
        for wrong in (1, "", ["price"]):
            with pytest.raises(ValueError, match="output_name="):
                AGOPExplainer(regressor, output_name=wrong).fit(X)

    def test_partial_fit_takes_the_names_as_they_are_now(self):
        X, model = rows(), all_models(2, deep=False)["LogisticRegression"]
        explainer = AGOPExplainer(model).fit(X)
        explainer.set_params(class_names=["no", "yes"]).partial_fit(X)
        assert explainer(X[:2]).target_names == ("no", "yes")


def test_from_callback():
    X = rows().astype("float32")
    callback = AGOPCallback(contrast=True)
    net = NeuralNetRegressor(MLP, module__n_in=5, module__n_out=1, callbacks=[callback], max_epochs=1, verbose=0)
    net.fit(X, X[:, :1])
    assert callback.diagonal_.any(), "of one output there is no contrast"
    explainer = AGOPExplainer.from_callback(callback, net, output_name="price")
    assert explainer(X[:2]).target_names == ("price",)
    with pytest.raises(ValueError, match="fit the explainer"):
        AGOPExplainer.from_callback(callback, net, model_output="probability")
