"""The pipeline that the ROAR study trains and retrains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import InputShapeSetter
from torch import nn

from agop_tabular.networks.batches import batched
from benchmarks.shared.networks import perceptron


class MLP(nn.Sequential):
    """Two hidden ReLU layers; skorch sets ``n_in`` to the width of the encoded table."""

    def __init__(self, n_in: int = 1):
        super().__init__(*perceptron(n_in, (128, 64), 2))


class Maker:
    """Makes the unfitted pipeline of a seed; a class, since joblib has to pickle it."""

    def __init__(self, epochs: int):
        self.epochs = epochs

    def __call__(self, seed: int) -> Any:
        torch.manual_seed(seed)
        columns = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
            (StandardScaler(), make_column_selector(dtype_include="number")),
            sparse_threshold=0,
        )
        net = NeuralNetClassifier(
            MLP,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=3e-3,
            batch_size=512,
            max_epochs=self.epochs,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[InputShapeSetter(param_name="n_in")],
            verbose=0,
            **batched(),
        )
        return make_pipeline(columns, FunctionTransformer(_float32, feature_names_out="one-to-one"), net)


def ranking_model(epochs: int, seed: int) -> Any:
    """The unfitted pipeline that a ranking is made from; no retraining has its seed."""
    return Maker(epochs)(10_000 + seed)


def scores(model: Any, X: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Accuracy and ROC-AUC from one pass."""
    probability = model.predict_proba(X)[:, 1]
    return {
        "accuracy": float(((probability > 0.5) == y).mean()),
        "roc_auc": float(roc_auc_score(y, probability)),
    }


def _float32(X: np.ndarray) -> np.ndarray:
    return np.asarray(X, dtype=np.float32)
