"""Whether the scores that are explained are what the user's own estimator returns, and what is assumed of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.warning import warn_user
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.explained_model import ExplainedModel
from agop_tabular.models.no_gradient import NoGradientError
from agop_tabular.models.probabilities import ScoresOfProbabilities
from agop_tabular.models.rows import spread_rows, take_rows
from agop_tabular.models.tolerance import output_tolerance

AGREE = 0.98
"""Share of the compared rows on which both must predict the same class: one row of 64 may lie on the border between two
classes, where rounding decides."""

BETWEEN = (
    "something behind or in front of the network (a data set's transform, forward_iter, predict_nonlinearity, digits "
    "that its dtype loses, …)"
)

COMPARED_ROWS = 64
"""Rows on which the estimator's own ``predict``, which may be slow, is called."""


DIFFERS = 0.01
"""Share of the range of the estimator's own values by which the explained scores may differ from them: far more than
rounding, and less than would show in an explanation."""


def warn_of_assumed_classes(model: ExplainedModel) -> None:
    """Warn where several outputs of a module, of which nothing is known, are taken as the scores of classes.

    Parameters
    ----------
    model : ExplainedModel
    """
    adapter = model.network
    if adapter.kind == "module" and adapter.n_scores > 1:
        warn_user(
            f"The module does not say what its {adapter.n_scores} outputs are; they are taken as the scores of classes "
            f"0 to {adapter.n_scores - 1}. Say so by an attribute, such as net.classes_ = ['a', 'b'], or set "
            "net.classes_ = None where they are outputs of another kind (several targets, quantiles, labels)."
        )


def warn_of_certain_probabilities(model: ExplainedModel, most_rows: int | None = None) -> None:
    """Warn where some rows have probabilities of exactly 0 or 1, whose log-odds are infinite.

    So it is with isotonic calibration, and where a network's sigmoid rounds to 1.

    Parameters
    ----------
    model : ExplainedModel
    most_rows : int, optional
        Rows of a batch, at most.
    """
    adapter, x = model.network, model.probe
    assert x is not None
    behind = next((m for m in adapter.module.modules() if isinstance(m, ScoresOfProbabilities)), None)
    if behind is None:
        return
    with evaluating(adapter.module), torch.no_grad():
        scores = torch.cat([adapter.module(part.clone()) for part in torch.split(x, most_rows or len(x))])
    share = float(behind.certain(scores.reshape(len(x), -1)).double().mean())
    if share > 0:
        far = float(scores.abs().amax())
        warn_user(
            f"{share:.1%} of {len(x)} training rows have a probability of exactly 0 or 1, whose log-odds are infinite. "
            f"They count as logarithms of up to {far:.0f}, so these rows weigh much in base values and in the "
            'attributions of all rows: explain model_output="probability", or scores before they are rounded (a '
            'network without its final sigmoid, CalibratedClassifierCV with method="sigmoid").'
        )


def warn_of_other_predictions(estimator: Any, model: ExplainedModel, rows: Any, most_rows: int | None = None) -> None:
    """Warn where the scores that are explained predict other classes, or have other values, than the estimator does.

    Parameters
    ----------
    estimator : object
    model : ExplainedModel
        Connected to the estimator.
    rows : ndarray or DataFrame of shape (b, d)
        The rows whose coordinates are ``model.probe``.
    most_rows : int, optional
        Rows of a batch, at most.
    """
    adapter, x = model.network, model.probe
    classes = getattr(estimator, "classes_", None)
    if not hasattr(estimator, "predict") or (classes is not None and len(classes) < 2):
        return
    assert x is not None
    classifies, name = adapter.classes is not None, _method_of_values(estimator, adapter)
    few = spread_rows(len(x), COMPARED_ROWS)
    rows, x = take_rows(rows, few), x[torch.from_numpy(few).to(x.device)]
    with evaluating(adapter.module), torch.no_grad():
        scores = torch.cat([adapter.scores(part.clone()) for part in torch.split(x, most_rows or len(x))])
        methods = {"predict", name} if classifies else {name}
        theirs = {method: _answer(estimator, method, rows) for method in methods}
    if classifies and _predicts_others(adapter, scores, theirs["predict"], type(estimator).__name__):
        return
    values = theirs[name]
    if values is not None and not (classifies and name == "predict") and (adapter.coverage or 1.0) == 1.0:
        _warn_of_other_values(adapter, scores, values, f"{type(estimator).__name__}.{name}")


def has_other_probabilities(estimator: Any, model: ExplainedModel, rows: Any, most_rows: int | None = None) -> bool:
    """Whether the estimator's probabilities do not follow from the explained scores; parameters as above.

    So it is with ``SGDClassifier`` of several classes, which divides the probabilities of each class against the others
    by their sum.
    """
    if not model.network.has_probabilities or not hasattr(estimator, "predict_proba"):
        return False
    ours, theirs = _both_probabilities(estimator, model, rows, most_rows)
    if not model.network.independent and not np.allclose(theirs.sum(axis=1), 1, atol=DIFFERS):
        return False  # they are no probabilities, such as the scores that a net without a nonlinearity returns
    return not _largest_difference(ours, theirs) <= DIFFERS


def check_probabilities(estimator: Any, model: ExplainedModel, rows: Any, most_rows: int | None = None) -> None:
    """Refuse to explain probabilities that are not those of the estimator; parameters as above.

    Raises
    ------
    ValueError
        Where the estimator has none, or others than its scores are taken to stand for.
    """
    name, way_out = type(estimator).__name__, 'explain its scores, with model_output="raw"'
    if not hasattr(estimator, "predict"):
        return
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(f"{name} has no predict_proba, so there are no probabilities to explain: {way_out}.")
    difference = _largest_difference(*_both_probabilities(estimator, model, rows, most_rows))
    if not difference <= DIFFERS:
        raise NoGradientError(
            f"{name}.predict_proba differs by up to {difference:.2g} from the softmax, or sigmoid, of the scores that "
            f"are explained, so its probabilities are made in another way: {way_out}."
        )


def _both_probabilities(
    estimator: Any, model: ExplainedModel, rows: Any, most_rows: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities behind the scores, and the estimator's own, (b, C) each; no rows where they cannot be compared."""
    adapter, x = model.network, model.probe
    assert x is not None
    few = spread_rows(len(x), COMPARED_ROWS)
    with evaluating(adapter.module), torch.no_grad():  # the estimator's own methods, too, may change its modes
        theirs = _answer(estimator, "predict_proba", take_rows(rows, few))
        if theirs is None or theirs.shape != (len(few), adapter.n_scores) or (adapter.coverage or 1.0) < 1.0:
            return np.zeros((0, adapter.n_scores)), np.zeros((0, adapter.n_scores))
        parts = torch.split(x[torch.from_numpy(few).to(x.device)], most_rows or len(x))
        ours = torch.cat([adapter.probabilities(adapter.scores(part.clone())) for part in parts])
    return ours.double().cpu().numpy(), theirs.astype(np.float64)


def _largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max(initial=0.0))


def _method_of_values(estimator: Any, adapter: Adapter) -> str:
    """The method of an estimator that returns what the scores are, or probabilities made of them."""
    if adapter.kind == "regressor" and not adapter.independent:
        return "predict"
    if adapter.contrast_only and hasattr(estimator, "predict_proba"):  # scores are logarithms of its probabilities
        return "predict_proba"
    return next((m for m in ("decision_function", "predict_proba") if hasattr(estimator, m)), "predict")


def _answer(estimator: Any, method: str, rows: Any) -> np.ndarray | None:
    """What a method of the estimator returns; None where there is nothing to compare."""
    try:
        return np.asarray(getattr(estimator, method)(rows))
    except Exception:  # such as float64 rows given to skorch
        return None


def _predicts_others(adapter: Adapter, scores: Tensor, theirs: np.ndarray | None, name: str) -> bool:
    """Warn where the classes of the largest scores are not the predicted ones; return whether that was so."""
    if theirs is None:
        return False
    assert adapter.classes is not None
    index, labels = adapter.predicted(scores).cpu().numpy(), theirs.astype(object).ravel()
    known = set(adapter.classes.tolist()) | set(range(len(adapter.classes)))
    if len(labels) != len(index) or not known.issuperset(labels.tolist()):  # such as the outputs of a skorch NeuralNet
        return False
    same = (labels == adapter.classes.astype(object)[index]) | (labels == index.astype(object))
    if same.mean() >= AGREE:
        return False
    warn_user(
        f"The network's scores predict another class than {name}.predict on {1 - same.mean():.0%} of {len(same)} rows: "
        f"{BETWEEN} is not explained."
    )
    return True


def _warn_of_other_values(adapter: Adapter, scores: Tensor, theirs: np.ndarray, name: str) -> None:
    """Warn where the scores, and the probabilities behind them, are none of the estimator's own values."""
    if theirs.dtype.kind not in "fiub" or not len(theirs) or not np.isfinite(theirs).all():
        return
    expected = torch.from_numpy(theirs.astype(np.float64).reshape(len(theirs), -1))
    tolerance = torch.maximum(
        output_tolerance(expected, scores.dtype), DIFFERS * (expected.amax(dim=0) - expected.amin(dim=0)).amax()
    )
    found = [ours for ours in _readings(adapter, scores) if ours.shape == expected.shape]
    if name.endswith("decision_function"):  # several classes' are known up to a constant in every row
        expected, *found = map(_centred, (expected, *found))
    differences = [(ours - expected).abs().amax() for ours in found if torch.isfinite(ours).all()]
    if differences and all(difference > tolerance for difference in differences):
        warn_user(
            f"The scores that are explained differ from {name} by up to {min(differences):.3g}, on {len(theirs)} rows "
            f"where its values range from {expected.min():.3g} to {expected.max():.3g}: {BETWEEN} is not explained."
        )


def _readings(adapter: Adapter, scores: Tensor) -> list[Tensor]:
    """What an estimator may return for scores (b, C): these, or probabilities, or the logarithms of probabilities."""
    s = scores.cpu().double()
    one = s[:, 1:] if adapter.one_logit else s
    log_odds = s[:, 1:] - s[:, :1]
    return [one, log_odds, adapter.probabilities(s), torch.sigmoid(one), torch.log_softmax(s, dim=1)]


def _centred(values: Tensor) -> Tensor:
    return values - values.mean(dim=1, keepdim=True) if values.shape[1] > 1 else values
