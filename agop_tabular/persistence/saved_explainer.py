"""SavedExplainer: a fitted explainer as it is saved and loaded, and the way from and to a file's header and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agop_tabular.adapters import adapt
from agop_tabular.attribution.by_effects import FittedEffectsMethod
from agop_tabular.attribution.method import Settings
from agop_tabular.attribution.methods import method_named
from agop_tabular.audit.result import Audit
from agop_tabular.fitting.fit import Fit, fit_method
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.gate.noise_floor import Gate
from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fitted import is_fitted
from agop_tabular.persistence.adapter_specs import PREFIX
from agop_tabular.persistence.audit_record import audit_from_json, audit_to_json
from agop_tabular.persistence.contents import (
    MAP_ARRAYS,
    map_from,
    state_from,
    statistics_from_file,
    statistics_to_file,
)
from agop_tabular.persistence.header import (
    FORMAT,
    Header,
    Images,
    classes_from_json,
    classes_to_json,
    gate_from_json,
    gate_to_json,
)
from agop_tabular.persistence.network_record import NetworkRecord, probe_coordinates
from agop_tabular.persistence.parameters import param_to_json, params_from_json
from agop_tabular.persistence.specs import SINGLE


@dataclass(frozen=True, eq=False)
class SavedExplainer:
    """A fitted explainer as it is saved and loaded.

    Attributes
    ----------
    params : dict
        Parameters by name, without the estimator, as they are now.
    fitted : dict
        Those that it was fitted with.
    model : ExplainedModel
        Without an adapter where it is loaded without an estimator.
    statistics : TrainingStatistics
        Without background rows when loaded.
    baseline : Tensor of shape (p,)
    gate : Gate or None
    n_features_in : int
    feature_names_in : list of str or None
    network : NetworkRecord
    images : dict or None
        What an image explainer keeps.
    audit : Audit or None
    """

    params: dict[str, Any]
    fitted: dict[str, Any]
    model: ExplainedModel
    statistics: TrainingStatistics
    baseline: Tensor
    gate: Gate | None
    n_features_in: int
    feature_names_in: list[str] | None
    network: NetworkRecord
    images: dict[str, Any] | None = None
    audit: Audit | None = None

    @classmethod
    def of(cls, explainer: Any, images: dict[str, Any] | None = None) -> SavedExplainer:
        """All that is saved of a fitted explainer of tables; of images, where it explains these as rows.

        Parameters
        ----------
        explainer : AGOPExplainer
        images : dict, optional
        """
        params = {name: value for name, value in explainer.get_params(deep=False).items() if name != "estimator"}
        model, statistics = explainer.model_, explainer.statistics_
        connected = model.adapter is not None
        names = getattr(explainer, "feature_names_in_", None)
        return cls(
            params,
            explainer.fitted_params_,
            model,
            statistics,
            torch.from_numpy(explainer.baseline_),
            explainer.gate_,
            explainer.n_features_in_,
            None if names is None else list(names),
            NetworkRecord.of(model, statistics.coordinates) if connected else explainer.network_record_,
            images,
            getattr(explainer, "audit_", None),
        )

    def to_file(self) -> tuple[Header, dict[str, Tensor]]:
        """Header and tensors.

        Raises
        ------
        ValueError
            Where labels, or a baseline, are such as a file cannot hold.
        """
        model = self.model
        columns, tensors = statistics_to_file(self.statistics)
        tensors |= {"probe_scores": self.network.probe_scores, "baseline": self.baseline}
        tensors |= {name: torch.from_numpy(getattr(model.feature_map, name)) for name in MAP_ARRAYS}
        tensors |= {f"{PREFIX}{name}": t for name, t in self.network.state.to_tensors().items()}
        state = {
            "format": FORMAT,
            "params": {name: param_to_json(name, value) for name, value in self.params.items()},
            "fitted": {name: param_to_json(name, value) for name, value in self.fitted.items()},
            "contrast": float(model.contrast),
            "output": model.output,
            "log_odds": model.log_odds,
            "n": self.statistics.n,
            "names": list(model.feature_map.names),
            "coordinate_names": list(model.feature_map.coordinate_names),
            "feature_names_in": self.feature_names_in,
            "n_features_in": self.n_features_in,
            "score_names": list(model.score_names),
            "classes": classes_to_json(model.classes),
            "network": self.network.fingerprint,
            "columns": columns,
            "images": self._images_to_json(),
            "gate": gate_to_json(self.gate),
            "moment": self.statistics.gradients.kind,
            "adapter": self.network.state.tags(),
            "audit": audit_to_json(self.audit),
        }
        return Header.of(state), {name: tensor.contiguous() for name, tensor in tensors.items()}

    def _images_to_json(self) -> dict[str, Any] | None:
        if self.images is None:
            return None
        params = {name: param_to_json(name, value) for name, value in self.images["params"].items()}
        return self.images | {"params": params, "shape": list(self.images["shape"])}

    @classmethod
    def from_file(cls, header: Header, tensors: Mapping[str, Tensor]) -> SavedExplainer:
        """From a header and tensors that have been checked; without an adapter.

        Parameters
        ----------
        header : Header
        tensors : mapping of str to Tensor
        """
        classes = classes_from_json(None if header.classes is None else vars(header.classes))
        known_fingerprint = header.network if header.format > 6 else ""
        explained = (float(header.contrast), tuple(header.score_names), classes)
        model = ExplainedModel(
            None, map_from(header, tensors), *explained, output=header.output, log_odds=header.log_odds
        )
        return cls(
            params_from_json(header.params),
            params_from_json(header.fitted),
            model,
            statistics_from_file(header, tensors),
            tensors["baseline"],
            gate_from_json(None if header.gate is None else vars(header.gate), model.feature_map.names),
            header.n_features_in,
            header.feature_names_in,
            NetworkRecord(known_fingerprint, tensors["probe_scores"], state_from(header, tensors)),
            images_from_json(header.images),
            audit_from_json(header.audit),
        )

    def fit(self) -> Fit:
        """The method, fitted to the statistics, and all else that a fit results in.

        Raises
        ------
        ValueError
            Where the statistics are such that effects would be no numbers.
        """
        fitted = self.fitted
        settings = Settings(fitted.get("rank", "auto"), fitted.get("standardize", True), self.baseline)
        method = fit_method(method_named(fitted.get("method", "agop")), self.model, self.statistics, settings)
        if isinstance(method, FittedEffectsMethod):
            effects = method.effects
            tables = (*effects.mains, *(factors.square() for factors in effects.factors))
            # NaN is not below, either
            if not all(bool((table.abs() < SINGLE).all()) for table in tables):
                raise ValueError("The saved effects are no numbers of a score; save the explainer again.")
        return Fit(self.model, self.statistics, method, self.gate)


def images_from_json(images: Images | None) -> dict[str, Any] | None:
    """What an image explainer keeps, from what a file says of it."""
    if images is None:
        return None
    params = None if images.params is None else params_from_json(images.params)
    return vars(images) | {"params": params, "shape": tuple(images.shape)}


def connected(saved: SavedExplainer, estimator: Any, device: Any) -> ExplainedModel:
    """The model of a saved explainer with the adapter of an estimator, checked against it.

    Parameters
    ----------
    saved : SavedExplainer
    estimator : object
    device : str, torch.device or None

    Raises
    ------
    ValueError
        Where the estimator does not fit.
    """
    coordinates, first_layer = probe_coordinates(saved.statistics.coordinates), saved.fitted.get("moment") != "dense"
    return reconnected(saved.model, saved.network.state, coordinates, estimator, device, first_layer=first_layer)


def reconnected(
    model: ExplainedModel, state: AdapterState, coordinates: Tensor, estimator: Any, device: Any, *, first_layer: bool
) -> ExplainedModel:
    """A model without an adapter with that of an estimator, tried on a few rows.

    Parameters
    ----------
    model : ExplainedModel
    state : AdapterState
        From which the adapter is restored.
    coordinates : Tensor of shape (b, p)
        Rows that it is tried on.
    estimator : object
    device : str, torch.device or None
    first_layer : bool
        Whether to look for the layer that the input goes straight into.

    Raises
    ------
    ValueError
        Where the estimator does not fit.
    """
    d = model.feature_map.n_columns
    try:
        if not is_fitted(estimator):
            raise ValueError("it is not fitted")
        adapter = adapt(estimator).on(device)
        width = getattr(estimator, "n_features_in_", d)
        if width != d:
            raise ValueError(f"it takes {width} columns")
        adapter.restore(state)
        x = adapter.tensor(coordinates.numpy())
        adapter.confirm(x)
        if adapter.n_scores != model.n_scores:
            raise ValueError(f"it has {adapter.n_scores} scores")
    except ValueError as error:
        raise ValueError(misfit(d, coordinates.shape[1], model.n_scores, str(error))) from error
    return model.with_adapter(adapter, x, first_layer=first_layer)


def misfit(d: int, p: int, n_scores: int, why: str) -> str:
    """The message where an estimator is not that of a file.

    Parameters
    ----------
    d, p, n_scores : int
        Columns, coordinates and scores.
    why : str
    """
    return (
        f"The estimator does not fit the saved explainer of {d} columns, {p} coordinates at the "
        f"network's input and {n_scores} scores ({why}). Load it with the estimator that was explained."
    )
