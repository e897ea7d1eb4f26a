"""What is to be fitted, and how: an explainer's parameters as a fit reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.utils import check_random_state

from agop_tabular.attribution.method import Method, Settings
from agop_tabular.attribution.methods import method_named
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.gate.parameter import GateParameter
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.targets import ALL
from agop_tabular.models.units import RAW


@dataclass(frozen=True, eq=False)
class FitPlan:
    """What is to be fitted, and how.

    Attributes
    ----------
    method : Method
    rank : int, float or "auto"
    standardize : bool
    baseline : "mean", "zero", or ndarray or DataFrame of shape (1, d)
        As a table, already validated by the explainer.
    gate : GateParameter
    contrast : bool or None
        None takes scores in contrast wherever there are several classes.
    output, class_names, output_name : str, sequence of str or None, str or None
        Whether scores or probabilities are explained, and what they are called.
    moment : str
        As in :class:`~agop_tabular.AGOPExplainer`.
    summed : "all", "predicted" or a label
        Whose gradients M sums, as in :class:`~agop_tabular.models.explained_model.ExplainedModel`.
    batch_size : int or "auto"
    max_samples : int or None
    seed : int
        Shuffles the columns for effects.
    device : str, torch.device or None
    progress : str or None
        Title of a progress bar.
    """

    method: Method
    rank: int | float | str
    standardize: bool
    baseline: Any
    gate: GateParameter
    contrast: bool | None = False
    output: str = RAW
    class_names: Sequence[str] | None = None
    output_name: str | None = None
    moment: str = "auto"
    summed: Any = ALL
    batch_size: int | str = "auto"
    max_samples: int | None = None
    seed: int = 0
    device: str | torch.device | None = None
    progress: str | None = None

    @classmethod
    def of(cls, parameters: Any, baseline: Any, n_columns: int) -> FitPlan:
        """Read the parameters of an explainer of tables.

        Parameters
        ----------
        parameters : AGOPExplainer
        baseline : "mean", "zero", or ndarray or DataFrame of shape (1, d)
        n_columns : int

        Raises
        ------
        ValueError
            Where the method is unknown, or the gate is none for this method and these columns.
        """
        method = method_named(parameters.method)
        gate = GateParameter.read(parameters.gate, n_columns)
        gate.check(method)
        contrast, random_state = parameters.contrast, parameters.random_state
        draws = method.gathers_effects and random_state is not None  # others leave a RandomState as it is
        if contrast == "auto":
            contrast = None if method.gathers_effects and parameters.model_output == RAW else False
        return cls(
            method,
            parameters.rank,
            parameters.standardize,
            baseline,
            gate,
            contrast=contrast if contrast is None else bool(contrast),
            output=parameters.model_output,
            class_names=parameters.class_names,
            output_name=parameters.output_name,
            moment=parameters.moment,
            batch_size=parameters.batch_size,
            max_samples=parameters.max_samples,
            seed=int(check_random_state(random_state).randint(2**31)) if draws else 0,
            device=parameters.device,
            progress="AGOP fit" if parameters.verbose else None,
        )

    def settings(self, model: ExplainedModel, statistics: TrainingStatistics) -> Settings:
        """What the method is fitted with, the baseline as a row of coordinates.

        Parameters
        ----------
        model : ExplainedModel
        statistics : TrainingStatistics
        """
        mean = statistics.coordinates.mean
        if not isinstance(self.baseline, str):
            baseline = model.coordinates(self.baseline)[0].double().cpu()
        else:
            baseline = mean.clone() if self.baseline == "mean" else torch.zeros_like(mean)
        return Settings(self.rank, self.standardize, baseline)
