"""A fitted explainer from a file, or from a callback, instead of a pass over rows."""

from __future__ import annotations

from os import PathLike
from typing import Any

import torch
from sklearn.utils.validation import check_is_fitted

from agop_tabular.adapters import adapt
from agop_tabular.attribution.methods import method_named
from agop_tabular.gate.find import check_gate
from agop_tabular.parameters import check_parameters
from agop_tabular.persistence import explainer_file as persistence


class Kept:
    """What is kept of an explainer, and what was gathered elsewhere."""

    gate_: Any

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted explainer, without its estimator, to one file.

        Parameters
        ----------
        path : str or path-like
            Written whole or not at all.
        """
        check_is_fitted(self, "n_samples_seen_")
        persistence.save(self, path)

    @classmethod
    def from_callback(
        cls: Any, callback: Any, estimator: Any = None, X: Any = None, *, method: str = "agop-ixg", **params: Any
    ) -> Any:
        """An explainer from what :class:`~agop_tabular.AGOPCallback` gathered while the net trained, without a pass.

        Parameters
        ----------
        callback : AGOPCallback
            Of a fitted skorch net.
        estimator : skorch net, torch module or Pipeline ending in one, optional
            The fitted network; None for the net that was trained. Where that is gone, as after unpickling the callback
            alone, only ``method="agop-global"`` can explain.
        X : ndarray or DataFrame of shape (m, d), optional
            Some rows in the user's columns: needed behind a pipeline, to see which column each coordinate comes from,
            or for the columns' names.
        method : str, default="agop-ixg"
            Any but "agop", whose tables are gathered on shuffled rows.
        **params : dict
            Of AGOPExplainer.

        Returns
        -------
        AGOPExplainer
        """
        explainer = cls(callback.net_ if estimator is None else estimator, method=method, **params)
        return explainer._learn_from(callback, X)

    @classmethod
    def load(cls: Any, path: str | PathLike[str], estimator: Any = None) -> Any:
        """Read an explainer that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path-like
        estimator : object, optional
            The fitted estimator that was explained. Without it only ``method="agop-global"`` can explain.

        Returns
        -------
        AGOPExplainer

        Raises
        ------
        ValueError
            Where the file is truncated, altered, or of a newer format, or the estimator has another width.
        """
        return persistence.load(cls, path, estimator)

    def _learn_from(self: Any, callback: Any, X: Any) -> Any:
        """Take over what a callback gathered, with some rows of the user's table, or of the network's input."""
        estimator, method = self.estimator, method_named(self.method)
        if estimator is not None:
            check_parameters(self.get_params(deep=False))
        with torch.inference_mode(False):
            adapter = None if estimator is None else adapt(estimator).on(self.device)
            if X is None and adapter is not None and adapter.preprocessing:
                raise ValueError(
                    "Steps in front of the network make its input from the user's columns: give X=, some rows of the "
                    "user's table, to see which column each coordinate comes from."
                )
            rows = self._rows(callback.probe_rows() if X is None else X, reset=True)
            check_gate(self.gate, method, self.n_features_in_)
            gathered = callback.gathered(estimator, adapter, rows, method)
            self.gate_ = None
            self._settle(gathered, self._baseline_row(gathered))
            if estimator is not None:
                self.estimator_ = estimator
            return self
