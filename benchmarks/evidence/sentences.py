"""The sentences of README and documentation that quote figures, with the function that takes these from the records."""

from __future__ import annotations

from benchmarks.evidence.figures import Sentence
from benchmarks.evidence.image_sentences import IMAGE_SENTENCES
from benchmarks.evidence.quoted import (
    ablation,
    automl,
    budget,
    contrast_truth,
    few_rows,
    gate,
    images,
    orders,
    overhead,
    roar,
    scale,
    support,
    synthetic,
    timing,
    training_guided,
)

ABLATION = "docs/ablation.md"

GUIDED_ROWS = {
    "`xtrain`": "xtrain",
    "`xwp`": "xwp",
    "Input×Gradient": "input_x_gradient",
    "occlusion": "occlusion",
    "AGOP-IxG": "agop_ixg",
    "SHAP (DeepExplainer)": "shap_deep",
    "`AGOPExplainer`, default": "agop",
}
"""Rows of the table in docs/training-guided.md, with the names of their figures."""


def _guided_figures(method: str) -> str:
    """Cosines of a row of that table: with the truth, then with the network's own values, of four tasks each."""
    tasks = ("linear", "sparse_nonlinear", "interaction", "switched")
    return " | ".join(f"{{{task}_{method}_{cosine}}}" for cosine in ("cosine", "own_cosine") for task in tasks)


SENTENCES: tuple[Sentence, ...] = (
    Sentence(
        "README.md",
        "Relative error {agop_error} against the network's own Shapley values on {networks} networks of "
        "{families} families of problems that nothing was chosen on, shap's DeepExplainer {shap_deep_error}, "
        "with 1,000 background rows {shap_deep_1000_error}",
        ablation,
    ),
    Sentence(
        ABLATION,
        "On {networks} networks of {families} families that nothing was chosen on, the relative error of the "
        "default against the network's own Shapley values is {agop_error} (cosine {agop_cosine}). Those of "
        "DeepExplainer are {shap_deep_error} ({shap_deep_cosine}) with 100 background rows and "
        "{shap_deep_1000_error} ({shap_deep_1000_cosine}) with 1,000, of KernelExplainer {shap_kernel_error} "
        "({shap_kernel_cosine}) with 200,000 evaluations a row, of GradientExplainer {shap_gradient_error} "
        "({shap_gradient_cosine}), of Integrated Gradients {integrated_gradients_error} "
        "({integrated_gradients_cosine}) and of Input×Gradient {input_x_gradient_error} "
        "({input_x_gradient_cosine}). "
        "LIME's values are not on the scale of the scores; their cosine is {lime_cosine}. On the *new* families alone, "
        "{new_networks} networks of {new_families}, it is {new_agop_error} for the default, "
        "{new_shap_deep_1000_error} for DeepExplainer with 1,000 rows and {new_shap_kernel_error} for "
        "KernelExplainer.",
        ablation,
    ),
    Sentence(
        ABLATION,
        "wine {wine_shap_deep_1000_error} against {wine_agop_error}, breast cancer "
        "{breast_cancer_shap_deep_1000_error} against {breast_cancer_agop_error}, digits "
        "{digits_shap_deep_1000_error} against {digits_agop_error} (but not on the diabetes table, "
        "{diabetes_shap_deep_1000_error} against {diabetes_agop_error})",
        ablation,
    ),
    Sentence(
        ABLATION,
        "the error of the default is {transformer_agop_error}, of KernelExplainer {transformer_shap_kernel_error} and "
        "of GradientExplainer with 1,000 rows {transformer_shap_gradient_1000_error}.",
        ablation,
    ),
    Sentence(
        ABLATION,
        "relative error of {permutations__time_of_10_rows_error} for ten rows, "
        "{permutations__time_of_100_rows_error} for a hundred and {permutations__time_of_1_000_rows_error} for a "
        "thousand, against {agop_error} of the default",
        ablation,
    ),
    Sentence(
        ABLATION,
        "cosine {agop_cosine} (DeepExplainer {shap_deep_cosine}), signs {agop_signs} ({shap_deep_signs}), "
        "Spearman {agop_spearman} ({shap_deep_spearman}), noise mass {agop_noise_mass} "
        "({shap_deep_noise_mass}). With the same gate",
        contrast_truth,
    ),
    Sentence(
        ABLATION,
        "It finds no noise in {untouched} of {informative} all-informative networks. Over the other families "
        "whose truth is known it keeps {kept}% of the noise columns and loses {lost}% of the informative ones",
        gate,
    ),
    Sentence(
        "docs/method.md",
        "Where it found noise columns, {changed_least}% to {changed_most}% of a classifier's predictions depend on "
        "them ([study](ablation.md)).",
        gate,
    ),
    Sentence(
        ABLATION,
        "is {high} where support is above .95, {middle} between .7 and .8, and {low} below .5",
        support,
    ),
    Sentence(
        ABLATION,
        "Refinement has the lowest error in {won} of {budgets} families and budgets. With {pairs} pairs of "
        "permutations its error is {refined_error} in the mean of the families, that of permutation sampling "
        "{permutations_error}, of shap's KernelExplainer {KernelSHAP_error}, and of shapiq's samplers "
        "{KernelSHAP__paired_error} (paired KernelSHAP), {Leverage_SHAP_error} (Leverage SHAP) and {SVARM_error} "
        "(SVARM). These take values for exact that have to be sampled; a regression that does not, "
        "written for this study, has {Leverage_SHAP__noisy_values_error}. The best of all "
        "these has {least} to {most} times the error of refinement.",
        budget,
    ),
    Sentence(
        ABLATION,
        "its error is {default_error} in the mean of {families} families, that of exact effects of up to two columns "
        "{exact__2_error}, of up to three {exact__3_error}, and of",
        orders,
    ),
    Sentence(
        ABLATION,
        "With more shuffled rows it is {more_shuffled_rows_error}, with twice the bins {twice_the_bins_error}, with "
        "more groups {more_groups_for_pairs_error}, with nearly all pair effects "
        "{nearly_all_pair_effects_error}, with all of these {all_of_these_error}.",
        orders,
    ),
    Sentence(
        ABLATION,
        "exact effects of all triples are nearer on {nearer} of {families} families, such as Adult ({adult_exact__3} "
        "for {adult_default}), heavy tails ({heavy_tails_exact__3} for {heavy_tails_default}), SiLU ({silu_exact__3} "
        "for {silu_default}) and parity ({parity_exact__3} for {parity_default}),",
        orders,
    ),
    Sentence(
        ABLATION,
        "{half_of_them} pairs of permutations leave {left_least}% to {left_most}% of the look-up's error",
        budget,
    ),
    Sentence(
        "docs/when-not.md",
        "nearer to the exact values on {nearer_10} of {networks} networks if 10 rows are explained, on "
        "{nearer_100} if 100 are, and on {nearer_1000} if 1,000 are; the median break-even is {even} rows",
        few_rows,
    ),
    Sentence(
        "docs/when-not.md",
        "its relative error is {three_way_agop_error}, DeepExplainer's {three_way_shap_deep_1000_error} with 1,000 "
        "background rows",
        ablation,
    ),
    Sentence(
        "docs/comparison.md",
        "on {networks} networks of {families} families that nothing was chosen on and that learned their task "
        "([study](ablation.md)): | method | relative error | cosine | |---|---|---| "
        "| agop_tabular's default | {agop_error} | {agop_cosine} | "
        "| shap KernelExplainer, 200,000 evaluations a row | {shap_kernel_error} | {shap_kernel_cosine} | "
        "| shap DeepExplainer, 1,000 background rows | {shap_deep_1000_error} | {shap_deep_1000_cosine} | "
        "| shap DeepExplainer, 100 background rows | {shap_deep_error} | {shap_deep_cosine} | "
        "| shap GradientExplainer | {shap_gradient_error} | {shap_gradient_cosine} | "
        "| Integrated Gradients (captum) | {integrated_gradients_error} | {integrated_gradients_cosine} | "
        "| Input×Gradient (captum) | {input_x_gradient_error} | {input_x_gradient_cosine} | "
        "| LIME | – | {lime_cosine} |",
        ablation,
    ),
    Sentence(
        "docs/timing.md",
        "shap's DeepExplainer takes some {shap_deep_times_ixg} times as long as AGOP-IxG and some "
        "{shap_deep_times_agop} times as long as the default, `agop`, which takes about {agop_of_forward} times as "
        "long there as the net's `predict_proba`. KernelExplainer takes {shap_kernel_times_ixg} and "
        "{shap_kernel_times_agop} times as long.",
        timing,
    ),
    Sentence(
        "docs/timing.md",
        "`agop` pays for this at fit: {agop_fit} s here, {agop_fit_100_columns} s on a hundred columns. With the fits "
        "included, the 500 rows take {agop_all} s with the default, {agop_ixg_all} s with AGOP-IxG, {shap_deep_all} s "
        "with DeepExplainer and 100 background rows, {shap_deep_1000_all} s with 1,000, and {shap_kernel_all} s with "
        "KernelExplainer. So for up to about {shap_deep_even} rows, explained once, DeepExplainer with 100 background "
        "rows takes less time in all;",
        timing,
    ),
    Sentence(
        "docs/cost.md",
        "| AGOP-IxG, 20 columns | 3.0 | {agop_ixg_p_20} | "
        "| AGOP-IxG, 1,000 columns | 1.9 | {agop_ixg_p_1000} | "
        "| AGOP-IxG, 10,000 columns | 1.9 | {agop_ixg_p_10000} | "
        "| AGOP-IxG's fit, 10,000 columns | 1.5 | {agop_ixg__fit_p_10000} | "
        "| the default, 20 columns | 2.5 | {agop_p_20} | "
        "| the default, 1,000 columns | 2.5 | {agop_p_1000} | "
        "| the default, widest network | 2.5 | {agop_h_512} |",
        scale,
    ),
    Sentence(
        "docs/cost.md",
        "AGOP-IxG takes {loop_least} to {loop_most} times as long as a loop in plain torch",
        overhead,
    ),
    Sentence(
        "docs/cost.md",
        "whatever the table has: {fit_20_least} to {fit_100_most} times the fit of AGOP-IxG where that reads 50,000 "
        "rows",
        overhead,
    ),
    Sentence("docs/cost.md", "{agop_fit_times_ixg} times on 6,000 rows of 20 columns", timing),
    Sentence(
        "docs/ablation.md",
        "Explaining 20,000 rows takes {agop_20_least} to {agop_20_most} forward passes of a small network at 20 columns"
        ", {agop_50_least} to {agop_50_most} at 50 and {agop_100_least} to {agop_100_most} at 100, not the 2 that were "
        "the aim: looking up that many vectors takes more arithmetic than the network itself. Fitting on 50,000 rows "
        "takes {seconds_20_least} to {seconds_20_most}, {seconds_50_least} to {seconds_50_most} and "
        "{seconds_100_least} to {seconds_100_most} s.",
        overhead,
    ),
    Sentence(
        "docs/when-not.md",
        "the look-up is not free: {agop_20_least} to {agop_100_most} forward passes on 20 to 100 columns",
        overhead,
    ),
    Sentence(
        "docs/comparison.md",
        "| method | fit, s | a row, ms | |---|---|---| "
        "| agop_tabular's default | {agop_fit} | {agop_row} | "
        '| "agop-ixg" | {agop_ixg_fit} | {agop_ixg_row} | '
        "| Input×Gradient (captum) | {input_x_gradient_fit} | {input_x_gradient_row} | "
        "| Integrated Gradients (captum) | {integrated_gradients_fit} | {integrated_gradients_row} | "
        "| shap DeepExplainer | {shap_deep_fit} | {shap_deep_row} | "
        "| shap GradientExplainer | {shap_gradient_fit} | {shap_gradient_row} | "
        "| LIME | {lime_fit} | {lime_row} | "
        "| shap KernelExplainer | {shap_kernel_fit} | {shap_kernel_row} |",
        timing,
    ),
    Sentence(
        "docs/ground-truth.md",
        "cosine {agop_cosine} against {shap_deep_cosine}, {integrated_gradients_cosine}, {input_x_gradient_cosine} and "
        "{lime_cosine} on average over the tasks, relative error {agop_error} against {shap_deep_error} for "
        "DeepExplainer.",
        synthetic,
    ),
    Sentence(
        "docs/ground-truth.md",
        "its cosine with the network's own Shapley values is {agop_ixg_cosine} on average, less than Input×Gradient's "
        "{input_x_gradient_cosine}.",
        synthetic,
    ),
    Sentence(
        "docs/ground-truth.md",
        "On sparse nonlinear its Spearman correlation is {sparse_nonlinear_shap_deep_spearman_behind} behind "
        "DeepExplainer and {sparse_nonlinear_lime_spearman_behind} behind LIME (Holm-adjusted p = "
        "{sparse_nonlinear_shap_deep_spearman_p} and {sparse_nonlinear_lime_spearman_p}), and its top-k precision "
        "{sparse_nonlinear_shap_deep_top_k_behind} and {sparse_nonlinear_lime_top_k_behind} "
        "(p = {sparse_nonlinear_shap_deep_top_k_p} and {sparse_nonlinear_lime_top_k_p}).",
        synthetic,
    ),
    Sentence(
        "docs/ground-truth.md",
        "{all_informative_failed} of {all_informative_networks} networks on all-informative tasks and "
        "{sparse_nonlinear_failed} of {sparse_nonlinear_networks} on sparse nonlinear did not learn their task well "
        "enough to be counted.",
        synthetic,
    ),
    Sentence(
        "docs/roar.md",
        "AGOP-IxG is below {credit_default_remove_agop_ixg_beaten}% of the rankings ({credit_default_remove_agop_ixg} "
        "against {credit_default_remove_random} on average).",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "On Credit Default `agop` has an area of {credit_default_remove_agop}, behind LIME "
        "({credit_default_remove_lime}) and permutation importance ({credit_default_remove_permutation_importance}), "
        "which sees the labels, and ahead of DeepExplainer ({credit_default_remove_shap_deep}), Integrated Gradients "
        "({credit_default_remove_integrated_gradients}) and Input×Gradient "
        "({credit_default_remove_input_x_gradient}). On Adult Input×Gradient's area is the lowest, "
        "{adult_remove_input_x_gradient}, then Integrated Gradients ({adult_remove_integrated_gradients}), AGOP-IxG "
        "({adult_remove_agop_ixg}), `agop` ({adult_remove_agop}) and DeepExplainer ({adult_remove_shap_deep}); "
        "AGOP-IxG and `agop` do not differ significantly from Input×Gradient (p = {adult_remove_agop_ixg_p} and "
        "{adult_remove_agop_p}, Holm-adjusted).",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "ranks well on Credit Default ({credit_default_remove_diag_M}) and badly on Adult for keeping "
        "({adult_keep_diag_M} against {adult_keep_agop}):",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "Here they lie within {adult_spread_roc_auc}% (Adult) and {credit_default_spread_roc_auc}% (Credit Default) of "
        "their mean area of ROC-AUC, and {adult_spread_accuracy}% and {credit_default_spread_accuracy}% of accuracy.",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "Its removal area rises from {credit_default_remove_agop_ixg} to "
        "{credit_default_remove_agop_ixg__one_hot_as_numbers}. With only its first three columns kept, the network "
        "scores below the mean random ranking; over the whole curve it beats "
        "{credit_default_remove_agop_ixg__one_hot_as_numbers_beaten}% of them.",
        roar,
    ),
    Sentence(
        "docs/comparison.md",
        "- **LIME** has the lowest area of ROAR on Credit Default ({credit_default_remove_lime}, the default "
        "{credit_default_remove_agop}), **Input×Gradient** on Adult ({adult_remove_input_x_gradient}, the default "
        "{adult_remove_agop}).",
        roar,
    ),
    Sentence(
        "docs/comparison.md",
        "- **Integrated Gradients** finds moving shapes in images as well as this project's best map "
        "({cnn8by8_white_translations_rotations_integrated_gradients_union}, "
        "{cnn8by8_white_translations_rotations_agop_adaptive_union}).",
        images,
    ),
    Sentence(
        "docs/automl.md",
        "Explaining takes {grid_search_share}% of the time of a grid search of {grid_search_fit} s, "
        "{autogluon_share}% of AutoGluon's {autogluon_fit} s, {flaml_share}% of FLAML's {flaml_fit} s and "
        "{pytabkit_share}% of RealMLP's {pytabkit_fit} s. Two rows of the table have a larger share: five "
        "calibrated members, which are explained as one network of all of them, with {calibrated_share}% of "
        "{calibrated_fit} s, and gradient boosting, which needs a student that has to be trained, with "
        "{gradient_boosting_share}% of {gradient_boosting_fit} s.",
        automl,
    ),
    Sentence(
        "docs/start-automl.md",
        "took {share_least} to {share_most}% of the time of AutoGluon, FLAML, RealMLP and a grid search",
        automl,
    ),
    Sentence(
        "docs/training-guided.md",
        " ".join(f"| {shown} | {_guided_figures(method)} |" for shown, method in GUIDED_ROWS.items()),
        training_guided,
    ),
    Sentence(
        "docs/training-guided.md",
        "(share of the attributions inside the known region) | {typefaces_xtrain_clean}: better than",
        training_guided,
    ),
    Sentence("docs/training-guided.md", "| {typefaces_shifted_xtrain_clean}: better than the", training_guided),
    Sentence(
        "docs/training-guided.md",
        "LRP ({typefaces_shifted_lrp_clean}) and Integrated Gradients from black "
        "({typefaces_shifted_integrated_gradients__black_clean})",
        training_guided,
    ),
    *IMAGE_SENTENCES,
)
