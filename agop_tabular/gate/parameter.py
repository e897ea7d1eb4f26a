"""What ``gate=`` means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from agop_tabular.attribution.method import Method
from agop_tabular.gate.noise_floor import Gate

GATED_UP_TO = 1024
"""Columns up to which ``gate="auto"`` looks for a floor, which needs the variances of all pairs: their number is the
square of the columns'."""


@dataclass(frozen=True, eq=False)
class GateParameter:
    """The parameter ``gate``, read.

    Attributes
    ----------
    kind : {"report", "apply", "mask", "off"}
        "report" finds a floor and leaves attributions alone ("auto"); "apply" also sets the attributions of the columns
        below it to zero (True); "mask" does so for the user's own mask; "off" does nothing (None, False).
    mask : ndarray of bool, shape (d,), or None
    """

    kind: Literal["report", "apply", "mask", "off"]
    mask: np.ndarray | None = None

    @classmethod
    def read(cls, value: Any, n_columns: int | None = None) -> GateParameter:
        """Read what a user gave as ``gate=``.

        Parameters
        ----------
        value : "auto", bool, None or array-like of shape (d,)
        n_columns : int, optional
            A mask's length and dtype are checked only where it is given.

        Raises
        ------
        ValueError
            Where it is none of these.
        """
        if isinstance(value, str):
            if value != "auto":
                raise ValueError(f'gate={value!r} is not "auto", True, None or a mask over the columns.')
            return cls("report")
        if value is None:
            return cls("off")
        if isinstance(value, (bool, np.bool_)):
            return cls("apply" if value else "off")
        mask = np.asarray(value)
        if n_columns is not None and (mask.shape != (n_columns,) or mask.dtype.kind != "b"):
            raise ValueError(
                f"gate= is a {mask.dtype} array of shape {mask.shape}; give {n_columns} booleans, one a column."
            )
        return cls("mask", mask)

    @property
    def finds_a_floor(self) -> bool:
        """Whether fitting looks for a noise floor."""
        return self.kind in ("report", "apply")

    def check(self, method: Method) -> None:
        """Refuse a gate that the method cannot find.

        Raises
        ------
        ValueError
        """
        if self.kind == "apply" and not method.gathers_effects:
            raise ValueError(f'gate=True needs the effects of method="agop"; for method="{method.name}" give a mask.')

    def is_needless(self, method: Method) -> bool:
        """Whether fitting finds nothing for this method."""
        return self.kind == "off" or (self.kind == "report" and not method.gathers_effects)

    def wants_variances(self, n_columns: int) -> bool:
        """Whether fitting computes the variances of effects, which are many for wide tables."""
        return self.kind == "apply" or (self.kind == "report" and n_columns <= GATED_UP_TO)

    def applied_mask(self, gate: Gate | None) -> np.ndarray | None:
        """The mask (d,), False for columns whose attributions are set to zero; None for none.

        Parameters
        ----------
        gate : Gate or None
            What was found when the explainer was fitted, whatever the parameter was then.
        """
        if self.kind in ("report", "off"):
            return None
        if self.kind == "mask":
            return self.mask
        if gate is None or np.isnan(gate.evidence):
            raise ValueError("gate=True, but no floor was looked for when this explainer was fitted; fit it again.")
        return gate.mask
