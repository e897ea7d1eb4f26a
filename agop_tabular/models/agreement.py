"""Whether the scores that are explained predict what the user's own ``predict`` does."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.warning import warn_user
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.rows import spread_rows, take_rows

AGREE = 0.98
"""Share of the compared rows on which both must predict the same class: one row of 64 may lie on the border between two
classes, where rounding decides."""

COMPARED_ROWS = 64
"""Rows on which the estimator's own ``predict``, which may be slow, is called."""


def warn_of_other_predictions(estimator: Any, model: ExplainedModel, rows: Any) -> None:
    """Warn where the scores that are explained predict other classes than the estimator does.

    Parameters
    ----------
    estimator : object
    model : ExplainedModel
        Connected to the estimator.
    rows : ndarray or DataFrame of shape (b, d)
        The rows whose coordinates are ``model.probe``.
    """
    adapter, x = model.network, model.probe
    classes = getattr(estimator, "classes_", None)
    if adapter.classes is None or not hasattr(estimator, "predict") or (classes is not None and len(classes) < 2):
        return
    assert x is not None
    few = spread_rows(len(x), COMPARED_ROWS)
    rows, x = take_rows(rows, few), x[torch.from_numpy(few).to(x.device)]
    with evaluating(adapter.module), torch.no_grad():
        index = adapter.predicted(adapter.scores(x.clone())).cpu().numpy()
        try:
            theirs = np.asarray(estimator.predict(rows), dtype=object).ravel()
        except Exception:  # such as float64 rows given to skorch: then there is nothing to compare
            return
    if len(theirs) != len(index):
        return
    same = (theirs == adapter.classes.astype(object)[index]) | (theirs == index.astype(object))
    if same.mean() < AGREE:
        warn_user(
            f"The network's scores predict another class than {type(estimator).__name__}.predict on "
            f"{1 - same.mean():.0%} of {len(same)} rows: something behind or in front of the network (a data set's "
            "transform, forward_iter, predict_nonlinearity, …) is not explained."
        )
