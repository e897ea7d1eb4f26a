"""Column transformers as users write them, and a skorch net that takes whatever width they return."""

import numpy as np
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from support.nets import MLP

COLUMNS = ["age", "income", "city", "member", "plan", "visits"]


def float32():
    return FunctionTransformer(np.float32, feature_names_out="one-to-one")


def skorch_net(**params):
    torch.manual_seed(0)
    return NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        max_epochs=2,
        lr=0.05,
        verbose=0,
        module__n_in=1,
        callbacks=[InputShapeSetter(param_name="n_in")],
        **params,
    )


def numeric():
    return make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())


NUMBERS, TEXT = ["age", "income", "visits"], ["city", "plan"]

PREPROCESSING = {
    "dense one-hot": lambda: make_column_transformer(
        (OneHotEncoder(sparse_output=False), TEXT), (numeric(), NUMBERS), ("passthrough", ["member"])
    ),
    "sparse one-hot": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (numeric(), NUMBERS), ("passthrough", ["member"]), sparse_threshold=1
    ),
    "remainder": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (numeric(), NUMBERS), remainder="passthrough", verbose_feature_names_out=False
    ),
    "drop first": lambda: make_column_transformer((OneHotEncoder(drop="first"), TEXT), (numeric(), NUMBERS)),
    "drop if binary": lambda: make_column_transformer((OneHotEncoder(drop="if_binary"), TEXT), (numeric(), NUMBERS)),
    "infrequent": lambda: make_column_transformer((OneHotEncoder(min_frequency=0.2), TEXT), (numeric(), NUMBERS)),
    "ordinal": lambda: make_column_transformer((OrdinalEncoder(), TEXT), (numeric(), NUMBERS)),
    "selectors": lambda: make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include=["category", object])),
        (numeric(), make_column_selector(dtype_include="number")),
    ),
    "pandas out": lambda: make_column_transformer(
        (OneHotEncoder(sparse_output=False), TEXT), (numeric(), NUMBERS)
    ).set_output(transform="pandas"),
    "scaled one-hot": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=1),
        StandardScaler(with_mean=False),
        MaxAbsScaler(),
    ),
    "centred one-hot": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0), StandardScaler()
    ),
    "union": lambda: make_union(
        make_column_transformer((OneHotEncoder(), TEXT)),
        make_column_transformer((make_pipeline(numeric(), KBinsDiscretizer(3)), NUMBERS)),
    ),
    "bins, splines and powers": lambda: make_column_transformer(
        (make_pipeline(numeric(), KBinsDiscretizer(3, encode="onehot-dense")), ["age"]),
        (SplineTransformer(4), ["age"]),
        (make_pipeline(SimpleImputer(), StandardScaler(), PolynomialFeatures(3)), ["income"]),
        (OneHotEncoder(), TEXT),
    ),
    "selection": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0),
        VarianceThreshold(),
        SelectKBest(k=5),
    ),
    "knn imputer": lambda: make_column_transformer(
        (OneHotEncoder(), TEXT), (make_pipeline(KNNImputer(add_indicator=True), StandardScaler()), NUMBERS)
    ),
    "target": lambda: make_column_transformer((TargetEncoder(random_state=0), TEXT), (numeric(), NUMBERS)),
    "unknown transformer": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), TEXT), (numeric(), NUMBERS), sparse_threshold=0),
        FunctionTransformer(lambda X: np.hstack([X[:, 1:], X[:, :1] ** 2]).astype("float32")),
    ),
}
