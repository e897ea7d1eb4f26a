"""The sentences of README and documentation that quote figures, with the function that takes these from the records."""

from __future__ import annotations

from benchmarks.evidence.figures import Sentence
from benchmarks.evidence.quoted import (
    ablation,
    automl,
    contrast_truth,
    few_rows,
    gate,
    images,
    overhead,
    roar,
    scale,
    scenes,
    support,
    synthetic,
    timing,
    training_guided,
)

ABLATION = "docs/ablation.md"
IMAGES = "docs/images.md"

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
        ABLATION,
        "is {high} where support is above .95, {middle} between .7 and .8, and {low} below .5",
        support,
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
        "docs/roar.md",
        "AGOP-IxG is below 95% of the rankings ({credit_default_remove_agop_ixg} against "
        "{credit_default_remove_random} on average).",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "On Credit Default `agop` has an area of {credit_default_remove_agop}, like permutation importance "
        "({credit_default_remove_permutation_importance}), which sees the labels, and LIME "
        "({credit_default_remove_lime}), and ahead of DeepExplainer ({credit_default_remove_shap_deep}), Integrated "
        "Gradients ({credit_default_remove_integrated_gradients}) and Input×Gradient "
        "({credit_default_remove_input_x_gradient}). On Adult Input×Gradient's area is the lowest, "
        "{adult_remove_input_x_gradient}, then Integrated Gradients ({adult_remove_integrated_gradients}), AGOP-IxG "
        "({adult_remove_agop_ixg}), `agop` ({adult_remove_agop}) and DeepExplainer ({adult_remove_shap_deep});",
        roar,
    ),
    Sentence(
        "docs/roar.md",
        "ranks well on Credit Default ({credit_default_remove_diag_M}) and badly on Adult for keeping "
        "({adult_keep_diag_M} against {adult_keep_agop}):",
        roar,
    ),
    Sentence(
        "docs/automl.md",
        "Explaining takes {grid_search_share}% of the time of a grid search of {grid_search_fit} s, and less for tools "
        "that take longer: {autogluon_share}% of AutoGluon's {autogluon_fit} s, {flaml_share}% of FLAML's {flaml_fit} "
        "s, {pytabkit_share}% of RealMLP's {pytabkit_fit} s. Two rows of the table have a larger share. Five "
        "calibrated members fit in {calibrated_fit} s, and their own `predict_proba` on the test rows alone takes "
        "{calibrated_predicting}% of that.",
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
    Sentence(
        IMAGES,
        "three networks that tell the shape (accuracy on test scenes {accuracy_shape_7000}, {accuracy_shape_7001} and "
        "{accuracy_shape_7002}), and one each for colour and material ({accuracy_color_7000} and "
        "{accuracy_material_7000}).",
        scenes,
    ),
    Sentence(
        IMAGES,
        "Weighted is level on the shape ({shape_agop_weighted} against {shape_integrated_gradients}) and behind on "
        "colour ({color_agop_weighted} against {color_integrated_gradients}) and material ({material_agop_weighted} "
        "against {material_integrated_gradients}); over all rules of pooling and both truths it has "
        "{color_agop_weighted_integrated_gradients_least} to {shape_agop_weighted_integrated_gradients_most} times "
        "IG's IoU. From the black image IG is so much worse ({shape_integrated_gradients__black} on the shape) that "
        "the claim holds there, with {shape_agop_weighted_integrated_gradients__black_least} to "
        "{shape_agop_weighted_integrated_gradients__black_most} times; on material, too,",
        scenes,
    ),
    Sentence(
        IMAGES,
        "the plain gradient has {shape_vanilla_gradient}, {color_vanilla_gradient} and {material_vanilla_gradient}. "
        "The standard deviation of the training images' pixels in place of M does better than both "
        "({shape_gradient___sd_of_pixels}, {color_gradient___sd_of_pixels}, {material_gradient___sd_of_pixels}).",
        scenes,
    ),
    Sentence(
        IMAGES,
        "one map for all images ({shape_agop_global} on the shape) finds them no better than the variance of the "
        "training images does ({shape_data__variance}).",
        scenes,
    ),
    Sentence(
        IMAGES,
        "at all four stages ({shape_refined_cam}, {color_refined_cam} and {material_refined_cam}) and LayerCAM at "
        "the second stage ({shape_layer_cam__stage_2}, {color_layer_cam__stage_2}, {material_layer_cam__stage_2}), "
        "then the image times the gradient ({shape_input_x_gradient}, {color_input_x_gradient}, "
        "{material_input_x_gradient}). GradCAM is coarse here, four by four pixels at the last stage "
        "({shape_grad_cam} on the shape). Scenes less the mean image show all objects better than any method, but "
        "not which of them counts ({shape__x___mean_image_}).",
        scenes,
    ),
    Sentence(
        IMAGES,
        "by the sum over channels ({shape_agop_adaptive}, {color_agop_adaptive}, {material_agop_adaptive}).",
        scenes,
    ),
    Sentence(
        IMAGES,
        "{shift_shape_elsewhere_agop_weighted} against {shift_shape_elsewhere_vanilla_gradient} on the shape, while "
        "the networks still classify {shift_shape_elsewhere_accuracy} correctly; {shift_color_elsewhere_agop_weighted} "
        "against {shift_color_elsewhere_vanilla_gradient} on colour ({shift_color_elsewhere_accuracy}). With more "
        "objects the difference is what it was. Under another light it is level on the shape "
        "({shift_shape_evening_agop_weighted} against {shift_shape_evening_vanilla_gradient}), where the networks fail "
        "({shift_shape_evening_accuracy}). The median of support falls with the region (from "
        "{shift_shape_as_in_training_support} to {shift_shape_elsewhere_support} on the shape, from "
        "{shift_color_as_in_training_support} to {shift_color_elsewhere_support} on colour)",
        scenes,
    ),
    Sentence(
        IMAGES,
        "holds under the union rule, {cnn8by8_white_linear_agop_weighted_union} against "
        "{cnn8by8_white_linear_integrated_gradients_union} ({cnn8by8_white_linear_agop_weighted_union_ratio}×); for "
        "the image's own shape {cnn8by8_white_linear_agop_weighted_own} against "
        "{cnn8by8_white_linear_integrated_gradients_own} ({cnn8by8_white_linear_agop_weighted_own_ratio}×).",
        images,
    ),
    Sentence(
        IMAGES,
        "Against the image's own shape it is {cnn8by8_white_multiplicative_agop_global_own_ratio}×, with a standard "
        "deviation of {cnn8by8_white_multiplicative_agop_global_own_ratio_sd} over seeds, because Integrated "
        "Gradients is at chance there ({cnn8by8_white_multiplicative_integrated_gradients_own}, random "
        "{cnn8by8_white_multiplicative_random_own}). Against the union of both shapes it is "
        "{cnn8by8_white_multiplicative_agop_global_union_ratio}×. On the correlated background it is "
        "{cnn8by8_correlated_multiplicative_agop_global_own_ratio}× and "
        "{cnn8by8_correlated_multiplicative_agop_global_union_ratio}×.",
        images,
    ),
    Sentence(
        IMAGES,
        "computed without the network, are a better such map ({cnn8by8_white_multiplicative_class_variances_union} and "
        "{cnn8by8_white_multiplicative_class_variances_own}). On tasks whose shapes never move, a constant map wins by "
        "construction; on translations_rotations Global is at chance "
        "({cnn8by8_white_translations_rotations_agop_global_own}).",
        images,
    ),
    Sentence(
        IMAGES,
        "the prediction changes for {digits_agop_adaptive}% of the images with `agop-adaptive`, "
        "{digits_agop_weighted}% with AGOP-Weighted, {digits_vanilla_gradient}% with the plain gradient, "
        "{digits_smoothgrad}% with SmoothGrad, {digits_agop_global}% with AGOP-Global, {digits_integrated_gradients}% "
        "with Integrated Gradients from zero, whose maps are zero at black pixels, and {digits_random}% at random.",
        images,
    ),
    Sentence(
        IMAGES,
        "On CNN8by8, white, it has {cnn8by8_white_linear_agop_adaptive_union} on linear, "
        "{cnn8by8_white_multiplicative_agop_adaptive_union} on multiplicative and "
        "{cnn8by8_white_xor_agop_adaptive_union} on xor, each above the best of Integrated Gradients, SmoothGrad, the "
        "plain gradient and AGOP-Weighted ({cnn8by8_white_linear_smoothgrad_union}, "
        "{cnn8by8_white_multiplicative_smoothgrad_union}, {cnn8by8_white_xor_smoothgrad_union}; intervals above zero "
        "under the union rule), and {cnn8by8_white_translations_rotations_agop_adaptive_union} on "
        "translations_rotations against Integrated Gradients' "
        "{cnn8by8_white_translations_rotations_integrated_gradients_union}. On the MLP's translations_rotations it "
        "has {mlp_white_translations_rotations_agop_adaptive_union} like Integrated Gradients "
        "({mlp_white_translations_rotations_integrated_gradients_union}), where AGOP-Weighted has "
        "{mlp_white_translations_rotations_agop_weighted_union}; on the MLP's multiplicative task AGOP-Weighted is "
        "better against the image's own shape ({mlp_white_multiplicative_agop_weighted_own} against "
        "{mlp_white_multiplicative_agop_adaptive_own}).",
        images,
    ),
    Sentence(
        IMAGES,
        "On white background it chooses wrongly for {white_wrong} of {white_networks} networks, on the correlated one "
        "for {correlated_wrong} of {correlated_networks}: for {correlated_missed} of the {correlated_moving} whose "
        "shapes move. There `agop-adaptive` has {cnn8by8_correlated_translations_rotations_agop_adaptive_union} with "
        "CNN8by8 against Integrated Gradients' {cnn8by8_correlated_translations_rotations_integrated_gradients_union} "
        "(MLP {mlp_correlated_translations_rotations_agop_adaptive_union} against "
        "{mlp_correlated_translations_rotations_integrated_gradients_union}).",
        images,
    ),
    Sentence(
        IMAGES,
        "(RefineCAM {shape_refined_cam_threshold}, {color_refined_cam_threshold} and {material_refined_cam_threshold} "
        "IoU on shape, colour and material). The graph cut fills in maps whose thresholds find little: `agop-ixg` "
        "from {shape_agop_ixg_threshold}, {color_agop_ixg_threshold} and {material_agop_ixg_threshold} to "
        "{shape_agop_ixg_cut}, {color_agop_ixg_cut} and {material_agop_ixg_cut}, the image times the gradient from "
        "{shape_input_x_gradient_threshold}, {color_input_x_gradient_threshold} and "
        "{material_input_x_gradient_threshold} to {shape_input_x_gradient_cut}, {color_input_x_gradient_cut} and "
        "{material_input_x_gradient_cut}; RefineCAM's it makes no better. From the middle of the picture it finds "
        "{shape_centre_cut}",
        scenes,
    ),
)
