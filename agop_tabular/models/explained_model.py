"""ExplainedModel: a network as it is explained. It has no statistics of training rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from agop_tabular.core.evaluating import evaluating
from agop_tabular.core.feature_map import FeatureMap
from agop_tabular.core.gradients import Choice, Cut, class_gradients, score_gradient
from agop_tabular.core.input_layer import InputLayer
from agop_tabular.core.states import scores_in_states
from agop_tabular.models.adapter import Adapter, auto_batch_size
from agop_tabular.models.column_tracing import trace_adapter
from agop_tabular.models.refusals import check_finite
from agop_tabular.models.rows import column_names, spread_rows
from agop_tabular.models.targets import ALL, Target, asks_for_all
from agop_tabular.models.units import PROBABILITY, RAW, contrast_factor, score_names

Batches = Iterable[tuple[slice, Tensor]]
"""Batches of coordinates (b, p), with the rows' place in the user's table."""

FORWARD = 2048
"""Rows that are scored at a time: their hidden layers, some hundred numbers a row, stay in the processor's cache."""

PROBE_ROWS, PROBE_VALUES = 256, 2**20
"""Rows, and values in them, on which a network is tried before it is explained: a fraction of a second, and enough rows
that a column seldom has one value in all of them."""

LOOKED_UP_VALUES, LOOKED_UP_ROWS = 2**22, 8192
"""Values, and rows, of a batch whose attributions are looked up: rows are sorted by class first, and large batches have
more rows of each class."""

BEHIND_LAYER_VALUES = 2**24
"""Values of a batch where gradients are taken behind the first layer: nothing behind it is as wide as the rows."""


@dataclass(frozen=True, eq=False)
class ExplainedModel:
    """A network as it is explained: differentiable scores over coordinates, and the way back to the user's columns.

    Attributes
    ----------
    adapter : Adapter or None
        None where an explainer was loaded without its estimator.
    feature_map : FeatureMap
        Which of the user's columns each coordinate comes from.
    contrast : float
        Factor of a score minus the mean over classes, which is explained in its place: C / (C - 1), so that it is the
        score minus the mean of the other classes', 1 of a single logit, and in files of earlier versions; 0 for scores
        as they are.
    score_names : tuple of str
        The classes, or the outputs.
    classes : ndarray or None
        Labels in the order of the scores; None for a regressor.
    layer : InputLayer or None
        The Linear layers that the whole input goes straight into, where gradients can be taken behind them.
    probe : Tensor of shape (b, p) or None
        Coordinates of the few rows that the network was tried on.
    output : {"raw", "probability"}
        Whether scores are explained, or the probabilities that they stand for.
    summed : "all", "predicted" or a label
        Whose gradients M sums: of all scores, of each row's predicted class, or of one class.
    log_odds : bool
        Whether differences between the network's own scores are log-odds.
    """

    adapter: Adapter | None
    feature_map: FeatureMap
    contrast: float
    score_names: tuple[str, ...]
    classes: np.ndarray | None
    layer: InputLayer | None = None
    probe: Tensor | None = None
    output: str = RAW
    summed: Any = ALL
    log_odds: bool = True

    @classmethod
    def connect(
        cls,
        adapter: Adapter,
        rows: Any,
        *,
        contrast: bool | None = False,
        output: str = RAW,
        first_layer: bool = False,
        places: np.ndarray | None = None,
        batch_size: int | str = "auto",
    ) -> ExplainedModel:
        """Trace the user's columns to the network's input, and try the network on a few rows.

        Parameters
        ----------
        adapter : Adapter
            Of the fitted estimator; its preprocessing may be changed, and its outputs are found out.
        rows : ndarray or DataFrame of shape (b, d)
            A few of the user's rows.
        contrast : bool or None
            Whether a class's score is explained minus the mean of the others'; None for wherever there are several
            classes.
        output : {"raw", "probability"}
        first_layer : bool
            Whether to look for the layer that the input goes straight into.
        places : ndarray of int, shape (b,), optional
            Places of the rows in the user's table, for messages.
        batch_size : int or "auto"
            Rows on which the network is tried at a time, at most.

        Raises
        ------
        ValueError
            Where columns are mixed, values are not finite, the network cannot be run on them row by row, or it has
            no scores to compare, or no probabilities.
        """
        feature_map, x = trace_adapter(adapter, column_names(rows), rows)
        check_finite(x, feature_map, places=places)
        most_rows = len(x) if batch_size == "auto" else int(batch_size)
        adapter.confirm(x, most_rows)
        factor = contrast_factor(adapter, contrast, output)
        unconnected = cls(None, feature_map, factor, score_names(adapter), adapter.classes, output=output)
        return unconnected.with_adapter(adapter, x[:most_rows], first_layer=first_layer, probe=x)

    def with_adapter(
        self, adapter: Adapter, x: Tensor, *, first_layer: bool, probe: Tensor | None = None
    ) -> ExplainedModel:
        """The same with a network, and with its first layer if that is wanted.

        Parameters
        ----------
        adapter : Adapter
            Confirmed.
        x : Tensor of shape (b, p)
            A few rows of coordinates on which the layer is tried.
        first_layer : bool
        probe : Tensor of shape (b, p), optional
        """
        layer = InputLayer.find(adapter.module, adapter.scores, x) if first_layer else None
        if not self.log_odds:
            adapter.logits = False
        return replace(self, adapter=adapter, layer=layer, probe=probe, log_odds=adapter.logits)

    def without_probabilities(self) -> ExplainedModel:
        """The same where the estimator makes its probabilities in another way than from the scores alone."""
        self.network.logits = False
        return replace(self, log_odds=False)

    def named(self, class_names: Sequence[str] | None, output_name: str | None) -> ExplainedModel:
        """The same with other names of the scores, for display; see :func:`~agop_tabular.models.units.score_names`."""
        return replace(self, score_names=score_names(self, class_names, output_name))

    @property
    def label_names(self) -> dict[Any, str] | None:
        """Names of the scores by their labels, where they are other ones than usual."""
        usual = self.score_names == score_names(self)
        return None if usual else dict(zip(self.labels.tolist(), self.score_names, strict=True))

    def for_workers(self) -> ExplainedModel:
        """The same without the rows that it was tried on, as it is sent to other processes."""
        return replace(self, probe=None)

    @property
    def network(self) -> Adapter:
        """The adapter; an error says what to do where there is none."""
        if self.adapter is None:
            raise ValueError(
                "This explainer was loaded without its estimator, and that needs the network: "
                "AGOPExplainer.load(path, estimator=net)."
            )
        return self.adapter

    @property
    def n_scores(self) -> int:
        """Number of scores."""
        return len(self.score_names)

    @property
    def unit(self) -> str:
        """What the explained scores, and so attributions, are measured in: log-odds, probability, score or output."""
        if self.output == PROBABILITY:
            return "probability"
        if self.classes is None:
            return "output"
        odds = self.log_odds and (self.adapter is None or self.contrast == contrast_factor(self.adapter, True))
        return "log-odds" if self.contrast and odds else "score"

    @property
    def sums_to_constant(self) -> bool:
        """Whether the explained scores of every row have the same sum, so that the last one follows from the others."""
        return self.contrast > 0 or (self.output == PROBABILITY and self.classes is not None)

    @property
    def labels(self) -> np.ndarray:
        """What a user calls the scores: labels of classes, or indices of outputs."""
        return np.arange(self.n_scores) if self.classes is None else self.classes

    def predictions(self, predicted: np.ndarray | None) -> np.ndarray | None:
        """Labels of predicted classes, from their indices; outputs as they are.

        Parameters
        ----------
        predicted : ndarray of shape (n,) or (n, C), or None
        """
        return predicted if predicted is None or self.classes is None else self.classes[predicted]

    # From the user's rows to coordinates ------------------------------------------------------------------------

    def batches(
        self, X: Any, batch_size: int | str, *, looked_up: bool = False, progress: str | None = None
    ) -> Iterator[tuple[slice, Tensor]]:
        """Rows as batches of coordinates.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n, d)
        batch_size : int or "auto"
        looked_up : bool
            Whether attributions are looked up in tables; "auto" takes larger batches then.
        progress : str, optional
            Title of a progress bar; None for no bar.

        Yields
        ------
        rows : slice
            Place of the batch in X.
        x : Tensor of shape (b, p)
        """
        size = None if batch_size == "auto" else int(batch_size)
        p = self.feature_map.n_coordinates
        if size is None and looked_up:
            size = int(np.clip(LOOKED_UP_VALUES // max(1, p), 16, LOOKED_UP_ROWS))
        elif size is None and self.layer is not None:
            size = auto_batch_size(p, values=BEHIND_LAYER_VALUES)
        if progress is None:  # without a bar, which takes a lock that a forked process may never get
            yield from self.network.batches(X, size)
            return
        with tqdm(total=len(X), desc=progress, unit=" rows") as bar:
            for rows, x in self.network.batches(X, size):
                yield rows, x
                bar.update(len(x))

    def coordinates(self, X: Any) -> Tensor:
        """Coordinates (n, p) of the user's rows, in the network's dtype; rows that are not finite are refused."""
        x = self.network.tensor(self.network.encode(X))
        check_finite(x, self.feature_map)
        return x

    # From coordinates to scores ---------------------------------------------------------------------------------

    def scores(self, x: Tensor) -> Tensor:
        """The scores that are explained (b, C), at coordinates (b, p), without gradients."""
        return self.explained(self.raw_scores(x))

    @torch.no_grad()
    def raw_scores(self, x: Tensor) -> Tensor:
        """The network's own scores (b, C), at coordinates (b, p), without gradients."""
        if len(x) <= FORWARD:
            return self.network.scores(x)
        return torch.cat([self.network.scores(part) for part in torch.split(x, FORWARD)])

    def scores_in_states(self, x: Tensor, states: Tensor, coordinates: Tensor) -> Tensor:
        """The explained scores of rows in states, as :func:`~agop_tabular.core.states.scores_in_states` has them."""
        return scores_in_states(self.scores, x, states, coordinates, self.layer)

    def scores_at(self, row: Tensor) -> np.ndarray:
        """Scores (C,), float64, at one row of coordinates (p,)."""
        adapter = self.network
        with evaluating(adapter.module):
            return self.scores(adapter.tensor(row[None].numpy()).clone())[0].double().cpu().numpy()

    def explained(self, s: Tensor) -> Tensor:
        """The scores that are explained (b, C), of the network's own scores (b, C): in contrast, or probabilities."""
        if self.output == PROBABILITY:
            return self.network.probabilities(s)
        return self.contrast * (s - s.mean(dim=1, keepdim=True)) if self.contrast else s

    def differentiable(self, x: Tensor) -> Tensor:
        """The explained scores (b, C), at coordinates (b, p), with gradients."""
        return self.explained(self.network.scores(x))

    def gradients(
        self, x: Tensor, *, cut: Cut | None = None, seen: Callable[[Tensor], None] | None = None
    ) -> Iterator[Tensor]:
        """Gradients of the explained scores, as :func:`~agop_tabular.core.class_gradients` yields them."""
        how = self._differentiated | {"opposite": self.sums_to_constant}
        return class_gradients(self.network.scores, x, cut=cut, seen=seen, **how)

    def summed_gradients(
        self, x: Tensor, *, cut: Cut | None = None, seen: Callable[[Tensor], None] | None = None
    ) -> Iterator[Tensor]:
        """Gradients that M is the moment of: of all explained scores, as :meth:`gradients`, or of one of each row."""
        if asks_for_all(self.summed):
            yield from self.gradients(x, cut=cut, seen=seen)
            return
        choose = Target.read(self.summed, self, len(x)).choice(self.network, slice(None), x.device)
        assert choose is not None
        gradient, _, s = self.gradient(x, choose, cut=cut)
        if seen is not None:
            seen(s)
        yield gradient

    def jacobian(self, x: Tensor, *, cut: Cut | None = None) -> Tensor:
        """Gradients of all explained scores (b, C, p), or (b, C, h) behind a cut."""
        return torch.stack(list(self.gradients(x, cut=cut)), dim=1)

    def gradient(self, x: Tensor, choose: Choice, *, cut: Cut | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Gradient of one explained score a row, its index, and the network's own scores, which ``choose`` is given."""
        return score_gradient(self.network.scores, x, choose, cut=cut, **self._differentiated)

    @property
    def _differentiated(self) -> dict[str, Any]:
        return {"contrast": self.contrast, "link": self.network.probabilities if self.output == PROBABILITY else None}


def probe_rows(n: int, d: int) -> np.ndarray:
    """Places of the few rows, of a table of n rows and d columns, that a network is tried on."""
    return spread_rows(n, int(np.clip(PROBE_VALUES // max(1, d), 8, PROBE_ROWS)))
