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
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from agop_tabular import AGOPCallback, AGOPExplainer
from agop_tabular.baselines import Lime, NetworkShapley
from agop_tabular.core.evaluating import evaluating
from agop_tabular.evaluation import cosine
from agop_tabular.models.embedding_search import embedded_codes

METHODS = ["agop", "agop-ixg", "ixg", "agop-weighted", "agop-local", "agop-global"]
CITIES, PLANS, CODES = 5, 7, [1, 4]


class Embedded(nn.Module):
    """Columns 1 and 4 hold codes, the others numbers."""

    def __init__(self, n_out=3):
        super().__init__()
        self.city, self.plan = nn.Embedding(CITIES, 3), nn.Embedding(PLANS, 4, padding_idx=0)
        self.body = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, n_out))

    def forward(self, x):
        looked_up = [self.city(x[:, 1].long()), self.plan(x[:, 4].long())]
        return self.body(torch.cat([x[:, [0, 2, 3]], *looked_up], dim=1))


class Rewritten(nn.Module):
    """The same network on numbers and one-hot blocks: a Linear layer in place of each embedding."""

    def __init__(self, net):
        super().__init__()
        self.city, self.plan = (nn.Linear(e.num_embeddings, e.embedding_dim, bias=False) for e in (net.city, net.plan))
        with torch.no_grad():
            self.city.weight.copy_(net.city.weight.T)
            self.plan.weight.copy_(net.plan.weight.T)
        self.body = net.body

    def forward(self, x):
        numbers, city, plan = x.split([3, CITIES, PLANS], dim=1)
        return self.body(torch.cat([numbers, self.city(city), self.plan(plan)], dim=1))


class Shared(nn.Module):
    """One table for both columns, each with an offset of its own, and a token in front of them."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(1 + CITIES + PLANS, 4)
        self.register_buffer("offsets", torch.tensor([1, 1 + CITIES]))
        self.body = nn.Sequential(nn.Linear(3 + 12, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        indices = torch.cat([torch.zeros(len(x), 1).long(), x[:, CODES].long() + self.offsets], dim=1)
        return self.body(torch.cat([x[:, [0, 2, 3]], self.table(indices).flatten(1)], dim=1))


class Bag(nn.Module):
    """The mean of both columns' embeddings."""

    def __init__(self, mode="mean"):
        super().__init__()
        self.bag = nn.EmbeddingBag(CITIES + PLANS, 4, mode=mode)
        self.body = nn.Sequential(nn.Linear(7, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        indices = x[:, CODES].int() + torch.tensor([0, CITIES])
        return self.body(torch.cat([x[:, [0, 2, 3]], self.bag(indices)], dim=1))


class Flat(nn.Module):
    """Columns are laid end to end for one look-up, one code is missing at -1, and the input is overwritten."""

    def __init__(self):
        super().__init__()
        self.city, self.plan = nn.Embedding(CITIES, 4), nn.Embedding(PLANS + 1, 4)
        self.body = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(15, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        city = self.city(x[:, [1, 1]].long().reshape(-1)).reshape(len(x), -1)
        plan = self.plan(x[:, 4].long() + 1)
        x += 1
        return self.body(torch.cat([x[:, [0, 2, 3]] - 1, city, plan], dim=1))


class Integers(nn.Module):
    """Takes integers only, straight into the embeddings."""

    def __init__(self):
        super().__init__()
        self.table, self.last = nn.Embedding(6, 3), nn.Linear(12, 2)

    def forward(self, x):
        return self.last(self.table(x).flatten(1))


NETWORKS = {
    "two tables": Embedded,
    "float64": lambda: Embedded().double(),
    "shared table": Shared,
    "bag": Bag,
    "sum": lambda: Bag("sum"),
    "flat": Flat,
}


@pytest.fixture
def rows(rng):
    X = rng.standard_normal((600, 5)).astype("float32")
    X[:, 1], X[:, 4] = rng.integers(0, CITIES, 600), rng.integers(0, PLANS, 600)
    return X


@pytest.fixture
def classes(rows):
    effect = np.array([0, 2, -2, 1, -1])[rows[:, 1].astype(int)] + rows[:, 0] * (rows[:, 4] > 3) + rows[:, 2]
    return np.digitize(effect, [-1, 1]).astype("int64")


def trained(module, X, y, **params):
    torch.manual_seed(0)
    kind = NeuralNetClassifier if y.dtype.kind == "i" else NeuralNetRegressor
    if y.dtype.kind == "i":
        params |= {"criterion": nn.CrossEntropyLoss}
    defaults = {"max_epochs": 20, "optimizer": torch.optim.Adam, "lr": 0.01, "verbose": 0, "train_split": None}
    return kind(module, **defaults | params).fit(X, y)


@pytest.fixture
def net(rows, classes):
    return trained(Embedded, rows, classes)


def one_hot(X):
    codes = X[:, CODES].astype(int)
    parts = X[:, [0, 2, 3]], np.eye(CITIES)[codes[:, 0]], np.eye(PLANS)[codes[:, 1]]
    return np.concatenate(parts, axis=1).astype(X.dtype)


def folded(values):
    city, plan = values[:, 3 : 3 + CITIES].sum(axis=1), values[:, 3 + CITIES :].sum(axis=1)
    return np.column_stack([values[:, 0], city, values[:, 1], values[:, 2], plan])


@pytest.mark.parametrize("name", NETWORKS)
def test_scores_are_the_modules_own(name, rows):
    torch.manual_seed(0)
    module = NETWORKS[name]().eval()
    X = rows.astype("float64") if name == "float64" else rows
    explainer = AGOPExplainer(module, method="ixg").fit(X)
    adapter = explainer._gathered.network
    for part in (X, X[:1], X[:7]):
        expected = module(torch.from_numpy(part.copy())).detach()
        torch.testing.assert_close(adapter.scores(adapter.tensor(adapter.encode(part))).detach(), expected)
    assert explainer.feature_map_.block_of.max() == 1
    assert set(explainer.feature_map_.column_of) == set(range(5))
    assert "x1=4" in explainer.coordinate_names_


def shapley(model, X, n):
    """Shapley values of the predicted class's score minus the mean score, of the first n rows."""
    every = NetworkShapley(n_permutations=200)(model, X[:n], "all", X, 0)
    return (every - every.mean(axis=2, keepdims=True))[np.arange(n), :, model.predict(X[:n])]


def probabilities(explainer, X):
    """By the adapter."""
    adapter = explainer._gathered.network
    with evaluating(adapter.module):
        return adapter.probabilities(adapter.scores(adapter.tensor(adapter.encode(X)))).detach().numpy()


def test_probabilities_are_predict_proba(net, rows):
    explainer = AGOPExplainer(net).fit(rows)
    assert_allclose(probabilities(explainer, rows), net.predict_proba(rows), atol=1e-6)
    assert (explainer(rows).target == net.predict(rows)).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, net, rows):
    assert np.isfinite(AGOPExplainer(net, method=method).fit(rows).explain(rows[:9])).all()
    regressor = trained(Embedded, rows, rows[:, :1] + rows[:, 1:2], module__n_out=1, max_epochs=2)
    explained = AGOPExplainer(regressor, method=method).fit(rows).explain(rows[:9])
    assert explained.shape == (9, 5)
    assert (np.abs(explained[:, CODES]).max(axis=0) > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_as_the_network_rewritten_for_one_hot_columns(method, net, rows):
    explainer = AGOPExplainer(net, method=method).fit(rows)
    encoder = OneHotEncoder(categories=[np.arange(CITIES), np.arange(PLANS)], sparse_output=False, dtype=np.float32)
    encode = make_column_transformer(("passthrough", [0, 2, 3]), (encoder, CODES))
    oracle = NeuralNetClassifier(Rewritten, module__net=net.module_, criterion=nn.CrossEntropyLoss).initialize()
    expected = AGOPExplainer(make_pipeline(encode.fit(rows), oracle), method=method).fit(rows).explain(rows, 1)
    assert_allclose(explainer.explain(rows, 1), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_input_times_gradient_by_hand(net, rows):
    module = net.module_.eval()
    x = torch.from_numpy(one_hot(rows))
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(Rewritten(module)(leaf)[:, 2].sum(), leaf)
    expected = folded(((x - x.mean(dim=0)) * gradient).numpy())
    assert_allclose(AGOPExplainer(module, method="ixg").fit(rows).explain(rows, 2), expected, atol=1e-5)


def test_near_the_networks_shapley_values(net, rows):
    own = shapley(net, rows, 20)
    assert cosine(AGOPExplainer(net).fit(rows).explain(rows[:20]), own).mean() > 0.95
    assert np.abs(own[:, 1]).mean() > 0.3 * np.abs(own).mean(), "the network uses the codes"


def test_lime_takes_codes_for_categories(net, rows):
    found = Lime(n_samples=500)(net, rows[:10], "predicted", rows, 0)
    assert cosine(found, shapley(net, rows, 10)).mean() > 0.5


class Ordered(Embedded):
    """The same behind a ColumnTransformer that puts both codes first."""

    def forward(self, x):
        return super().forward(x[:, [2, 0, 3, 4, 1]])


def to_float32(X):
    return np.asarray(X, dtype="float32")


@pytest.fixture
def table(rows):
    return pd.DataFrame(
        {
            "plan": np.array(list("abcdefg"))[rows[:, 4].astype(int)],
            "age": 40 + 10 * rows[:, 0],
            "city": pd.Categorical(np.array(["Athens", "Berlin", "Cairo", "Delhi", "Essen"])[rows[:, 1].astype(int)]),
            "income": rows[:, 2],
            "id": np.arange(600),
            "debt": rows[:, 3],
        },
        index=pd.Index(np.arange(600) * 2),
    )


@pytest.fixture
def pipeline(table, classes):
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        make_column_transformer((codes, ["city", "plan"]), (StandardScaler(), ["age", "income", "debt"])),
        FunctionTransformer(to_float32, feature_names_out="one-to-one"),
        trained(Ordered, np.zeros((8, 5), "float32"), np.zeros(8, "int64"), max_epochs=20),
    )
    return model.fit(table, classes)


class TestPipelines:
    def test_folded_back_to_the_users_columns(self, pipeline, table):
        explainer = AGOPExplainer(pipeline).fit(table)
        out = explainer.explain(table[:20])
        assert out.columns.tolist() == table.columns.tolist()
        assert out.index.equals(table.index[:20])
        assert not out["id"].any()
        assert cosine(out.to_numpy(), shapley(pipeline, table, 20)).mean() > 0.95
        assert set(explainer.effects_.columns[2].values) == {"Athens", "Berlin", "Cairo", "Delhi", "Essen"}

    def test_blocks_are_centred(self, pipeline, table):
        """What is added to all rows of a table, and taken from the bias behind it, changes nothing."""
        before = AGOPExplainer(pipeline, method="agop-ixg").fit(table).explain(table)
        module = pipeline[-1].module_
        with torch.no_grad():
            module.city.weight += 3.0
            module.body[0].bias -= module.body[0].weight[:, 3:6].sum(dim=1) * 3.0
        after = AGOPExplainer(pipeline, method="agop-ixg").fit(table).explain(table)
        assert_allclose(after, before, atol=1e-4 * np.abs(before.to_numpy()).max())

    def test_an_unknown_category(self, pipeline, table):
        explainer = AGOPExplainer(pipeline).fit(table)
        new = table[:3].assign(city=["Athens", "Faro", "Cairo"])
        with pytest.raises(ValueError, match="Column 'city' holds -1, which is none of the codes 0 to 4"):
            explainer.explain(new)

    def test_a_code_for_unknown_categories(self, table, classes):
        class Shifted(Ordered):
            def __init__(self):
                super().__init__()
                self.city = nn.Embedding(CITIES + 1, 3)

            def forward(self, x):
                return super().forward(torch.cat([x[:, :1] + 1, x[:, 1:]], dim=1))

        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        encode = make_column_transformer((codes, ["city", "plan"]), (StandardScaler(), ["age", "income", "debt"]))
        cast = FunctionTransformer(to_float32, feature_names_out="one-to-one")
        X = cast.transform(encode.fit_transform(table))
        explainer = AGOPExplainer(make_pipeline(encode, cast, trained(Shifted, X, classes, max_epochs=2))).fit(table)
        new = table[:3].assign(city=["Athens", "Faro", "Cairo"])
        explanation = explainer(new)
        assert explanation.gap is not None
        assert np.isfinite(explanation.values).all()


class TestTables:
    def test_a_frame_of_integers(self, rng):
        module = Integers()
        X = pd.DataFrame({name: rng.integers(0, 6, 300) for name in "abcd"})
        explainer = AGOPExplainer(module, method="ixg").fit(X)
        assert explainer.feature_map_.n_coordinates == 24
        scores = module(torch.tensor(X.to_numpy()))
        adapter = explainer._gathered.network
        torch.testing.assert_close(adapter.scores(adapter.tensor(adapter.encode(X))), scores)
        total = explainer.explain(X, 0).sum(axis=1)  # the network is linear in its one-hot columns
        assert_allclose(total, (scores[:, 0] - scores[:, 0].mean()).detach(), atol=1e-5)

    def test_codes_that_few_rows_have(self, rng):
        X = np.column_stack([np.zeros(3000), rng.random(3000), rng.integers(0, 3, 3000)]).astype("float32")
        X[2999, 0] = 4  # not among the rows that are tried first

        class Rare(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.last = nn.Embedding(5, 2), nn.Embedding(3, 2), nn.Linear(5, 2)

            def forward(self, x):
                return self.last(torch.cat([self.a(x[:, 0].long()), x[:, 1:2], self.b(x[:, 2].long())], dim=1))

        out = AGOPExplainer(Rare(), method="ixg").fit(X).explain(X)
        assert out[2999, 0] != 0

    def test_clamped_codes_end_where_they_are_known(self, rows):
        class Clamped(Embedded):
            def forward(self, x):
                return super().forward(torch.cat([x[:, :4], x[:, 4:].clamp(0, 3)], dim=1))

        X = rows.copy()
        X[:, 4] = X[:, 4].clip(0, 3)
        explainer = AGOPExplainer(Clamped()).fit(X)
        assert explainer.coordinate_names_[-1] == "x4=3"
        with pytest.raises(ValueError, match="'x4' holds 6"):
            explainer.explain(rows[rows[:, 4] == 6])
        with pytest.raises(ValueError, match="'x4'"):
            AGOPExplainer(Clamped()).fit(rows)

    @pytest.mark.parametrize("cell", [np.nan, 1.5, -1, 5])
    def test_cells_that_are_no_codes(self, net, rows, cell):
        explainer = AGOPExplainer(net).fit(rows)
        wrong = rows[:5].copy()
        wrong[2, 1] = cell
        with pytest.raises(ValueError, match=f"'x1' holds {cell:g}, which is none of the codes 0 to 4"):
            explainer.explain(wrong)

    def test_too_many_codes(self, rng):
        class Wide(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.last = nn.Embedding(100_000, 2), nn.Linear(3, 2)

            def forward(self, x):
                return self.last(torch.cat([x[:, :1], self.table(x[:, 1].long())], dim=1))

        X = np.column_stack([rng.random(300), rng.integers(0, 100_000, 300)])
        with pytest.raises(ValueError, match="looks up 100000 codes"):
            AGOPExplainer(Wide()).fit(X)

    def test_missing_numbers_are_still_named(self, net, rows):
        X = rows.copy()
        X[3, 0] = np.nan
        with pytest.raises(ValueError, match="NaN.*'x0'"):
            AGOPExplainer(net).fit(X)
        with pytest.raises(ValueError, match="NaN.*'x0'"):
            AGOPExplainer(net).fit(rows).explain(X)


class Uses(Embedded):
    """An embedding, and one more use of a column of codes."""

    def __init__(self, use, extra=1):
        super().__init__()
        self.use, self.extra = use, nn.Linear(extra, 3)

    def forward(self, x):
        return super().forward(x) + self.extra(self.use(x))


USES = {
    "a number": lambda x: x[:, 1:2],
    "a faint number": lambda x: 1e-4 * x[:, 1:2],
    "a threshold": lambda x: (x[:, 4:5] > 5).float(),
    "two codes compared": lambda x: (x[:, 1:2] == x[:, 4:5]).float(),
}


class TestRefusals:
    @pytest.mark.parametrize("use", USES)
    def test_codes_used_otherwise_as_well(self, use, rows):
        with pytest.raises(ValueError, match="'x[14]'"):
            AGOPExplainer(Uses(USES[use])).fit(rows)

    def test_one_hot_in_the_network(self, rows):
        def use(x):
            return nn.functional.one_hot(x[:, 1].long(), CITIES).float()

        with pytest.raises(ValueError, match="'x1'"):
            AGOPExplainer(Uses(use, CITIES)).fit(rows)

    @pytest.mark.parametrize(
        "change",
        [
            lambda x: torch.cat([x[:, :1], x[:, 1:2] * 2 % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], (x[:, 1:2] + x[:, 4:]) % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], (x[:, 1:2] + (x[:, :1] > 0)) % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], x[:, :1].round().clamp(0, 4), x[:, 2:]], dim=1),
        ],
    )
    def test_codes_that_are_computed(self, change, rows):
        class Computed(Embedded):
            def forward(self, x):
                return super().forward(change(x))

        with pytest.raises(ValueError, match="'x[014]'"):
            AGOPExplainer(Computed()).fit(rows)

    def test_renormalised_tables(self, rows):
        module = Embedded()
        module.city.max_norm = 1.0
        with pytest.raises(ValueError, match="'x1'"):
            AGOPExplainer(module).fit(rows)


class TestTheUsersModel:
    def test_left_as_it_was(self, net, rows):
        module = net.module_
        module.train()
        module.body[2].eval()
        before = copy.deepcopy(module.state_dict())
        grads, modes = [p.grad for p in module.parameters()], [m.training for m in module.modules()]
        AGOPExplainer(net).fit(rows).explain(rows)
        assert all(torch.equal(a, b) for a, b in zip(before.values(), module.state_dict().values(), strict=True))
        assert list(before) == list(module.state_dict())
        assert all(a is p.grad for a, p in zip(grads, module.parameters(), strict=True))
        assert modes == [m.training for m in module.modules()]
        assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in module.modules())
        assert type(net.module_) is Embedded
        assert torch.nn.functional.embedding.__module__ == "torch.nn.functional"

    def test_networks_without_codes_are_run_no_more_often(self, rows):
        class Counted(nn.Linear):
            runs = 0

            def forward(self, x):
                type(self).runs += 1
                return super().forward(x)

        assert embedded_codes(Counted(5, 2), torch.from_numpy(rows)) is None
        assert Counted.runs == 0

    def test_embeddings_of_positions_stay(self, rows):
        class Positions(nn.Module):
            def __init__(self):
                super().__init__()
                self.place, self.last = nn.Embedding(5, 4), nn.Linear(20, 2)

            def forward(self, x):
                return self.last((x[:, :, None] * self.place(torch.arange(5))).flatten(1))

        assert embedded_codes(Positions(), torch.from_numpy(rows)) is None
        assert AGOPExplainer(Positions()).fit(rows).feature_map_.is_identity


class TestKept:
    @pytest.mark.parametrize("method", ["agop", "agop-ixg"])
    def test_saved(self, method, pipeline, table, tmp_path):
        explainer = AGOPExplainer(pipeline, method=method).fit(table)
        explainer.save(tmp_path / "codes.agop")
        again = AGOPExplainer.load(tmp_path / "codes.agop", pipeline)
        pd.testing.assert_frame_equal(again.explain(table), explainer.explain(table))
        with pytest.raises(ValueError, match="'city' holds -1"):
            again.explain(table[:2].assign(city="Faro"))

    def test_another_network_is_refused(self, net, rows, classes, tmp_path):
        AGOPExplainer(net).fit(rows).save(tmp_path / "codes.agop")
        other = LogisticRegression().fit(rows, classes)
        with pytest.raises(ValueError, match="does not fit the saved explainer"):
            AGOPExplainer.load(tmp_path / "codes.agop", other)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
    def test_copied(self, copied, net, rows):
        explainer = AGOPExplainer(net).fit(rows)
        assert_allclose(copied(explainer).explain(rows), explainer.explain(rows), rtol=1e-6)

    def test_more_rows(self, net, rows):
        whole = AGOPExplainer(net, method="agop-ixg").fit(rows)
        parts = AGOPExplainer(net, method="agop-ixg").partial_fit(rows[:400]).partial_fit(rows[400:])
        assert_allclose(parts.agop_, whole.agop_, atol=1e-5 * whole.agop_.max())

    def test_gathered_while_training(self, rows, classes, tmp_path):
        callback = AGOPCallback()
        net = trained(Embedded, rows, classes, callbacks=[callback], max_epochs=3)
        while_training = AGOPExplainer.from_callback(callback, net)
        explainer = AGOPExplainer(net, method="agop-ixg").fit(rows)
        assert_allclose(while_training.agop_, explainer.agop_, rtol=1e-4, atol=1e-7)
        assert_allclose(while_training.explain(rows), explainer.explain(rows), rtol=1e-3, atol=1e-5)
        alone = AGOPExplainer.from_callback(pickle.loads(pickle.dumps(callback)), method="agop-global")
        expected = AGOPExplainer(net, method="agop-global").fit(rows).explain(rows[:2])
        assert_allclose(alone.explain(rows[:2]), expected, rtol=1e-4)


class TestEnsembles:
    @pytest.mark.parametrize("behind", [False, True])
    def test_votes(self, behind, pipeline, net, rows, table, classes, tmp_path):
        if behind:
            X, members = table, [("a", pipeline), ("b", make_pipeline(pipeline[0], LogisticRegression()))]
        else:
            X, members = rows, [("a", net), ("b", LogisticRegression()), ("c", net)]
        model = VotingClassifier(members, voting="soft").fit(X, classes)
        explainer = AGOPExplainer(model).fit(X)
        assert_allclose(probabilities(explainer, X), model.predict_proba(X), atol=1e-6)
        assert cosine(np.asarray(explainer.explain(X[:20])), shapley(model, X, 20)).mean() > 0.95
        explainer.save(tmp_path / "vote.agop")
        again = AGOPExplainer.load(tmp_path / "vote.agop", model)
        assert_allclose(again.explain(X[:10]), explainer.explain(X[:10]))

    def test_stacks(self, net, rows, classes):
        model = StackingClassifier([("a", net), ("b", LogisticRegression())], LogisticRegression(), cv=2)
        model.fit(rows, classes)
        explainer = AGOPExplainer(model, method="agop-ixg").fit(rows)
        assert_allclose(probabilities(explainer, rows), model.predict_proba(rows), atol=1e-6)
        assert explainer.explain(rows).shape == rows.shape

    def test_of_ensembles_are_refused(self, net, rows, classes):
        inner = VotingClassifier([("a", net), ("b", LogisticRegression())], voting="soft")
        model = VotingClassifier([("v", inner), ("b", LogisticRegression())], voting="soft").fit(rows, classes)
        with pytest.raises(ValueError, match="'x1', 'x4'"):
            AGOPExplainer(model).fit(rows)
