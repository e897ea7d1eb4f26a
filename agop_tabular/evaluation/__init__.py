"""Measure how good attributions are: metrics against a ground truth, comparisons over seeds, sanity checks."""

from agop_tabular.evaluation.adversarial_masking import (
    AdversarialMasking,
    adversarial_counterpart,
    adversarial_masking,
)
from agop_tabular.evaluation.ansatz import feature_ansatz
from agop_tabular.evaluation.arcc import arcc, coherency, complexity
from agop_tabular.evaluation.cleanness import attribution_shift, clean_score
from agop_tabular.evaluation.localisation import (
    box_overlap,
    earth_movers_distance,
    importance_mass,
    intersection_over_union,
    mask_overlap,
    precision_recall_area,
    rank_accuracy,
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
from agop_tabular.evaluation.perturbation import prediction_gap, relative_input_stability
from agop_tabular.evaluation.randomization import parameter_randomization
from agop_tabular.evaluation.removal import (
    average_drop,
    deletion_area,
    insertion_area,
    removal_curve,
    symmetric_relevance_gain,
)
from agop_tabular.evaluation.road import noisy_linear_imputation, road, road_curve
from agop_tabular.evaluation.roar import Retrainings, area, ranking, roar
from agop_tabular.evaluation.statistics import compare_methods, holm, paired_comparison

__all__ = [
    "AdversarialMasking",
    "Retrainings",
    "adversarial_counterpart",
    "adversarial_masking",
    "arcc",
    "area",
    "attribution_shift",
    "average_drop",
    "average_precision",
    "box_overlap",
    "clean_score",
    "coherency",
    "compare_methods",
    "complexity",
    "cosine",
    "deletion_area",
    "earth_movers_distance",
    "feature_ansatz",
    "holm",
    "importance_mass",
    "insertion_area",
    "intersection_over_union",
    "mask_overlap",
    "noise_feature_mass",
    "noisy_linear_imputation",
    "paired_comparison",
    "parameter_randomization",
    "precision_recall_area",
    "prediction_gap",
    "rank_accuracy",
    "ranking",
    "relative_error",
    "relative_input_stability",
    "removal_curve",
    "road",
    "road_curve",
    "roar",
    "sign_agreement",
    "spearman",
    "symmetric_relevance_gain",
    "top_k_precision",
    "top_one",
]
