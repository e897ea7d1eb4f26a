"""What the ablation study saves of a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class GateOutcome:
    """What a gate takes.

    Attributes
    ----------
    gated : int
        Columns that it takes.
    evidence : float or None
        Mean log-likelihood ratio for a noise floor.
    predictions_changed, variance_changed : float
        Share of the predictions, and of the variance of the scores, that change without the gated columns.
    noise, noise_kept, informative, informative_lost : int or None
        Columns by what they truly are; None if the truth is unknown.
    """

    gated: int
    evidence: float | None
    predictions_changed: float
    variance_changed: float
    noise: int | None = None
    noise_kept: int | None = None
    informative: int | None = None
    informative_lost: int | None = None

    @classmethod
    def of(cls, gate: Any, informative: np.ndarray | None) -> GateOutcome:
        """Compare a fitted gate with the informative columns, if they are known."""
        outcome = (int((~gate.mask).sum()), gate.evidence, gate.predictions_changed, gate.variance_changed)
        if informative is None:
            return cls(*outcome)
        real = np.isin(np.arange(len(gate.mask)), informative)
        kept, lost = int((gate.mask & ~real).sum()), int((~gate.mask & real).sum())
        return cls(*outcome, int((~real).sum()), kept, int(real.sum()), lost)

    def record(self) -> dict[str, Any]:
        """For JSON: without the columns by what they are if the truth is unknown."""
        unknown = ("noise", "noise_kept", "informative", "informative_lost") if self.noise is None else ()
        return {name: value for name, value in asdict(self).items() if name not in unknown}


@dataclass(frozen=True)
class MethodResult:
    """A method's scores: truth, form and metrics, one dict for each pair; or the error of a method that failed.

    ``about`` says how permutation sampling in equal time was done.
    """

    scores: list[dict[str, Any]]
    seconds: float | None = None
    failed: str | None = None
    about: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A network of one family and seed, and the results of all methods on it.

    Attributes
    ----------
    passed : bool
        Whether the network learned its task.
    reliability : float
        Cosine between two halves of the sampled Shapley values of the network.
    gate : dict of str to GateOutcome
        By the rows that the gate was found with.
    methods : dict of str to MethodResult
    support : dict of str to dict of str to list of float
        Support and relative errors of each explained row, by kind of rows.
    """

    family: str
    kind: str
    seed: int
    n_train: int
    n_columns: int
    accuracy: float
    best_accuracy: float
    majority: float
    passed: bool
    reliability: float
    gate: dict[str, GateOutcome]
    methods: dict[str, MethodResult]
    support: dict[str, dict[str, list[float]]]

    @classmethod
    def of(cls, saved: dict[str, Any]) -> Cell:
        """From JSON."""
        gate = {name: GateOutcome(**outcome) for name, outcome in saved["gate"].items()}
        methods = {name: MethodResult(**result) for name, result in saved["methods"].items()}
        return cls(**{**saved, "gate": gate, "methods": methods})
