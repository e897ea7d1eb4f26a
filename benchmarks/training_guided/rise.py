"""RISE: a column's attribution is the mean score of random masks that keep it, minus that of all masks."""

from __future__ import annotations

import math

import torch
from numpy.random import RandomState
from torch import Tensor
from torch.nn import functional

from agop_tabular.baselines.captum_methods import CaptumMethod

MASKS = 1000
"""Random masks; published are 4000 to 8000 of images of 224 × 224."""

CELLS = 7
"""Cells along a side of an image's grid, as published."""

KEPT = 0.5
"""Probability by which a column, or a cell of the grid, is kept, as published."""


class Rise(CaptumMethod):
    """RISE (Petsiuk and others, 2018); what a mask leaves out gets the training means.

    Parameters
    ----------
    side : int or None
        Pixels along a side of a square image, whose masks are smooth; None for a table, where neighbouring columns have
        nothing to do with each other and each is kept or left out by itself.
    """

    def __init__(self, *, side: int | None = None):
        self.side = side

    @torch.no_grad()
    def _attributions(self, x: Tensor, target: Tensor) -> Tensor:
        rng = self.random_state_
        masks = plain_masks(x.shape[1], rng) if self.side is None else random_smooth_masks(self.side, rng)
        masks = masks.to(x.dtype)
        out = torch.empty_like(x)
        for i in range(len(x)):
            scores = self.network_(self.mean_ + masks * (x[i] - self.mean_))[:, target[i]]
            out[i] = mean_of_kept(masks, scores)
        return out


def mean_of_kept(masks: Tensor, scores: Tensor) -> Tensor:
    """Mean of the scores (n,), weighted by how much each of the masks (n, p) keeps a column, minus their mean: (p,)."""
    return masks.T @ (scores - scores.mean()) / masks.sum(dim=0)


def plain_masks(p: int, rng: RandomState) -> Tensor:
    """Masks (MASKS, p) of zeros and ones."""
    return torch.from_numpy(rng.random_sample((MASKS, p)) < KEPT)


def random_smooth_masks(side: int, rng: RandomState) -> Tensor:
    """Masks (MASKS, side²) between 0 and 1: random grids of few cells, enlarged, each moved by less than a cell."""
    grids = torch.from_numpy(rng.random_sample((MASKS, CELLS, CELLS)) < KEPT)
    moved = torch.from_numpy(rng.randint(_cell(side, CELLS), size=(MASKS, 2)))
    return smooth_masks(grids, moved, side).reshape(MASKS, -1)


def smooth_masks(grids: Tensor, moved: Tensor, side: int) -> Tensor:
    """Enlarge grids by bilinear interpolation to an image and one cell more, and cut the image out of it.

    Parameters
    ----------
    grids : Tensor of shape (n, s, s)
        Zeros and ones.
    moved : Tensor of int, shape (n, 2)
        Where the image begins, down and to the right, from 0 to less than a cell.
    side : int
        Pixels along a side of the image.

    Returns
    -------
    Tensor of shape (n, side, side)
    """
    cells = grids.shape[1]
    enlarged = (cells + 1) * _cell(side, cells)
    large = functional.interpolate(grids[:, None].double(), (enlarged, enlarged), mode="bilinear")[:, 0]
    down, right = (moved[:, k, None] + torch.arange(side) for k in range(2))
    return large[torch.arange(len(grids))[:, None, None], down[:, :, None], right[:, None, :]]


def _cell(side: int, cells: int) -> int:
    """Pixels along a side of a cell, rounded up, so that the cells cover the image."""
    return math.ceil(side / cells)
