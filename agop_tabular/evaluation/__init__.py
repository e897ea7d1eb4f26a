"""How good attributions are: metrics against a ground truth."""

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

__all__ = [
    "average_precision",
    "cosine",
    "noise_feature_mass",
    "relative_error",
    "sign_agreement",
    "spearman",
    "top_k_precision",
    "top_one",
]
