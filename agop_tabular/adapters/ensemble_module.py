"""The torch module of an ensemble: its members' networks, and the combination of what they return."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from agop_tabular.adapters.coordinate_layout import Layout
from agop_tabular.models.adapter import Adapter

PROBA, DECISION, PREDICT = "predict_proba", "decision_function", "predict"


class EnsembleModule(nn.Module):
    """All members, each on its own coordinates, and one output combined from theirs.

    Parameters
    ----------
    adapters : list of Adapter
        Of the members.
    responses : list of str
        The method of each member whose result is combined: ``"predict_proba"``, ``"decision_function"`` or, of
        regressors, ``"predict"``.
    combine : torch.nn.Module
        Maps the list of responses, (b, C) or (b, 1) each, to probabilities or outputs.
    shared : bool
        Whether all members read the same coordinates.

    Attributes
    ----------
    layout : Layout or None
        How members' coordinates follow from the module's input; None until it is known.
    """

    def __init__(self, adapters: list[Adapter], responses: list[str], combine: nn.Module, *, shared: bool):
        super().__init__()
        self.adapters, self.responses, self.combine, self.shared = adapters, responses, combine, shared
        self.networks = nn.ModuleList(adapter.module for adapter in adapters)
        self.layout: Layout | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> EnsembleModule:
        adapters = [replace(a, module=copy.deepcopy(a.module, memo)) for a in self.adapters]
        twin = EnsembleModule(adapters, self.responses, copy.deepcopy(self.combine, memo), shared=self.shared)
        twin.layout, twin.training = self.layout, self.training
        return twin

    def choose_dtypes(self, x: Tensor) -> None:
        """Choose the dtype of each member's input, once it is known which coordinates are whose."""
        if self.shared or self.layout is not None:
            for adapter, part in zip(self.adapters, self._coordinates_of_members(x), strict=True):
                adapter.choose_dtype(part)

    def confirm(self, x: Tensor, most_rows: int | None = None) -> None:
        """Confirm every member on its own coordinates."""
        for adapter, part in zip(self.adapters, self._coordinates_of_members(x), strict=True):
            adapter.confirm(part.to(adapter.dtype), most_rows)
        self.networks = nn.ModuleList(adapter.module for adapter in self.adapters)

    def forward(self, x: Tensor) -> Tensor:
        """Combined output of the ensemble."""
        each = []
        coordinates = self._coordinates_of_members(x)
        for adapter, response, part in zip(self.adapters, self.responses, coordinates, strict=True):
            scores = adapter.scores(part.to(adapter.dtype))
            if response == PROBA:
                scores = adapter.probabilities(scores)
            elif adapter.one_logit:
                scores = scores[:, 1:]
            each.append(scores.to(x.dtype))
        combined: Tensor = self.combine(each)
        return combined

    def _coordinates_of_members(self, x: Tensor) -> tuple[Tensor, ...]:
        if self.shared or self.layout is None:
            return (x,) * len(self.adapters)
        return self.layout.coordinates_of_members(x)
