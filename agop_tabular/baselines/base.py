"""The signature that all baselines have, and what they share: scores over coordinates, and the fold to columns."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.random import RandomState
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from agop_tabular.adapters import adapt
from agop_tabular.core.evaluating import evaluating
from agop_tabular.models.adapter import Adapter
from agop_tabular.models.explained_model import ExplainedModel, probe_rows
from agop_tabular.models.row_order import check_row_order
from agop_tabular.models.rows import take_rows
from agop_tabular.models.targets import PREDICTED, Target

Seed = int | RandomState | None


class Scores(nn.Module):
    """A copy of the user's network that returns class scores (b, C); libraries may hook it as they like."""

    def __init__(self, adapter: Adapter):
        super().__init__()
        self.module = copy.deepcopy(adapter.module).eval().requires_grad_(False)
        self._adapter = replace(adapter, module=self.module)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of coordinates (b, p)."""
        return self._adapter.scores(x)


class Baseline(BaseEstimator):
    """An attribution method of another library, or a control, for any model that AGOPExplainer takes.

    A subclass prepares itself in :meth:`_prepare`, from ``network_``, ``feature_map_`` and the background rows, and
    attributes one score per row in :meth:`_one`. It works on a copy of the network, at the network's coordinates; the
    attributions of a one-hot block are summed to the user's column. Settings are constructor arguments.

    Attributes
    ----------
    package : str or None
        The package that it needs.
    """

    package: str | None = None

    def __call__(
        self, model: Any, X: Any, target: Any = PREDICTED, background: Any = None, random_state: Seed = None
    ) -> np.ndarray:
        """Attributions of the rows ``X``.

        Parameters
        ----------
        model : object
            A fitted model of any kind that :class:`~agop_tabular.AGOPExplainer` takes.
        X : ndarray or DataFrame of shape (n, d)
        target : "predicted", "all", a label, or one label per row
            As in :meth:`agop_tabular.AGOPExplainer.explain`.
        background : ndarray or DataFrame of shape (m, d)
            Training rows.
        random_state : int, RandomState or None

        Returns
        -------
        ndarray of shape (n, d), or (n, d, C) for "all"; float64
        """
        return clone(self).fit(model, background, random_state).explain(X, target)

    def fit(self, model: Any, background: Any, random_state: Seed = None) -> Baseline:
        """Prepare for a model and its training rows.

        Parameters
        ----------
        model, background, random_state : as in :meth:`__call__`

        Returns
        -------
        Baseline
            Itself.

        Raises
        ------
        ImportError
            Where its package is not installed.
        """
        if self.package is not None and find_spec(self.package) is None:
            raise ImportError(
                f"{type(self).__name__} needs the package {self.package}: pip install 'agop-tabular[shap]'"
            )
        if background is None:
            raise ValueError(f"{type(self).__name__} needs background=, the training rows or some of them.")
        background = background if hasattr(background, "iloc") else np.asarray(background)
        self.random_state_ = check_random_state(random_state)
        self.adapter_ = adapt(model)
        few = take_rows(background, probe_rows(len(background), background.shape[1]))
        self.feature_map_ = ExplainedModel.connect(self.adapter_, few).feature_map
        self.network_ = Scores(self.adapter_)
        with self._undisturbed():
            self._prepare(background)
        return self

    def explain(self, X: Any, target: Any = PREDICTED) -> np.ndarray:
        """Attributions of the rows ``X``.

        Parameters
        ----------
        X, target : as in :meth:`__call__`

        Returns
        -------
        ndarray of shape (n, d), or (n, d, C) for "all"; float64
        """
        check_is_fitted(self, "network_")
        X = X if hasattr(X, "iloc") else np.asarray(X)
        check_row_order(target, X, "target")
        wanted = Target.read(target, self.adapter_, len(X))
        with self._undisturbed():
            if wanted.kind == "all":
                out = self._every(X)
            else:
                out = self._one(X, self.predicted(X) if wanted.index is None else wanted.index)
        out = np.asarray(out, dtype=np.float64)
        if not np.isfinite(out).all():
            raise ValueError(f"{type(self).__name__} returned values that are not finite.")
        return out

    def predicted(self, X: Any) -> np.ndarray:
        """Index of the score that ``target="predicted"`` explains, (n,)."""
        with torch.no_grad():
            return np.concatenate(
                [self.adapter_.predicted(self.network_(x)).cpu().numpy() for _, x in self.adapter_.batches(X, None)]
            )

    @abstractmethod
    def _prepare(self, background: Any) -> None:
        """Set up, from the background rows in the user's columns."""

    @abstractmethod
    def _one(self, X: Any, index: np.ndarray) -> np.ndarray:
        """Attributions (n, d) of one score a row."""

    def _every(self, X: Any) -> np.ndarray:
        """Attributions (n, d, C) of all scores."""
        return np.stack([self._one(X, np.full(len(X), c)) for c in range(self.adapter_.n_scores)], axis=-1)

    # What subclasses are built of -------------------------------------------------------------------------------

    def _coordinates(self, X: Any) -> Tensor:
        """Rows as the network takes them, (n, p)."""
        return self.adapter_.tensor(self.adapter_.encode(X))

    @torch.no_grad()
    def _scores_of(self, X: Any) -> np.ndarray:
        """Scores (n, C) of the user's rows."""
        parts = [self.network_(x).double().cpu().numpy() for _, x in self.adapter_.batches(X, 2**16)]
        return np.concatenate(parts)

    def _sampled(self, background: Any, n: int | None) -> Any:
        """``n`` of the background rows, drawn at random; all where n is None or there are fewer."""
        if n is None or n >= len(background):
            return background
        return take_rows(background, np.sort(self.random_state_.choice(len(background), n, replace=False)))

    def _folded(self, values: Tensor | np.ndarray) -> np.ndarray:
        """Coordinates (n, p) to the user's columns (n, d)."""
        folded: np.ndarray = self.feature_map_.fold(torch.as_tensor(values).detach().double().cpu()).numpy()
        return folded

    def _undisturbed(self) -> _Undisturbed:
        return _Undisturbed(self.network_, self.random_state_)


class _Undisturbed:
    """Seeds the global random states that libraries draw from, and restores them; quiets captum on its hooks."""

    def __init__(self, network: nn.Module, rng: RandomState):
        self._found, self._warned, self._rng = evaluating(network), warnings.catch_warnings(), rng

    def __enter__(self) -> None:
        self._found.__enter__()
        self._warned.__enter__()
        warnings.filterwarnings("ignore", module="captum")
        seed = self._rng.randint(2**31)
        np.random.seed(seed)  # noqa: NPY002 - the global one is what they draw from
        torch.manual_seed(seed)

    def __exit__(self, *error: Any) -> None:
        self._warned.__exit__(*error)
        self._found.__exit__(*error)
