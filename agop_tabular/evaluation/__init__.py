"""Measure how good attributions are: metrics against a ground truth, comparisons over seeds, sanity checks."""

from agop_tabular.evaluation.localisation import (
    earth_movers_distance,
    importance_mass,
    intersection_over_union,
    precision_recall_area,
)
from agop_tabular.evaluation.metrics import (
    average_precision,
    cosine,
    noise_feature_mass,
    relative_error,
    sign_agreement,
    spearman,
    top_k_precision,
    top_one,
)
from agop_tabular.evaluation.randomization import parameter_randomization
from agop_tabular.evaluation.roar import Retrainings, area, ranking, roar
from agop_tabular.evaluation.statistics import compare_methods, holm, paired_comparison

__all__ = [
    "Retrainings",
    "area",
    "average_precision",
    "compare_methods",
    "cosine",
    "earth_movers_distance",
    "holm",
    "importance_mass",
    "intersection_over_union",
    "noise_feature_mass",
    "paired_comparison",
    "parameter_randomization",
    "precision_recall_area",
    "ranking",
    "relative_error",
    "roar",
    "sign_agreement",
    "spearman",
    "top_k_precision",
    "top_one",
]
