"""One value a pixel from its three channels: the rules of CLEVR-XAI's evaluation (Arras, Osman and Samek, 2022)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

POOLINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "|sum|": lambda a: np.abs(a.sum(axis=1)),
    "sum > 0": lambda a: a.sum(axis=1).clip(min=0),
    "max": lambda a: np.abs(a).max(axis=1),
    "l1": lambda a: np.abs(a).sum(axis=1),
    "l2": lambda a: np.sqrt(np.square(a).sum(axis=1)),
    "l2²": lambda a: np.square(a).sum(axis=1),
}
"""What each rule makes of attributions (n, channels, height, width): maps (n, height, width) that are not negative."""

ORDERS = tuple(rule for rule in POOLINGS if rule != "l2²")
"""Rules that order pixels differently: the square of a norm has the norm's order, so IoU and rank are the same."""

USUAL = "l2"
"""The rule of AGOPImageExplainer's unsigned methods, under which methods are compared first; fixed before any run."""
