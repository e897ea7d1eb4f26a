"""AutoGluon's TabularPredictor: its torch networks, alone, in bags and in weighted ensembles.

Categories are embedded; a network is differentiated at its numeric columns and at the embeddings' outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor, nn

from agop_tabular.adapters.ensembles import PREDICT, PROBA, ensemble_of
from agop_tabular.adapters.registry import adapts
from agop_tabular.adapters.votes import Average
from agop_tabular.models.adapter import Adapter


class AutoGluonRows(TransformerMixin, BaseEstimator):
    """The user's rows as what the first layer of one of AutoGluon's networks reads.

    Parameters
    ----------
    predictor : autogluon.tabular.TabularPredictor
    model : TabularNeuralNetTorchModel
    """

    def __init__(self, predictor: Any, model: Any):
        self.predictor = predictor
        self.model = model

    def fit(self, X: Any, y: Any = None) -> Any:
        """Nothing is left to be fitted."""
        return self

    @torch.no_grad()
    def transform(self, X: Any) -> np.ndarray:
        """Numeric columns, then the embeddings of the others, (n, p)."""
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
        """Place of the user's column behind each coordinate, and what tells it from the column's others."""
        place = {name: j for j, name in enumerate(names)}
        data = self._known()
        vector: dict[int, str] = {}
        if data.has_vector_features:
            vector = {k: feature for feature, columns in data.vecfeature_col_map.items() for k in columns}
        features = [vector[k] for k in range(len(vector))]
        labels = [f"[{data.vecfeature_col_map[f].index(k)}]" for k, f in enumerate(features)]
        embedded = data.feature_groups["embed"] if data.has_embed_features else []
        for feature, block in zip(embedded, self._blocks(), strict=True):
            features += [feature] * block.embedding_dim
            labels += [f" embedded[{k}]" for k in range(block.embedding_dim)]
        links = self.predictor._learner.feature_generator.get_feature_links()
        origin = {made: [o for o, many in links.items() if made in many] for made in dict.fromkeys(features)}
        mixed = [made for made, origins in origin.items() if len(origins) != 1]
        if mixed:
            raise ValueError(f"AutoGluon makes {mixed[0]!r} of several columns, so it cannot be folded back to one.")
        return [place[origin[made][0]] for made in features], labels

    def _known(self) -> Any:
        """A data set of no rows that matter: it knows the network's features."""
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
    """AutoGluon's network behind its embeddings."""

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
    """The best model of a predictor, as far as it is made of torch networks.

    Of a weighted ensemble, those members that have no gradient are left out; ``coverage`` says which share of the
    weight is explained. Half of it must be.
    """
    shares = _networks(predictor, predictor.model_best)
    covered = sum(share for _, share in shares)
    if covered < 0.5:
        raise TypeError(
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
        adapter: Any = members[0]
        adapter.classes = classes
    else:
        combine = Average([share for _, share in shares], len(shares))
        adapter = ensemble_of(members, [PROBA if classifies else PREDICT] * len(members), combine, classes=classes)
    adapter.coverage = float(covered)
    return adapter


def _classes(predictor: Any, model: Any) -> np.ndarray:
    """Labels of the network's outputs; AutoGluon trains without classes of too few rows."""
    n_outputs = [layer.out_features for layer in model.model.main_block if isinstance(layer, nn.Linear)][-1]
    return np.asarray(predictor._learner.label_cleaner.inverse_transform(pd.Series(np.arange(n_outputs))))


def _networks(predictor: Any, name: str) -> list[tuple[Any, float]]:
    """The torch networks that a model is made of, with their shares of its weight."""
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
