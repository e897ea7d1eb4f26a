"""AutoGluon's TabularPredictor: its torch networks, alone, in bags and in weighted ensembles.

Their coordinates are the numeric columns and the outputs of the categories' embeddings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor, nn

from agop_tabular.adapters.ensemble_module import PREDICT, PROBA
from agop_tabular.adapters.ensembles import ensemble_of
from agop_tabular.adapters.registry import adapts
from agop_tabular.adapters.votes import Average
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.no_gradient import NoGradientError

LEAST_COVERAGE = 0.5
"""Smallest share of an ensemble's weight that is explained: with less, the explanation would be of a minority."""


class AutoGluonRows(TransformerMixin, BaseEstimator):
    """Converts the user's rows to the input of the first layer of one of AutoGluon's networks.

    Parameters
    ----------
    predictor : autogluon.tabular.TabularPredictor
    model : TabularNeuralNetTorchModel
    """

    def __init__(self, predictor: Any, model: Any):
        self.predictor = predictor
        self.model = model

    def fit(self, X: Any, y: Any = None) -> Any:
        """Do nothing: there is nothing to fit."""
        return self

    @torch.no_grad()
    def transform(self, X: Any) -> np.ndarray:
        """Numeric columns, then the embeddings of the others (n, p)."""
        names = self.predictor._learner.feature_generator.features_in
        X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X, columns=names)
        data = self._data(self.model.preprocess(self.predictor.transform_features(X)))
        parts = []
        if data.has_vector_features:
            parts.append(np.asarray(data.data_list[data.vectordata_index], dtype=np.float32))
        for block, place in zip(self._blocks(), data.embed_indices if data.has_embed_features else [], strict=True):
            codes = torch.as_tensor(np.asarray(data.data_list[place])).to(next(block.parameters()).device)
            parts.append(block(codes).cpu().numpy())
        return np.concatenate(parts, axis=1)

    def source_columns(self, names: list[str]) -> tuple[list[int], list[str]]:
        """Place of the user's column behind each coordinate, and what a coordinate's name has behind the column's.

        Raises
        ------
        ValueError
            If AutoGluon computes a feature from several columns.
        """
        place = {name: j for j, name in enumerate(names)}
        features, labels = self._features()
        origin = self._columns_of_features(features)
        return [place[origin[feature]] for feature in features], labels

    def _features(self) -> tuple[list[str], list[str]]:
        """AutoGluon's feature behind each coordinate, and what its name has behind the feature's."""
        data = self._data_without_rows()
        vector: dict[int, str] = {}
        if data.has_vector_features:
            vector = {k: feature for feature, columns in data.vecfeature_col_map.items() for k in columns}
        features = [vector[k] for k in range(len(vector))]
        labels = [f"[{data.vecfeature_col_map[f].index(k)}]" for k, f in enumerate(features)]
        embedded = data.feature_groups["embed"] if data.has_embed_features else []
        for feature, block in zip(embedded, self._blocks(), strict=True):
            features += [feature] * block.embedding_dim
            labels += [f" embedded[{k}]" for k in range(block.embedding_dim)]
        return features, labels

    def _columns_of_features(self, features: list[str]) -> dict[str, str]:
        """The user's column that each feature is computed from."""
        links = self.predictor._learner.feature_generator.get_feature_links()
        origins = {feature: [o for o, made in links.items() if feature in made] for feature in dict.fromkeys(features)}
        mixed = [feature for feature, columns in origins.items() if len(columns) != 1]
        if mixed:
            raise NoGradientError(
                f"AutoGluon computes {mixed[0]!r} from several columns, so attributions cannot be folded back to them. "
                "Switch off this feature in its feature_generator, and fit the predictor again."
            )
        return {feature: columns[0] for feature, columns in origins.items()}

    def _data_without_rows(self) -> Any:
        """AutoGluon's data set of one empty row, which describes the network's features."""
        if not hasattr(self, "_data_"):
            names = self.predictor._learner.feature_generator.features_in
            empty = pd.DataFrame({name: pd.Series([None], dtype=object) for name in names})
            self._data_ = self._data(self.model.preprocess(self.predictor.transform_features(empty)))
        return self._data_

    def _data(self, rows: Any) -> Any:
        return self.model._process_test_data(rows)

    def _blocks(self) -> Any:
        return getattr(self.model.model, "embed_blocks", None) or []

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _Network(nn.Module):
    """The part of AutoGluon's network behind its embeddings."""

    def __init__(self, model: Any):
        super().__init__()
        self.net = model.model

    def forward(self, x: Tensor) -> Tensor:
        net = self.net
        out: Tensor = net.main_block(x)
        if net.problem_type != "regression" or net.y_constraint is None:
            return out
        if net.y_constraint == "nonnegative":
            return net.y_lower + out.abs()
        if net.y_constraint == "nonpositive":
            return net.y_upper - out.abs()
        return torch.sigmoid(out) * net.y_span + net.y_lower


@adapts("autogluon.TabularPredictor")
def autogluon_predictor(predictor: Any) -> Adapter:
    """The best model of a predictor, if torch networks have at least half of its weight.

    Members of a weighted ensemble that have no gradient are left out; ``coverage`` is the share of the weight that is
    explained.
    """
    shares = _networks(predictor, predictor.model_best)
    covered = sum(share for _, share in shares)
    if covered < LEAST_COVERAGE:
        raise NoGradientError(
            f"AutoGluon's {predictor.model_best} cannot be explained by its gradient: {covered:.0%} of its weight is "
            "on torch networks, the rest on models without a gradient."
        )
    classifies = predictor.problem_type in ("binary", "multiclass")
    members = [
        Adapter(
            _Network(model),
            kind="classifier" if classifies else "regressor",
            preprocessing=(AutoGluonRows(predictor, model),),
        )
        for model, _ in shares
    ]
    classes = _classes(predictor, shares[0][0]) if classifies else None
    if len(members) == 1:
        adapter = members[0]
        adapter.classes = classes
    else:
        combine = Average([share for _, share in shares], len(shares))
        adapter = ensemble_of(members, [PROBA if classifies else PREDICT] * len(members), combine, classes=classes)
    adapter.coverage = float(covered)
    return adapter


def _classes(predictor: Any, model: Any) -> np.ndarray:
    """Labels of the network's outputs; AutoGluon leaves out classes with too few rows."""
    n_outputs = [layer.out_features for layer in model.model.main_block if isinstance(layer, nn.Linear)][-1]
    return np.asarray(predictor._learner.label_cleaner.inverse_transform(pd.Series(np.arange(n_outputs))))


def _networks(predictor: Any, name: str) -> list[tuple[Any, float]]:
    """The torch networks in a model, and the share of its weight that each of them has."""
    model = predictor._trainer.load_model(name)
    if getattr(model, "temperature_scalar", None) or getattr(model, "params_aux", {}).get("temperature_scalar"):
        return []
    kind = type(model).__name__
    if kind == "TabularNeuralNetTorchModel":
        return [(model, 1.0)]
    if kind == "WeightedEnsembleModel" or hasattr(model, "_get_model_weights"):
        weights = model._get_model_weights()
        return [(m, float(w) * share) for base, w in weights.items() for m, share in _networks(predictor, base)]
    if hasattr(model, "load_child") and hasattr(model, "models"):
        children = [model.load_child(child) for child in model.models]
        if all(type(child).__name__ == "TabularNeuralNetTorchModel" for child in children):
            return [(child, 1.0 / len(children)) for child in children]
    return []
