"""Maps of images are drawn below the images."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from agop_tabular.image import AGOPImageExplainer
from agop_tabular.results.cells import score_text


def test_plot(module, X):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    explanation = AGOPImageExplainer(module).fit(X)(X[:3])
    axes = explanation.plot().axes
    assert len(axes) == 6
    images, maps = axes[:3], axes[3:]
    for i in range(3):
        drawn = np.asarray(images[i].images[0].get_array())
        span = np.ptp(X[i])
        assert_allclose(drawn, ((X[i] - X[i].min()) / span).transpose(1, 2, 0), rtol=1e-6)
        assert_array_equal(np.asarray(maps[i].images[0].get_array()), explanation.values[i])
    assert [axes[0].get_ylabel(), axes[3].get_ylabel()] == ["image", explanation.method]
    with pytest.raises(ValueError, match='than "all"'):
        AGOPImageExplainer(module).fit(X)(X[:3], target="all").plot()


def test_it_prints_what_it_is_instead_of_its_arrays(module, X):
    explainer = AGOPImageExplainer(module, method="agop-ixg").fit(X)
    explanation = explainer(X)
    text, size = repr(explanation), " × ".join(map(str, X.shape[2:]))
    assert text.startswith(f"Maps of {len(X)} images of {size} pixels by method 'agop-ixg'\n")
    assert f"{X.shape[1]} channels" in text
    assert f"median {np.median(explanation.support):.2f}" in text
    assert explanation._repr_html_().startswith("<table>")
    every = explainer(X, target="all")
    assert f"all {every.values.shape[3]} classes" in repr(every)


@pytest.fixture
def explanation(module, X):
    return AGOPImageExplainer(module, method="ixg", class_names=["cat", "dog", "eel"]).fit(X)(X[:6])


def test_some_of_the_images(explanation):
    some = explanation[[4, 1]]
    assert len(some) == 2
    assert_array_equal(some.values, explanation.values[[4, 1]])
    assert_array_equal(some.data, explanation.data[[4, 1]])
    assert_array_equal(some.target, explanation.target[[4, 1]])
    assert_array_equal(some.predictions, explanation.predictions[[4, 1]])
    assert len(explanation[2]) == 1
    assert len(explanation[explanation.target == explanation.target[0]]) >= 1
    with pytest.raises(IndexError):
        explanation[9]


def test_plots_over_the_image_and_beside_a_mask(explanation):
    pytest.importorskip("matplotlib").use("Agg")
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:5, 2:5] = True
    figure = explanation.plot(2, overlay=True, masks=mask)
    assert len(figure.axes) == 6
    assert figure.axes[0].get_title().startswith(explanation.name_of(explanation.target[0]))
    assert len(explanation.plot(20).axes) == 12
    with pytest.raises(ValueError, match="n=0 is not a positive whole number"):
        explanation.plot(0)
    with pytest.raises(ValueError, match="give one mask an image"):
        explanation.plot(masks=mask[:5])


def test_maps_by_region(explanation):
    masks = np.zeros((6, 8, 8), dtype=int)
    masks[:, :4] = 1
    table = explanation.to_frame(masks, ["ground", "sky"])
    assert list(table.columns) == ["image", "target", "region", "pixels", "sum", "share", "density"]
    sky = table[table["region"] == "sky"]
    assert_allclose(sky["sum"], explanation.values[:, :4].sum(axis=(1, 2)), rtol=1e-5)
    assert_allclose(table.groupby("image")["share"].sum(), 1)
    assert table["target"].iloc[0] == explanation.name_of(explanation.target[0])
    with pytest.raises(ValueError, match="names= has 1 names"):
        explanation.to_frame(masks, ["ground"])


def test_an_image_in_words(explanation):
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:5, 2:5] = True
    said = explanation.to_text(1, masks=mask)
    name = explanation.name_of(explanation.predictions[1])
    assert said.startswith(f"The network predicts {name} for image 1")
    assert "raises the score; inside, with 14% of the pixels, has" in said
    assert explanation.to_text(1, masks=~mask & mask).endswith("; inside, with 0% of the pixels, has 0% of it.")
    assert explanation.to_text(-1).startswith(f"The network predicts {explanation.name_of(explanation.target[5])} for")
    with pytest.raises(ValueError, match="There is no image 6: there are 6"):
        explanation.to_text(6)


def test_segments_and_boxes_are_of_the_maps(explanation):
    assert explanation.segment().shape == (6, 8, 8)
    assert explanation.boxes().shape == (6, 4)
    assert not (explanation.segment(smoothness=0.0) == explanation.segment(smoothness=1e4)).all()


def test_maps_of_all_classes_are_no_map_of_an_image(module, X):
    every = AGOPImageExplainer(module).fit(X)(X[:2], target="all")
    for call in (every.segment, every.boxes, every.to_text, lambda: every.to_frame(np.ones((8, 8), dtype=bool))):
        with pytest.raises(ValueError, match='than "all"'):
            call()


def test_diag_m_raises_no_score(module, X):
    """It is a mean of squares: nothing of it is a direction, in words or in colours."""
    explanation = AGOPImageExplainer(module, method="agop-global").fit(X)(X[:2])
    assert not explanation.signed
    assert "raises" not in explanation.to_text()
    pytest.importorskip("matplotlib").use("Agg")
    assert explanation.plot().axes[2].images[0].get_clim()[0] == 0


def test_an_output_is_no_class(module, X):
    module.classes_ = None
    explanation = AGOPImageExplainer(module, method="agop-local").fit(X)(X[:2], 1)
    assert explanation.to_text(1).startswith(
        f"The network predicts {score_text(float(explanation.predictions[1]))} for output 1 of image 1. Half of"
    )


def test_positions_are_whole_numbers(explanation):
    for image in (1.5, "1", True, None):
        with pytest.raises(TypeError, match="is not a position"):
            explanation.to_text(image)
    assert explanation.to_text(np.int64(1)) == explanation.to_text(1)
    for images in (None, np.eye(2, dtype=int)):
        with pytest.raises(IndexError, match="is not a position"):
            explanation[images]
