"""Images as people have them, made ready for a network some at a time: arrays of either layout, of PIL, paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from agop_tabular.models.inputs import as_array, check_unmasked

Transform = Callable[[Any], Any]
"""Maps one image, as it is given, to what the network takes of it: (channels, height, width), or with channels last."""

LAYOUTS = ("auto", "first", "last")
"""Where channels are."""

USUAL_CHANNELS = (1, 3, 4)
"""Channels of grey and coloured images, and of those with transparency; other axes are longer."""

WHITE = 255
"""Of uint8; torchvision's ``ToTensor`` divides by it, and networks are trained on what it returns."""

DEEP_MODES = ("I", "F")
"""How the modes of PIL begin whose values may be beyond 255: "I", "I;16", "F", …"""

KINDS = {
    1: "grey images (1 channel)",
    3: "colour images (3 channels)",
    4: "colour images with transparency (4 channels)",
}
"""What images of a number of channels are called."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Some images, of which each part is made ready for the network when it is its turn.

    Attributes
    ----------
    given : ndarray of shape (n, channels, height, width), or sequence of n images where there is a transform
    transform : callable or None
    channels : {"auto", "first", "last"}
    shape : tuple of int or None
        (channels, height, width) that images must have; None for whatever they have.
    """

    given: Any
    transform: Transform | None
    channels: str
    shape: tuple[int, ...] | None

    @classmethod
    def read(
        cls,
        X: Any,
        transform: Transform | None = None,
        channels: str = "auto",
        shape: tuple[int, ...] | None = None,
    ) -> Pictures:
        """Read what a user gave.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width) or (n, height, width, channels), or sequence of images
        transform : callable, optional
        channels : {"auto", "first", "last"}
        shape : tuple of int, optional

        Raises
        ------
        ValueError
            For other shapes, images of several sizes, and none.
        """
        X = _collection(X)
        layout = _layout(X, channels) if transform is None else channels
        if transform is None and isinstance(X, Sequence):
            X, layout = _stacked(_alike(X, channels, shape)), "first" if _is_mixed(X) else layout
        if len(X) == 0:
            raise ValueError("Found array with 0 sample(s); a minimum of 1 is required by AGOPImageExplainer.")
        if transform is None:
            X = _channels_first(X, layout, shape, "X")
            _check_shape(X.shape[1:], shape)
        return cls(X, transform, channels, shape)

    def __len__(self) -> int:
        return len(self.given)

    def at_input(self, rows: slice = slice(None)) -> np.ndarray:
        """Some of the images as the network takes them: (b, channels, height, width), uint8 divided by 255.

        Raises
        ------
        ValueError
            Where the transform returns something else, and for values that are not finite.
        """
        start = rows.start or 0
        if self.transform is None:
            part = self.given[rows]
            part = part / np.float32(WHITE) if part.dtype == np.uint8 else part
        else:
            each = [_transformed(self.transform(image)) for image in self.given[rows]]
            part = _channels_first(_stacked(each), self.channels, self.shape, "What transform= returns")
            _check_shape(part.shape[1:], self.shape)
        _check_finite(part, start)
        return part

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """The images as they were given, (n, channels, height, width), where these are pictures of the same size.

        Parameters
        ----------
        shape : tuple of int
            (channels, height, width) of what the network takes.
        """
        if self.transform is None:
            return np.asarray(self.given)
        if not all(_drawable(image) for image in self.given):
            return None
        arrays = [_array(image) for image in self.given]
        if len({a.shape for a in arrays}) > 1 or arrays[0].ndim != 3:
            return None
        images = _channels_first(np.stack(arrays), _layout(self.given, self.channels), None, "X")
        return images if images.shape[2:] == shape[1:] else None


def is_pil(image: Any) -> bool:
    """Whether this is an image of PIL, which is not imported for it."""
    return type(image).__module__.startswith("PIL.") and hasattr(image, "convert")


def _is_deep(image: Any) -> bool:
    """Whether an image of PIL may hold values beyond 255."""
    return bool(image.mode.startswith(DEEP_MODES))


def _drawable(image: Any) -> bool:
    """Whether an image, as it is given, can be shown beside its map."""
    return not _is_deep(image) if is_pil(image) else isinstance(image, (np.ndarray, torch.Tensor))


def _collection(X: Any) -> Any:
    """What a user gave as an array, or as a sequence of images."""
    if is_pil(X):
        raise ValueError("X is one image; give a list of images, [image].")
    if isinstance(X, torch.Tensor):
        return as_array(X)
    if not isinstance(X, np.ndarray) and (isinstance(X, (str, bytes)) or not isinstance(X, Sequence)):
        X = np.asarray(X)
        if X.ndim == 0:
            raise ValueError(
                "X is neither an array nor a list of images; give one of them, as list(X) makes of a generator."
            )
    check_unmasked(X, "X")
    return list(X) if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1 else X


def _transformed(image: Any) -> np.ndarray:
    """What the transform returned, as an array."""
    if is_pil(image):
        raise ValueError(
            "transform= returns an image of PIL, which no network takes; let it end with an array or a tensor of the "
            "network's values, as torchvision's ToTensor does."
        )
    return _array(image)


def _layout(images: Any, channels: str) -> str:
    """Where images have their channels: those of PIL last, whatever is said of arrays."""
    return "last" if isinstance(images, (list, tuple)) and images and all(map(is_pil, images)) else channels


def _is_mixed(images: Any) -> bool:
    """Whether some of the images, but not all, are of PIL, whose channels are last whatever those of arrays are."""
    return 0 < sum(map(is_pil, images)) < len(images)


def _alike(images: Any, channels: str, shape: tuple[int, ...] | None) -> list[np.ndarray]:
    """Images as arrays that can be stacked: channels first where only some are of PIL, no bytes among floats."""
    arrays = [_array(image) for image in images]
    if _is_mixed(images):
        layouts = ["last" if is_pil(image) else channels for image in images]
        arrays = [_channels_first(a[None], layout, shape, "X")[0] for a, layout in zip(arrays, layouts, strict=True)]
    if len({a.dtype == np.uint8 for a in arrays}) > 1:
        arrays = [a / np.float32(WHITE) if a.dtype == np.uint8 else a for a in arrays]
    return arrays


def _array(image: Any) -> np.ndarray:
    """One image as an array; of PIL with an axis of channels at the end."""
    if isinstance(image, torch.Tensor):
        return as_array(image, "An image")
    if not is_pil(image):
        check_unmasked(image, "An image")
        try:
            return np.asarray(image)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"An image is a {type(image).__name__} that is no array of numbers; of pairs with labels, give the "
                "images alone."
            ) from error
    if _is_deep(image):
        raise ValueError(
            f"X has an image of PIL of mode {image.mode!r}, whose values may be beyond 255; say by transform= what the "
            "network takes of it."
        )
    if image.mode == "1":
        image = image.convert("L")
    image = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _stacked(images: list[np.ndarray]) -> np.ndarray:
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise ValueError(
            f"The images have several shapes, {', '.join(map(str, shapes[:3]))}, and a network takes one: resize or "
            "convert them, for example in transform=."
        )
    return np.stack(images) if images else np.empty(0)


def _channels_first(images: np.ndarray, channels: str, shape: tuple[int, ...] | None, what: str) -> np.ndarray:
    """Images as (n, channels, height, width)."""
    if images.dtype.kind not in "fiub":
        raise ValueError(f"{what} holds values of type {images.dtype}, not numbers; give arrays of numbers.")
    if images.ndim != 4:
        one = images.ndim == 3 and bool({images.shape[0], images.shape[-1]} & set(USUAL_CHANNELS))
        hint = "; add an axis for the channel, X[:, None]" if images.ndim == 3 else ""
        hint = "; of one image give X[None], of grey ones add an axis for the channel, X[:, None]" if one else hint
        raise ValueError(f"{what} has shape {images.shape}; images are (n, channels, height, width){hint}.")
    last = images.shape[3], *images.shape[1:3]
    if channels == "auto" and shape is not None and tuple(shape) in (images.shape[1:], last):
        return images if images.shape[1:] == tuple(shape) else np.moveaxis(images, 3, 1)
    looks_last = images.shape[3] in USUAL_CHANNELS and images.shape[1] not in USUAL_CHANNELS
    return np.moveaxis(images, 3, 1) if channels == "last" or (channels == "auto" and looks_last) else images


def _check_shape(found: tuple[int, ...], fitted: tuple[int, ...] | None) -> None:
    if fitted is None or found == tuple(fitted):
        return
    said = f"X has images of shape {found}; AGOPImageExplainer was fitted on {tuple(fitted)}"
    if found[1:] == tuple(fitted[1:]):
        kinds = [KINDS.get(shape[0], f"images of {shape[0]} channels") for shape in (found, fitted)]
        way = 'image.convert("L")' if fitted[0] == 1 else 'image.convert("RGB")'
        raise ValueError(f"{said}: these are {kinds[0]}, those were {kinds[1]}; convert them, with PIL by {way}.")
    raise ValueError(f"{said}: resize them to {fitted[1]} × {fitted[2]} pixels, for example in transform=.")


def _check_finite(images: np.ndarray, start: int) -> None:
    if images.dtype.kind != "f" or np.isfinite(images.sum(dtype=float)):
        return
    bad = np.argwhere(~np.isfinite(images))
    if len(bad):
        i, channel, row, column = bad[0].tolist()
        what = "NaN" if np.isnan(images[i, channel, row, column]) else "infinity"
        raise ValueError(
            f"There is {what} at the network's input, first in image {start + i}, channel {channel}, row {row}, column "
            f"{column}; leave such images out, or fill the pixels."
        )
