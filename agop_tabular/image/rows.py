"""Images explained as rows, in which each pixel of each channel is a column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from agop_tabular.attribution.method import Method
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.fitting.plan import FitPlan
from agop_tabular.models.targets import ALL

BATCH_VALUES = 2**20
"""Input values that ``batch_size="auto"`` sends through the network at a time: layers hold many times as much."""

NOT_OF_ROWS = ("transform", "channels", "moment_target")
"""Parameters of the image explainer that :class:`ImageRows` does not have; the last one is an attribute of it."""


class ImageRows(AGOPExplainer):
    """Explains images as rows; the image explainer has checked which parameters its method uses.

    Attributes
    ----------
    moment_target : "all", "predicted" or a label
        Whose gradients M sums when it is fitted.
    """

    moment_target: Any = ALL

    def check_used(self, method: Method) -> None:
        """Refuse nothing: the defaults of images are other ones, and "agop-adaptive" stands on another method."""

    def _plan(self) -> FitPlan:
        return replace(super()._plan(), summed=self.moment_target)


def rows_a_batch(wanted: int | str, shape: tuple[int, ...]) -> Any:
    """Images a batch.

    Parameters
    ----------
    wanted : int or "auto"
        AGOPExplainer refuses what is neither "auto" nor a number.
    shape : tuple of int
        (channels, height, width).
    """
    return int(np.clip(BATCH_VALUES // int(np.prod(shape)), 8, 4096)) if wanted == "auto" else wanted
