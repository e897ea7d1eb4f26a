"""A ``shap.Explanation`` whose attributions do not add up, and which says so; imported when used, as it needs shap."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import shap

ADDITIVITY = (
    "AGOP attributions do not add up to the prediction: in a waterfall, force or decision plot the bars start at the "
    "base value, but where they end is not the model's output."
)


class NonAdditiveExplanation(shap.Explanation):
    """``shap.Explanation`` that warns when its base values are read, since attributions added to them give no score."""

    @property
    def base_values(self) -> Any:
        """Explained score at the baseline; reading it warns, except inside shap's own slicing and copying."""
        if sys._getframe(1).f_globals.get("__name__") != shap.Explanation.__module__:
            warnings.warn(ADDITIVITY, UserWarning, stacklevel=2)
        return self._s.base_values

    @base_values.setter
    def base_values(self, new: Any) -> None:
        self._s.base_values = new

    def __copy__(self) -> NonAdditiveExplanation:
        copy = super().__copy__()
        copy.__class__ = type(self)
        return copy
