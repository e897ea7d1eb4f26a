"""Real tables, bundled or from OpenML, and synthetic tasks whose ground truth is known."""

from agop_tabular.datasets.adult import fetch_adult
from agop_tabular.datasets.credit_default import fetch_credit_default
from agop_tabular.datasets.gaussian import GaussianLinearTruth, make_gaussian_linear
from agop_tabular.datasets.shapes import Shapes, make_shapes
from agop_tabular.datasets.synthetic import (
    make_all_informative,
    make_interaction,
    make_linear,
    make_sparse_nonlinear,
    make_switched,
    make_syn,
)
from agop_tabular.datasets.truth import Term, Truth
from agop_tabular.datasets.xai_tris import XaiTris, make_xai_tris

__all__ = [
    "GaussianLinearTruth",
    "Shapes",
    "Term",
    "Truth",
    "XaiTris",
    "fetch_adult",
    "fetch_credit_default",
    "make_all_informative",
    "make_gaussian_linear",
    "make_interaction",
    "make_linear",
    "make_shapes",
    "make_sparse_nonlinear",
    "make_switched",
    "make_syn",
    "make_xai_tris",
]
