"""What a file keeps of the network that was explained, to tell it from another one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.coordinate_moment import CoordinateMoment
from agop_tabular.core.warning import warn_user
from agop_tabular.models.adapter_state import AdapterState
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.fingerprint import fingerprint

SAME_SCORES = 1e-3
"""Relative difference of scores up to which two networks count as the same: float32 on another machine stays far below,
another training far above."""


@dataclass(frozen=True, eq=False)
class NetworkRecord:
    """A fingerprint of a network, and its scores at a few rows.

    Attributes
    ----------
    fingerprint : str
        SHA-256 over its weights and its preprocessing; empty where it is unknown, as in files up to format 6, whose
        fingerprints depended on the versions of libraries.
    probe_scores : Tensor of shape (8, n_scores), float64
        Scores at rows about the training mean.
    state : AdapterState
        What the adapter found out, from which that of a loaded estimator is restored.
    """

    fingerprint: str
    probe_scores: Tensor
    state: AdapterState = field(default_factory=lambda: AdapterState("plain", {}))

    @classmethod
    def of(cls, model: ExplainedModel, coordinates: CoordinateMoment) -> NetworkRecord:
        """The record of a network, and of the coordinates of its training rows."""
        scores = torch.from_numpy(_probe_scores(model, coordinates))
        return cls(fingerprint(model.network), scores, model.network.state())

    def warn_of_another(self, model: ExplainedModel, coordinates: CoordinateMoment) -> None:
        """Warn where a network is not the recorded one, by its fingerprint or its scores.

        Parameters
        ----------
        model : ExplainedModel
        coordinates : CoordinateMoment
        """
        recorded = self.probe_scores.numpy()
        found = _probe_scores(model, coordinates)
        same = np.allclose(found, recorded, rtol=SAME_SCORES, atol=SAME_SCORES * np.abs(recorded).max())
        if not same or self.fingerprint not in ("", fingerprint(model.network)):
            warn_user(
                "The network's weights, or the preprocessing in front of it, are not those that the saved explainer "
                "was fitted on; its AGOP belongs to another model. Fit the explainer again, unless that is what you "
                "want."
            )


PROBES = 8
"""Rows at which scores are compared."""


def probe_coordinates(coordinates: CoordinateMoment) -> Tensor:
    """A few rows about the training mean (8, p), the same at every call."""
    steps = torch.linspace(-1.0, 1.0, PROBES, dtype=torch.float64)[:, None]
    return coordinates.mean + steps * coordinates.scale()


def _probe_scores(model: ExplainedModel, coordinates: CoordinateMoment) -> np.ndarray:
    return np.stack([model.scores_at(row) for row in probe_coordinates(coordinates)])
