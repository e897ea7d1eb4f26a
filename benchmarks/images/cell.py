"""What the image study saves of a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Cell:
    """A network on one scenario, background and seed, and the results of all methods on it.

    Attributes
    ----------
    rate : float
        Learning rate.
    learned : bool
        Whether the network counts.
    callback_share : float
        AGOPCallback's share of the time of training.
    steadiness : float
        Of the adaptive method.
    epochs : list of dict
        Accuracy and IoU of diag M over the epochs.
    shown : dict of str to list
        A few test images, their masks and their maps, for the picture.
    methods : dict of str to dict of str to float
        Metrics of each method.
    zero_gradient : float
        Share of test images without a gradient.
    shift : list of dict or None
        Scores on shifted images, where they were computed.
    """

    network: str
    scenario: str
    background: str
    seed: int
    rate: float
    accuracy: float
    learned: bool
    train_seconds: float
    callback_share: float
    steadiness: float
    epochs: list[dict[str, Any]]
    shown: dict[str, list] = field(default_factory=dict)
    methods: dict[str, dict[str, float]] = field(default_factory=dict)
    zero_gradient: float = float("nan")
    shift: list[dict[str, Any]] | None = None
