"""Networks that look codes up in embeddings: one-hot coordinates, folded back to the user's columns."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from skorch import NeuralNetClassifier
from support.embedding_nets import (
    CITIES,
    CODES,
    NETWORKS,
    PLANS,
    Embedded,
    Ordered,
    Rewritten,
    folded,
    one_hot,
    shapley,
    to_float32,
    trained,
)
from support.model_scores import coordinates, in_contrast, probabilities
from torch import nn

from agop_tabular import AGOPCallback, AGOPExplainer
from agop_tabular.baselines import Lime
from agop_tabular.evaluation import cosine

METHODS = ["agop", "agop-ixg", "ixg", "agop-weighted", "agop-local", "agop-global"]


@pytest.mark.parametrize("name", NETWORKS)
def test_scores_are_the_modules_own(name, coded_rows):
    torch.manual_seed(0)
    module = NETWORKS[name]().eval()
    X = coded_rows.astype("float64") if name == "float64" else coded_rows
    explainer = AGOPExplainer(module, method="ixg").fit(X)
    network = explainer.model_.network
    for part in (X, X[:1], X[:7]):
        expected = module(torch.from_numpy(part.copy())).detach()
        torch.testing.assert_close(network.scores(coordinates(explainer, part)).detach(), expected)
    assert explainer.feature_map_.block_of.max() == 1
    assert set(explainer.feature_map_.column_of) == set(range(5))
    assert "x1=4" in explainer.coordinate_names_


def test_probabilities_are_predict_proba(embedding_net, coded_rows):
    explainer = AGOPExplainer(embedding_net).fit(coded_rows)
    assert_allclose(probabilities(explainer, coded_rows), embedding_net.predict_proba(coded_rows), atol=1e-6)
    assert (explainer(coded_rows).target == embedding_net.predict(coded_rows)).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, embedding_net, coded_rows):
    assert np.isfinite(AGOPExplainer(embedding_net, method=method).fit(coded_rows).explain(coded_rows[:9])).all()
    regressor = trained(Embedded, coded_rows, coded_rows[:, :1] + coded_rows[:, 1:2], module__n_out=1, max_epochs=2)
    explained = AGOPExplainer(regressor, method=method).fit(coded_rows).explain(coded_rows[:9])
    assert explained.shape == (9, 5)
    assert (np.abs(explained[:, CODES]).max(axis=0) > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_as_the_network_rewritten_for_one_hot_columns(method, embedding_net, coded_rows):
    explainer = AGOPExplainer(embedding_net, method=method).fit(coded_rows)
    encoder = OneHotEncoder(categories=[np.arange(CITIES), np.arange(PLANS)], sparse_output=False, dtype=np.float32)
    encode = make_column_transformer(("passthrough", [0, 2, 3]), (encoder, CODES))
    oracle = NeuralNetClassifier(
        Rewritten, module__net=embedding_net.module_, criterion=nn.CrossEntropyLoss
    ).initialize()
    expected = (
        AGOPExplainer(make_pipeline(encode.fit(coded_rows), oracle), method=method)
        .fit(coded_rows)
        .explain(coded_rows, 1)
    )
    assert_allclose(explainer.explain(coded_rows, 1), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_input_times_gradient_by_hand(embedding_net, coded_rows):
    module = embedding_net.module_.eval()
    x = torch.from_numpy(one_hot(coded_rows))
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(Rewritten(module)(leaf)[:, 2].sum(), leaf)
    expected = folded(((x - x.mean(dim=0)) * gradient).numpy())
    assert_allclose(AGOPExplainer(module, method="ixg").fit(coded_rows).explain(coded_rows, 2), expected, atol=1e-5)


def test_near_the_networks_shapley_values(embedding_net, coded_rows):
    own = shapley(embedding_net, coded_rows, 20)
    assert cosine(AGOPExplainer(embedding_net).fit(coded_rows).explain(coded_rows[:20]), own).mean() > 0.95
    assert np.abs(own[:, 1]).mean() > 0.3 * np.abs(own).mean(), "the network uses the codes"


def test_lime_takes_codes_for_categories(embedding_net, coded_rows):
    found = Lime(n_samples=500)(embedding_net, coded_rows[:10], "predicted", coded_rows, 0)
    assert cosine(found, shapley(embedding_net, coded_rows, 10)).mean() > 0.5


class TestPipelines:
    def test_folded_back_to_the_users_columns(self, coded_pipeline, coded_table):
        explainer = AGOPExplainer(coded_pipeline).fit(coded_table)
        out = explainer.explain(coded_table[:20])
        assert out.columns.tolist() == coded_table.columns.tolist()
        assert out.index.equals(coded_table.index[:20])
        assert not out["id"].any()
        assert cosine(out.to_numpy(), shapley(coded_pipeline, coded_table, 20)).mean() > 0.95
        assert set(explainer.effects_.columns[2].values) == {"Athens", "Berlin", "Cairo", "Delhi", "Essen"}

    def test_blocks_are_centred(self, coded_pipeline, coded_table):
        """What is added to all rows of a table, and taken from the bias behind it, changes nothing."""
        before = AGOPExplainer(coded_pipeline, method="agop-ixg").fit(coded_table).explain(coded_table)
        module = coded_pipeline[-1].module_
        with torch.no_grad():
            module.city.weight += 3.0
            module.body[0].bias -= module.body[0].weight[:, 3:6].sum(dim=1) * 3.0
        after = AGOPExplainer(coded_pipeline, method="agop-ixg").fit(coded_table).explain(coded_table)
        assert_allclose(after, before, atol=1e-4 * np.abs(before.to_numpy()).max())

    def test_an_unknown_category(self, coded_pipeline, coded_table):
        explainer = AGOPExplainer(coded_pipeline).fit(coded_table)
        new = coded_table[:3].assign(city=["Athens", "Faro", "Cairo"])
        with pytest.raises(ValueError, match="Column 'city' holds -1, which is none of the codes 0 to 4"):
            explainer.explain(new)

    def test_a_code_for_unknown_categories(self, coded_table, coded_classes):
        class Shifted(Ordered):
            def __init__(self):
                super().__init__()
                self.city = nn.Embedding(CITIES + 1, 3)

            def forward(self, x):
                return super().forward(torch.cat([x[:, :1] + 1, x[:, 1:]], dim=1))

        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        encode = make_column_transformer((codes, ["city", "plan"]), (StandardScaler(), ["age", "income", "debt"]))
        cast = FunctionTransformer(to_float32, feature_names_out="one-to-one")
        X = cast.transform(encode.fit_transform(coded_table))
        explainer = AGOPExplainer(make_pipeline(encode, cast, trained(Shifted, X, coded_classes, max_epochs=2))).fit(
            coded_table
        )
        new = coded_table[:3].assign(city=["Athens", "Faro", "Cairo"])
        explanation = explainer(new)
        log_probabilities = np.log(probabilities(explainer, new))
        contrast = in_contrast(log_probabilities)
        total = explanation.values.sum(axis=1) + explanation.base_values + explanation.gap
        assert_allclose(total, contrast[np.arange(3), explanation.target], atol=1e-4)
        known = explainer(new.assign(city=["Athens", "Berlin", "Cairo"]))
        changed = np.abs(explanation.values - known.values).max(axis=1) > 1e-3
        assert changed.tolist() == [False, True, False], "the row with the unknown category"


class TestSavedAndCopied:
    @pytest.mark.parametrize("method", ["agop", "agop-ixg"])
    def test_saved(self, method, coded_pipeline, coded_table, tmp_path):
        explainer = AGOPExplainer(coded_pipeline, method=method).fit(coded_table)
        explainer.save(tmp_path / "codes.agop")
        again = AGOPExplainer.load(tmp_path / "codes.agop", coded_pipeline)
        pd.testing.assert_frame_equal(again.explain(coded_table), explainer.explain(coded_table))
        with pytest.raises(ValueError, match="'city' holds -1"):
            again.explain(coded_table[:2].assign(city="Faro"))

    def test_another_network_is_refused(self, embedding_net, coded_rows, coded_classes, tmp_path):
        AGOPExplainer(embedding_net).fit(coded_rows).save(tmp_path / "codes.agop")
        other = LogisticRegression().fit(coded_rows, coded_classes)
        with pytest.raises(ValueError, match="does not fit the saved explainer"):
            AGOPExplainer.load(tmp_path / "codes.agop", other)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
    def test_copied(self, copied, embedding_net, coded_rows):
        explainer = AGOPExplainer(embedding_net).fit(coded_rows)
        assert_allclose(copied(explainer).explain(coded_rows), explainer.explain(coded_rows), rtol=1e-6)

    def test_more_rows(self, embedding_net, coded_rows):
        whole = AGOPExplainer(embedding_net, method="agop-ixg").fit(coded_rows)
        parts = (
            AGOPExplainer(embedding_net, method="agop-ixg").partial_fit(coded_rows[:400]).partial_fit(coded_rows[400:])
        )
        assert_allclose(parts.agop_, whole.agop_, atol=1e-5 * whole.agop_.max())

    def test_gathered_while_training(self, coded_rows, coded_classes, tmp_path):
        callback = AGOPCallback()
        net = trained(Embedded, coded_rows, coded_classes, callbacks=[callback], max_epochs=3)
        while_training = AGOPExplainer.from_callback(callback, net)
        explainer = AGOPExplainer(net, method="agop-ixg").fit(coded_rows)
        assert_allclose(while_training.agop_, explainer.agop_, rtol=1e-4, atol=1e-7)
        assert_allclose(while_training.explain(coded_rows), explainer.explain(coded_rows), rtol=1e-3, atol=1e-5)
        alone = AGOPExplainer.from_callback(pickle.loads(pickle.dumps(callback)), method="agop-global")
        expected = AGOPExplainer(net, method="agop-global").fit(coded_rows).explain(coded_rows[:2])
        assert_allclose(alone.explain(coded_rows[:2]), expected, rtol=1e-4)


class TestEnsembles:
    @pytest.mark.parametrize("behind", [False, True])
    def test_votes(self, behind, coded_pipeline, embedding_net, coded_rows, coded_table, coded_classes, tmp_path):
        if behind:
            X, members = (
                coded_table,
                [("a", coded_pipeline), ("b", make_pipeline(coded_pipeline[0], LogisticRegression()))],
            )
        else:
            X, members = coded_rows, [("a", embedding_net), ("b", LogisticRegression()), ("c", embedding_net)]
        model = VotingClassifier(members, voting="soft").fit(X, coded_classes)
        explainer = AGOPExplainer(model).fit(X)
        assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-6)
        assert cosine(np.asarray(explainer.explain(X[:20])), shapley(model, X, 20)).mean() > 0.95
        explainer.save(tmp_path / "vote.agop")
        again = AGOPExplainer.load(tmp_path / "vote.agop", model)
        assert_allclose(again.explain(X[:10]), explainer.explain(X[:10]))

    def test_stacks(self, embedding_net, coded_rows, coded_classes):
        model = StackingClassifier([("a", embedding_net), ("b", LogisticRegression())], LogisticRegression(), cv=2)
        model.fit(coded_rows, coded_classes)
        explainer = AGOPExplainer(model, method="agop-ixg").fit(coded_rows)
        assert_allclose(probabilities(explainer, coded_rows), model.predict_proba(coded_rows), atol=1e-6)
        assert explainer.explain(coded_rows).shape == coded_rows.shape

    def test_of_ensembles_are_refused(self, embedding_net, coded_rows, coded_classes):
        inner = VotingClassifier([("a", embedding_net), ("b", LogisticRegression())], voting="soft")
        model = VotingClassifier([("v", inner), ("b", LogisticRegression())], voting="soft").fit(
            coded_rows, coded_classes
        )
        with pytest.raises(ValueError, match="'x1', 'x4'"):
            AGOPExplainer(model).fit(coded_rows)
