"""Estimators around networks, and their scores, computed without the package."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import scipy.special
import torch
from fuzz.networks import ACTIVATIONS, RIGHT, WRONG, Embedded, Normalised, mlp
from fuzz.tables import OTHERS, Table, mixed_tables, numeric_tables
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import InputShapeSetter
from torch import nn

SCALERS = {
    "standard": StandardScaler,
    "robust": RobustScaler,
    "spline": lambda: make_pipeline(StandardScaler(), SplineTransformer(n_knots=4)),
    "power": lambda: make_pipeline(StandardScaler(), PowerTransformer()),
    "quantile": lambda: QuantileTransformer(n_quantiles=5),
    "bins": lambda: KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"),
    "none": lambda: "passthrough",
}
CODERS = {
    "one-hot": lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "sparse one-hot": lambda: OneHotEncoder(handle_unknown="ignore"),
    "infrequent": lambda: OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2, sparse_output=False),
    "ordinal": lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
}
ENDS = ("MLPClassifier", "MLPRegressor", "LogisticRegression", "Ridge", "skorch classifier", "skorch regressor")


@dataclass(frozen=True)
class Model:
    """What an estimator is made of; its weights follow from a seed."""

    wrapper: str
    network: str
    activation: str
    n_out: int
    double: bool
    normalised: bool
    gain: float = 1.0
    scaler: str = "standard"
    coder: str = "one-hot"

    @property
    def wrong(self):
        return self.network in WRONG

    @property
    def is_classifier(self):
        return self.wrapper in (
            "module",
            "skorch classifier",
            "skorch binary",
            "MLPClassifier",
            "LogisticRegression",
        ) and (self.n_out > 1 or self.wrapper != "module")

    def fitted(self, table, X, seed):
        """The estimator, fitted on rows."""
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        needs_coding = table.container == "frame" and any(kind in OTHERS for kind in table.columns)
        if needs_coding or (self.wrapper in ENDS and not self.wrapper.startswith("skorch")):
            return self._pipeline(table, X, rng)
        module = self._module(table, X)
        if self.wrapper == "module":
            if self.n_out > 1:
                module.classes_ = list(range(self.n_out))
            return module.eval()
        if self.wrapper == "outputs":
            module.classes_ = None
            return module.eval()
        return self._skorch(module, np.asarray(X, dtype="float64" if self.double else "float32"), rng)

    def _module(self, table, X):
        make = (RIGHT | WRONG).get(self.network)
        codes = table.codes()
        module = (
            Embedded(table.d, self.n_out, codes, self.activation)
            if codes
            else make(table.d, self.n_out, self.activation)
        )
        with torch.no_grad():
            for layer in module.modules():
                if isinstance(layer, nn.Linear):
                    layer.weight *= self.gain
        if self.normalised and not codes:
            values = torch.as_tensor(np.array(X, dtype="float64"))
            scale = values.std(dim=0, correction=0)
            module = Normalised(module, values.mean(dim=0).float(), torch.where(scale > 0, scale, 1.0).float())
        return module.double() if self.double else module

    def _skorch(self, module, X, rng):
        binary, regressor = self.wrapper == "skorch binary", self.wrapper == "skorch regressor"
        kind = NeuralNetBinaryClassifier if binary else NeuralNetRegressor if regressor else NeuralNetClassifier
        more = {} if binary or regressor else {"criterion": nn.CrossEntropyLoss}
        net = kind(
            Flat(module) if binary else module,
            max_epochs=2,
            lr=0.01,
            batch_size=512,
            verbose=0,
            train_split=None,
            **more,
        )
        y = self._labels(len(X), rng, X.dtype)
        return net.fit(X, y) if len(X) > 1 else net.initialize()

    def _labels(self, n, rng, dtype="float32"):
        if self.wrapper in ("skorch regressor", "MLPRegressor", "Ridge"):
            shape = (n, self.n_out) if self.n_out > 1 or self.wrapper == "skorch regressor" else (n,)
            return rng.normal(size=shape).astype(dtype)
        n_classes = 2 if self.wrapper == "skorch binary" else max(2, self.n_out)
        y = np.arange(n) % n_classes
        return y.astype("float32" if self.wrapper == "skorch binary" else "int64")

    def _pipeline(self, table, X, rng):
        names = list(X.columns) if table.container == "frame" else list(range(table.d))
        numbers = [name for name, kind in zip(names, table.columns, strict=True) if kind not in TEXT]
        text = [name for name, kind in zip(names, table.columns, strict=True) if kind in TEXT]
        parts = [(make_pipeline(_as_float(), SimpleImputer(keep_empty_features=True), SCALERS[self.scaler]()), numbers)]
        if text:
            parts.append((make_pipeline(_as_text(), CODERS[self.coder]()), text))
        last = self._last()
        y = self._labels(len(X), rng)
        if self.wrapper.startswith("skorch"):
            parts = [make_column_transformer(*parts), FunctionTransformer(np.float32), last]
            parts[0].sparse_threshold = 0
            return make_pipeline(*parts).fit(X, y)
        return make_pipeline(make_column_transformer(*parts), last).fit(X, y)

    def _last(self):
        act = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}.get(self.activation, "identity")
        small = {"hidden_layer_sizes": (WIDTH_OF_SKLEARN,), "max_iter": 3, "activation": act, "random_state": 0}
        made = {
            "MLPClassifier": lambda: MLPClassifier(**small),
            "MLPRegressor": lambda: MLPRegressor(**small),
            "LogisticRegression": lambda: LogisticRegression(max_iter=20),
            "Ridge": Ridge,
        }
        if self.wrapper in made:
            return made[self.wrapper]()
        kind, more = NeuralNetClassifier, {"criterion": nn.CrossEntropyLoss}
        if self.wrapper == "skorch regressor":
            kind, more = NeuralNetRegressor, {}
        return kind(
            Mlp, module__n_out=self.n_out, module__activation=self.activation, max_epochs=2, lr=0.01, verbose=0,
            module__n_in=1, callbacks=[InputShapeSetter(param_name="n_in")], train_split=None, **more,
        )  # fmt: skip


WIDTH_OF_SKLEARN = 6
TEXT = ("category", "text", "many levels", "missing text")


class Mlp(nn.Module):
    """An MLP by its width."""

    def __init__(self, n_in, n_out, activation):
        super().__init__()
        self.body = mlp(n_in, n_out, activation)

    def forward(self, x):
        return self.body(x)


class Flat(nn.Module):
    """A module of one output as skorch's binary classifier wants it."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x)[:, 0]


def _numbers(X):
    return X.astype("float64") if hasattr(X, "astype") else np.array(X, dtype="float64")


def _text(X):
    return X.astype(object).where(X.notna(), "missing")


def _as_text():
    return FunctionTransformer(_text, feature_names_out="one-to-one")


def _as_float():
    return FunctionTransformer(_numbers, feature_names_out="one-to-one")


def raw_scores(estimator, X, double=False):
    """Outputs (n, C) of the network for the user's rows, computed without the package."""
    if isinstance(estimator, nn.Module):
        return _of_module(estimator, np.array(X, dtype="float64"), double)
    if hasattr(estimator, "steps"):
        return raw_scores(estimator[-1], estimator[:-1].transform(X), double)
    X = X.toarray() if hasattr(X, "toarray") else np.array(X, dtype="float64")
    if hasattr(estimator, "module_"):
        return _of_module(estimator.module_, X, double)
    if hasattr(estimator, "coefs_"):
        hidden, act = X, SKLEARN_ACTIVATIONS[estimator.activation]
        for W, b in list(zip(estimator.coefs_, estimator.intercepts_, strict=True))[:-1]:
            hidden = act(hidden @ W + b)
        return hidden @ estimator.coefs_[-1] + estimator.intercepts_[-1]
    found = estimator.decision_function(X) if hasattr(estimator, "decision_function") else estimator.predict(X)
    return found.reshape(len(X), -1)


SKLEARN_ACTIVATIONS = {
    "identity": lambda h: h,
    "relu": lambda h: np.maximum(h, 0),
    "tanh": np.tanh,
    "logistic": scipy.special.expit,
}


def _of_module(module, X, double):
    dtype = next(module.parameters()).dtype
    X = torch.as_tensor(X).to(dtype)
    if double:
        module, dtype = deepcopy(module).double(), torch.float64
    was = module.training
    module.eval()
    with torch.no_grad():
        out = module(X.to(dtype))
    module.train(was)
    return out.double().numpy().reshape(len(X), -1)


def explained_scores(model, estimator, X, contrast):
    """Scores (n, C) as docs/method.md defines them: ±s for a single logit, less the others' mean in contrast."""
    s = raw_scores(estimator, X)
    if model.is_classifier and s.shape[1] == 1:
        return np.hstack((-s, s))
    n = s.shape[1]
    return s - (s.sum(axis=1, keepdims=True) - s) / (n - 1) if contrast and n > 1 else s


@st.composite
def models_with_tables(draw):
    """A model and a table that it reads."""
    kind = draw(st.sampled_from(["bare", "bare", "bare", "skorch", "pipeline", "pipeline", "wrong"]))
    activation = draw(st.sampled_from(list(ACTIVATIONS)))
    n_out = draw(st.sampled_from([1, 2, 3]))
    double, normalised = draw(st.booleans()), draw(st.booleans())
    if kind == "wrong":
        network = draw(st.sampled_from(list(WRONG)))
        return Model("module", network, activation, n_out, double, normalised), draw(numeric_tables())
    if kind == "pipeline":
        end, table = draw(st.sampled_from(ENDS)), draw(mixed_tables())
        n_out = max(2, n_out) if end in ("MLPClassifier", "LogisticRegression", "skorch classifier") else n_out
        scaler, coder = draw(st.sampled_from(list(SCALERS))), draw(st.sampled_from(list(CODERS)))
        table = Table(table.columns, max(table.n, 2 * n_out), table.container)  # rows of each class, for splines two
        return Model(end, "mlp", activation, n_out, False, False, 1.0, scaler, coder), table
    table = draw(numeric_tables(codes=True))
    network = draw(st.sampled_from(list(RIGHT)))
    if kind == "bare":
        wrapper = draw(st.sampled_from(["module", "module", "outputs"]))
    else:
        wrapper = draw(st.sampled_from(["skorch classifier", "skorch binary", "skorch regressor"]))
        n_out = {"skorch classifier": max(2, n_out), "skorch binary": 1}.get(wrapper, n_out)
        double = False
    return Model(wrapper, network, activation, n_out, double, normalised, draw(st.sampled_from([1.0, 1.0, 3.0]))), table
