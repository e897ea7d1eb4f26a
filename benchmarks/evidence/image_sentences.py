"""The sentences of docs/images.md that quote figures, with the function that takes these from the records."""

from __future__ import annotations

from benchmarks.evidence.figures import Sentence
from benchmarks.evidence.quoted import images, scenes

IMAGES = "docs/images.md"

IMAGE_SENTENCES: tuple[Sentence, ...] = (
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
        "(shapes moved by one cell: linear {shift_cnn8by8_linear_places_moved_0_agop_weighted} to "
        "{shift_cnn8by8_linear_places_moved_1_agop_weighted}, accuracy "
        "{shift_cnn8by8_linear_places_moved_0_accuracy} to {shift_cnn8by8_linear_places_moved_1_accuracy}), but not "
        "worse than the plain gradient: in the worst case both are equal "
        "({shift_cnn8by8_linear_places_moved_2_agop_weighted} and "
        "{shift_cnn8by8_linear_places_moved_2_vanilla_gradient} after two cells). `agop-adaptive` is slightly worse "
        "there ({shift_cnn8by8_linear_places_moved_2_agop_adaptive}).",
        images,
    ),
    Sentence(IMAGES, "correlations are between {correlation_least} and {correlation_most}.", images),
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
