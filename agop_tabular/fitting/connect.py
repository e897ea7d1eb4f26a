"""From a fitted estimator and some rows to the model that is explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import _check_feature_names

from agop_tabular.adapters import adapt
from agop_tabular.fitting.tables import Table
from agop_tabular.models.agreement import (
    check_probabilities,
    has_other_probabilities,
    warn_of_assumed_classes,
    warn_of_certain_probabilities,
    warn_of_other_predictions,
)
from agop_tabular.models.explained_model import ExplainedModel, probe_rows
from agop_tabular.models.units import PROBABILITY, RAW
from agop_tabular.models.weights import check_weights, keeping_weights


def connect(
    estimator: Any,
    table: Table,
    *,
    contrast: bool | None,
    output: str = RAW,
    first_layer: bool,
    device: str | torch.device | None,
    batch_size: int | str = "auto",
) -> ExplainedModel:
    """Find the network of an estimator, trace the table's columns to its input, and try it on a few rows.

    Parameters
    ----------
    estimator : object
        Fitted.
    table : Table
        The user's rows.
    contrast : bool or None
        Whether a class's score is explained minus the mean of the others'; None for wherever there are several
        classes.
    output : {"raw", "probability"}
        Whether scores are explained, or the probabilities that they stand for.
    first_layer : bool
        Whether to look for the layer that the input goes straight into.
    device : str, torch.device or None
        Where to compute; None for where the network is.
    batch_size : int or "auto"
        Rows on which the network is tried at a time, at most.

    Raises
    ------
    TypeError, ValueError
        Where the estimator cannot be explained; the message says why, and what to do.
    """
    adapter = adapt(estimator)
    check_weights(adapter.module)
    adapter = adapter.on(device)
    if not adapter.preprocessing and hasattr(estimator, "feature_names_in_"):
        _check_feature_names(estimator, table.example, reset=False)
    places = probe_rows(*table.shape[:2])
    if adapter.preprocessing:  # which may treat a missing value, or a rare one, in a way of its own
        places = np.union1d(places, np.concatenate((table.missing_rows(), table.rare_rows())))
    rows = table.take(places)
    with keeping_weights(adapter.module):
        model = ExplainedModel.connect(
            adapter,
            rows,
            contrast=contrast,
            output=output,
            first_layer=first_layer,
            places=places,
            batch_size=batch_size,
        )
    most_rows = None if batch_size == "auto" else int(batch_size)
    if output == PROBABILITY:
        check_probabilities(estimator, model, rows, most_rows)
    elif has_other_probabilities(estimator, model, rows, most_rows):
        model = model.without_probabilities()
    if output != PROBABILITY:
        warn_of_certain_probabilities(model, most_rows)
    if contrast is not True:
        warn_of_assumed_classes(model)
    warn_of_other_predictions(estimator, model, rows, most_rows)
    return model
