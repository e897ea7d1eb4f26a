"""Maps of images are drawn below the images."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from agop_tabular.image import AGOPImageExplainer


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
