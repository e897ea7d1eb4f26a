"""AGOPImageExplainer: maps of images, by the same moments, filters and gradients as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from agop_tabular import persistence
from agop_tabular.adapters.images import FlatImages
from agop_tabular.attribution.attributions import Attributions
from agop_tabular.attribution.attributor import Attributor
from agop_tabular.attribution.class_model import class_models
from agop_tabular.attribution.methods import METHODS, method_named
from agop_tabular.explainer import AGOPExplainer
from agop_tabular.explainer.parameters import ExplainerParameters
from agop_tabular.image.adaptive import STEADY, AdaptiveMethod, steadiness
from agop_tabular.image.explanation import ImageExplanation
from agop_tabular.image.pictures import LAYOUTS, Pictures, Transform
from agop_tabular.image.report import IMAGES, write_image_report
from agop_tabular.image.rows import NOT_OF_ROWS, ImageRows, rows_a_batch
from agop_tabular.models.targets import ALL, PREDICTED, asks_for_all
from agop_tabular.models.units import check_names
from agop_tabular.report.options import ReportOptions

ADAPTIVE = "agop-adaptive"
"""This project's own method."""

BATCHES_A_TIME = 8
"""Batches whose attributions of all channels are held before they are reduced to maps, so that memory does not grow
with the number of images."""

RESULTS = ("index", "support", "predicted", "probabilities")
"""Attributes of Attributions that an explanation of images is made of."""

NOT_SAVED = {"estimator", "transform"}
"""Parameters that are functions or networks, which a file does not hold."""


class AGOPImageExplainer(ExplainerParameters):
    """Explain the predictions of an image network through its average gradient outer product (AGOP).

    Every pixel of every channel is a coordinate of an :class:`~agop_tabular.AGOPExplainer`, whose attributions are
    reduced over channels: by the L2 norm for the unsigned methods, by the sum for "agop-ixg", "ixg" and "agop-global".

    Parameters
    ----------
    estimator : skorch net or torch.nn.Module
        Maps images (n, channels, height, width) to scores.
    method : str, default="agop-weighted"
        One of "agop-adaptive", "agop-weighted", "agop-local", "agop-global", "agop-ixg" and "ixg".
        "agop-adaptive" is this project's: where scores change when training images are shifted, so that positions
        count, the gradient averaged over noise × sqrt(diag M / max diag M); otherwise Integrated Gradients. It often
        trusts positions wrongly where backgrounds are smooth; see ``steadiness_``.
        "agop-weighted" (gradient × sqrt(diag M / max diag M)), "agop-local" (the gradient) and "agop-global" (diag M,
        the same for every image, without a call of the model) are [1]_; "agop-ixg" is the image times the gradient
        filtered by the rank-truncated M, "ixg" the image times the gradient.
    transform : callable, optional
        What the network's images went through: maps one image, as X holds it (of PIL, an array, a path, …), to an array
        or tensor. Images are then transformed a part at a time. Without it, images of PIL and arrays of uint8 are
        divided by 255, as torchvision's ``ToTensor`` does, and all others are taken as they are; images of PIL with
        more than eight bits ("I;16", "I", "F") need it.
    channels : {"auto", "first", "last"}, default="auto"
        Where arrays have their channels; "auto" takes an axis of 1, 3 or 4, the first where both are.
    class_names : sequence of str, optional
        Names of the classes in pictures, tables and text, in the order of ``classes_``.
    rank, contrast, moment, max_samples, prefit, device, random_state, verbose
        As in :class:`~agop_tabular.AGOPExplainer`.
    moment_target : "all", "predicted" or a label, default="all"
        Whose gradients M sums: of all classes' scores, of each image's predicted class, or of one class, as [1]_ does,
        which says no more of it.
    standardize : bool, default=False
        Measure every coordinate in training standard deviations; the paper does not.
    baseline : "zero" or "mean", default="zero"
        The image that "agop-ixg" and "ixg" count differences from.
    batch_size : int or "auto", default="auto"
        Images a batch; "auto" holds 2²⁰ input values.

    Attributes
    ----------
    image_shape_ : tuple of int
        (channels, height, width).
    diagonal_map_ : ndarray of shape (height, width), float64
        diag M, summed over channels.
    classes_ : ndarray of shape (n_classes,)
        Only for classifiers.
    steadiness_ : float
        For "agop-adaptive": how far scores depend on where things are; above 0.7 positions are trusted. In files up to
        format 7 it is another measure, by gradients, and what it said of positions is kept.
    tabular_ : AGOPExplainer
        Fitted on the images as rows.

    References
    ----------
    .. [1] Katakam, R. K. G., "AGOP as Explanation", arXiv 2605.12816, 2026.

    Examples
    --------
    >>> import torch
    >>> from agop_tabular.image import AGOPImageExplainer
    >>> _ = torch.manual_seed(0)
    >>> module = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(),
    ...                              torch.nn.Linear(144, 2))
    >>> X = torch.randn(100, 1, 8, 8).numpy()
    >>> explainer = AGOPImageExplainer(module).fit(X)
    >>> explainer.explain(X, target=1).shape
    (100, 8, 8)
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        method: str = "agop-weighted",
        transform: Transform | None = None,
        channels: str = "auto",
        class_names: Sequence[str] | None = None,
        rank: int | float | str = "auto",
        standardize: bool = False,
        baseline: str = "zero",
        contrast: bool | str = "auto",
        moment: str = "auto",
        moment_target: Any = ALL,
        batch_size: int | str = "auto",
        max_samples: int | None = None,
        prefit: bool | str = "auto",
        device: str | torch.device | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        super().__init__(
            estimator,
            method=method,
            rank=rank,
            standardize=standardize,
            baseline=baseline,
            contrast=contrast,
            moment=moment,
            batch_size=batch_size,
            max_samples=max_samples,
            prefit=prefit,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.transform, self.channels, self.class_names = transform, channels, class_names
        self.moment_target = moment_target

    def fit(self, X: Any, y: ArrayLike | None = None, **fit_params: Any) -> AGOPImageExplainer:
        """Collect M over training images; first fit the estimator where it is not fitted.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width) or (n, height, width, channels), or list of images
            Of PIL, or whatever ``transform`` takes.
        y : array-like of shape (n,), optional
            Needed where the estimator is to be fitted.
        **fit_params : dict
            Passed to the estimator's ``fit``; refused where it is fitted already.

        Returns
        -------
        AGOPImageExplainer
        """
        self.check_parameters()
        images = Pictures.read(X, self.transform, self.channels).at_input()
        shape = images.shape[1:]
        tabular = self._over_rows(shape)
        rows = images.reshape(len(images), -1)
        tabular.fit(rows, y, **fit_params)
        found = None
        if self.method == ADAPTIVE:
            found = steadiness(tabular.model_, rows, shape, tabular.batch_size)
        return self._set_fitted(tabular, shape, found, None if found is None else found > STEADY)

    def explain(self, X: Any, target: Any = PREDICTED) -> np.ndarray:
        """Maps of the images.

        Parameters
        ----------
        X : as in :meth:`fit`
            Made ready for the network some images at a time, so that memory holds these and the maps of all.
        target : "predicted", "all", a label, or one label per image

        Returns
        -------
        ndarray of shape (n, height, width), or (n, height, width, n_classes) for "all"
            In the dtype of the network's images: that of X, float32 for uint8, float64 for other integers.
        """
        return self._explained(X, target, with_support=False)[0]

    def __call__(self, X: Any, target: Any = PREDICTED) -> ImageExplanation:
        """Maps with all that is needed to read and trust them.

        Parameters
        ----------
        X, target : as in :meth:`explain`

        Returns
        -------
        ImageExplanation
        """
        values, found, data = self._explained(X, target, with_support=True)
        model, index = self.tabular_.model_, found["index"]
        labels: Any = ALL if values.ndim == 4 else None
        return ImageExplanation(
            values=values,
            data=data,
            target=labels if index is None else model.labels[index],
            support=found["support"],
            method=self._fitted_method_name,
            predictions=model.predictions(found["predicted"]),
            probabilities=found["probabilities"],
            label_names=model.label_names,
        )

    def report(
        self,
        X: Any,
        y: ArrayLike | None = None,
        path: str | PathLike[str] = "report.html",
        *,
        title: str | None = None,
        date: Any = None,
        target: Any = None,
        n_images: int = IMAGES,
    ) -> Path:
        """Write one HTML file about the network for a reader who has to judge it, and return where it is.

        Parameters
        ----------
        X : as in :meth:`fit`
            Images that neither network nor explainer was fitted on.
        y : array-like of shape (n,), optional
            Their labels: the report then says how well the network predicts.
        path : str or path-like, default="report.html"
        title, date : str, optional
            Of the report. It has no date by default, so that the same inputs give the same bytes.
        target : label, optional
            The class that maps explain; by default the predicted one.
        n_images : int, default=24
            Images whose maps are shown, from all over X where it has more.
        """
        check_is_fitted(self, "tabular_")
        if asks_for_all(target):
            raise ValueError('report() takes maps of one target an image; explain another target than "all".')
        options = ReportOptions(title, date, None, target, n_images, "n_images")
        X = X.to_numpy() if hasattr(X, "to_numpy") else X  # images by their position, whatever the index of a Series
        images = Pictures.read(X, self.transform, self.channels, self.image_shape_).at_input()
        return write_image_report(self, X, images, y, path, options)

    def _explained(self, X: Any, target: Any, *, with_support: bool) -> tuple[np.ndarray, dict[str, Any], Any]:
        """Maps of all images; and, where support is wanted, RESULTS by name and the images as they are shown."""
        check_is_fitted(self, "tabular_")
        pictures = Pictures.read(X, self.transform, self.channels, self.image_shape_)
        data = pictures.drawn(self.image_shape_) if with_support else None
        maps, others, inputs = np.empty(0), [], []
        for rows, images, found in self._parts(pictures, target, with_support=with_support):
            some = self._reduced(found.values)
            if rows.start == 0:
                maps = np.empty((len(pictures), *some.shape[1:]), some.dtype)
            maps[rows] = some
            others.append({name: getattr(found, name) for name in RESULTS})
            if with_support and data is None:
                inputs.append(images)
        joined = {
            name: None if others[0][name] is None else np.concatenate([part[name] for part in others])
            for name in RESULTS
        }
        return maps, joined, np.concatenate(inputs) if inputs else data

    def class_model(self, target: Any = ALL, *, penalty: float | str = "auto", n_steps: int = 200) -> np.ndarray:
        """The most typical image of each class on the network's own terms (Simonyan and others, 2014).

        Gradient ascent on the network's own score, before any softmax, from the mean of the training images; see
        :func:`~agop_tabular.attribution.class_model.class_models`.

        Parameters
        ----------
        target : "all" or a label of ``classes_``
        penalty : float or "auto"
            Of the squared L2 distance from the mean image, as in the paper, whose value is not in any text found;
            "auto" stays within the usual distance of a training image.
        n_steps : int

        Returns
        -------
        ndarray of shape (channels, height, width), or (n_classes, channels, height, width) for "all"
            In the values that the network takes, float64.
        """
        check_is_fitted(self, "tabular_")
        model, statistics = self.tabular_.model_, self.tabular_.statistics_
        how: Any = {"standardize": bool(self.standardize), "penalty": penalty, "n_steps": n_steps}
        rows, _ = class_models(model, statistics, target, **how)
        images = rows.reshape(-1, *self.image_shape_)
        return images if asks_for_all(target) else images[0]

    def _parts(
        self, pictures: Pictures, target: Any, *, with_support: bool
    ) -> Iterator[tuple[slice, np.ndarray, Attributions]]:
        """Some images at a time: their place, what the network takes of them, and their attributions."""
        size = BATCHES_A_TIME * int(self.tabular_.batch_size)
        labels = None if np.ndim(target) == 0 else np.asarray(target)
        if labels is not None and len(labels) != len(pictures):
            raise ValueError(
                f"target has {len(labels)} labels for {len(pictures)} images; give one label, or one each."
            )
        attributor = self._attributor()
        # Without a bar none is made: it takes a lock that a forked process may never get.
        with tqdm(total=len(pictures), desc="AGOP explain", unit=" images") if self.verbose else nullcontext() as bar:
            for start in range(0, len(pictures), size):
                images = pictures.at_input(slice(start, start + size))
                wanted = target if labels is None else labels[start : start + size]
                flat = images.reshape(len(images), -1)
                found = attributor.attribute(flat, wanted, with_support=with_support, first_row=start)
                yield slice(start, start + len(images)), images, found
                if bar is not None:
                    bar.update(len(images))

    def _attributor(self) -> Attributor:
        """The tabular explainer's attributor, without a bar of its own; for "agop-adaptive" with that method."""
        attributor = replace(self.tabular_.attributor_, verbose=0)
        if self._fitted_method_name != ADAPTIVE:
            return attributor
        method = AdaptiveMethod(ADAPTIVE, steady=bool(self._steady), image_shape=self.image_shape_)
        return replace(attributor, method=method.in_place_of(attributor.method, self.tabular_.statistics_))

    def _reduced(self, values: np.ndarray) -> np.ndarray:
        """Attributions of coordinates (n, p, …) to maps (n, height, width, …); those of pixels are such maps."""
        if self._fitted_method_name == ADAPTIVE:
            return values.reshape(len(values), *self.image_shape_[1:], *values.shape[2:])
        cube = values.reshape(len(values), *self.image_shape_, *values.shape[2:])
        signed = method_named(self.tabular_.method).signed
        reduced: np.ndarray = cube.sum(axis=1) if signed else np.linalg.norm(cube, axis=1)
        return reduced

    def _over_rows(self, shape: tuple[int, ...]) -> AGOPExplainer:
        """What explains the images as rows."""
        rows = ImageRows(**self._row_params(shape) | {"estimator": FlatImages(self.estimator, shape)})
        rows.moment_target = self.moment_target
        return rows

    def _row_params(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Parameters of what explains the images as rows."""
        row_method = "agop-weighted" if self.method == ADAPTIVE else self.method
        params = {name: v for name, v in self.get_params(deep=False).items() if name not in NOT_OF_ROWS}
        return params | {
            "method": row_method,
            "batch_size": rows_a_batch(self.batch_size, shape),
            "gate": None,
        }

    def check_parameters(self) -> None:
        """Raise if a parameter is not one that images can be explained with."""
        if self.estimator is None:
            raise ValueError("AGOPImageExplainer needs an estimator: AGOPImageExplainer(net), with a skorch net.")
        known = _known_methods()
        if self.method not in known:
            raise ValueError(f"method={self.method!r} is not one of {', '.join(map(repr, known))}.")
        if self.prefit != "auto" and not self.prefit and not hasattr(self.estimator, "fit"):
            raise ValueError("prefit=False, but a bare torch module cannot be fitted; wrap it in a skorch net.")
        if self.transform is not None and not callable(self.transform):
            raise TypeError(f"transform={self.transform!r} is not None or a function of one image.")
        if self.channels not in LAYOUTS:
            raise ValueError(f"channels={self.channels!r} is not one of {', '.join(map(repr, LAYOUTS))}.")
        check_names(self.class_names, None)
        self.check_values()
        self.check_used(AdaptiveMethod(ADAPTIVE) if self.method == ADAPTIVE else method_named(self.method))

    def _set_fitted(
        self, tabular: AGOPExplainer, shape: tuple[int, ...], found: float | None = None, steady: bool | None = None
    ) -> AGOPImageExplainer:
        self.tabular_, self.image_shape_, self._fitted_method_name = tabular, tuple(shape), self.method
        self.__dict__.pop("steadiness_", None)
        self._steady = steady
        if found is not None:
            self.steadiness_ = found
        self.diagonal_map_ = tabular.agop_diagonal_.reshape(shape).sum(axis=0)
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Labels of the classes; only for classifiers."""
        check_is_fitted(self, "tabular_")
        classes: np.ndarray = self.tabular_.classes_
        return classes

    @classmethod
    def from_callback(cls, callback: Any, estimator: Any = None, **params: Any) -> AGOPImageExplainer:
        """An explainer from what :class:`~agop_tabular.AGOPCallback` gathered while the net trained.

        Parameters
        ----------
        callback : AGOPCallback
            Of a net that was fitted on images.
        estimator : skorch net or torch.nn.Module, optional
            The network; None for the net that was trained.
        **params : dict
            Of AGOPImageExplainer; the method any but "agop-adaptive".

        Returns
        -------
        AGOPImageExplainer
        """
        estimator = callback.net_ if estimator is None else estimator
        explainer = cls(estimator, **params)
        callback.gathered()
        shape = callback.input_shape_
        if len(shape) != 3:
            raise ValueError(f"The net was fitted on inputs of shape {shape}, which are no images; use AGOPExplainer.")
        if explainer.method == ADAPTIVE:
            raise ValueError(f'method="{ADAPTIVE}" looks at training images one by one; fit the explainer on them.')
        if not asks_for_all(explainer.moment_target):
            raise ValueError("AGOPCallback sums the gradients of all classes; fit the explainer for a moment_target.")
        params = explainer._row_params(shape)
        del params["estimator"]
        flat = None if estimator is None else FlatImages(estimator, shape)
        return explainer._set_fitted(ImageRows.from_callback(callback, flat, **params), shape)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted explainer, without its estimator and transform, to one file.

        Parameters
        ----------
        path : str or path-like
            Written whole or not at all.
        """
        check_is_fitted(self, "tabular_")
        params = {name: value for name, value in self.get_params(deep=False).items() if name not in NOT_SAVED}
        images = {
            "shape": self.image_shape_,
            "method": self._fitted_method_name,
            "steadiness": getattr(self, "steadiness_", None),
            "steady": self._steady,
            "params": params,
        }
        persistence.save(persistence.SavedExplainer.of(self.tabular_, images), path)

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        estimator: Any = None,
        device: Any = None,
        *,
        transform: Transform | None = None,
    ) -> AGOPImageExplainer:
        """Read an explainer that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path-like
        estimator : skorch net or torch.nn.Module, optional
            The network that was explained. Without it only ``method="agop-global"`` can explain: diag M is read from
            the file, and no network is called.
        device : str or torch.device, optional
            Where to compute, as in :meth:`AGOPExplainer.load`.
        transform : callable, optional
            What the explainer had; a file holds no functions.

        Returns
        -------
        AGOPImageExplainer

        Raises
        ------
        ValueError
            Where the file is no whole one of :meth:`save`, is of an explainer of tables, or the device is none.
        """
        images = persistence.image_state(path)
        shape, method = images["shape"], images["method"]
        if method not in _known_methods() or (method == ADAPTIVE and images["steady"] is None):
            raise ValueError(f"{path} holds no method of images that can be read; save the explainer again.")
        tabular = ImageRows.load(path, None if estimator is None else FlatImages(estimator, shape), device)
        params = images["params"]
        if params is None:  # up to format 5, which has those for rows
            params = tabular.get_params(deep=False) | {"method": method}
            if params["batch_size"] == rows_a_batch("auto", shape):
                params["batch_size"] = "auto"
        names = cls().get_params(deep=False).keys() - NOT_SAVED
        params = {name: value for name, value in params.items() if name in names} | {"device": tabular.device}
        explainer = cls(estimator, transform=transform, **params)
        explainer._set_fitted(tabular, shape, images["steadiness"], images["steady"])
        explainer._fitted_method_name = method
        return explainer


def _known_methods() -> list[str]:
    """Methods that images are explained by."""
    return [ADAPTIVE, *(name for name, method in METHODS.items() if not method.gathers_effects)]
