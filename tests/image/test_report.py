"""The report of an image network."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from agop_tabular.image import AGOPImageExplainer
from agop_tabular.models.fingerprint import fingerprint


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 1, 6, 6)).astype("float32")
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2), nn.LogSoftmax(dim=1))
    return module, X


@pytest.mark.parametrize("method", ["agop-weighted", "agop-adaptive", "agop-global"])
def test_images_with_their_maps(tmp_path, images, method):
    module, X = images
    explainer = AGOPImageExplainer(module, method=method).fit(X)
    with torch.no_grad():
        y = module(torch.from_numpy(X)).argmax(dim=1).numpy()
    path = explainer.report(X, y, tmp_path / "x.html", title="Maps", n_images=8)
    html = path.read_text(encoding="utf-8")
    assert "<title>Maps</title>" in html
    assert fingerprint(explainer.tabular_.model_.network) in html
    assert "100.0% of 40 rows (accuracy)" in html
    assert html.count("<svg") == 3, "the mean map, and two pictures of six images and two"
    assert re.search(r"Image 1[^;]*, label \d", html)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert explainer.report(X, y, tmp_path / "y.html", title="Maps", n_images=8).read_bytes() == path.read_bytes()


def test_maps_alone(tmp_path, images):
    module, X = images
    explanation = AGOPImageExplainer(module).fit(X)(X)
    html = explanation.report(tmp_path / "x.html", n_images=3).read_text(encoding="utf-8")
    assert html.count("<svg") == 1
    assert "Maps of 40 images of 6 × 6 pixels" in html


def test_what_cannot_be_reported(tmp_path, images):
    module, X = images
    with pytest.raises(NotFittedError):
        AGOPImageExplainer(module).report(X, path=tmp_path / "x.html")
    with pytest.raises(ValueError, match="y has 3 labels"):
        AGOPImageExplainer(module).fit(X).report(X, [0, 1, 0], tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_images_of_a_series_are_taken_by_their_position(tmp_path, images):
    """As a split leaves them: the index is another order, and labels and maps follow the positions."""
    module, X = images
    order = np.random.RandomState(0).permutation(len(X))
    places = pd.Series(order, index=order[::-1])
    explainer = AGOPImageExplainer(module, transform=lambda i: X[i]).fit(places)
    y = np.zeros(len(X), dtype=int)
    found = explainer.report(places, y, tmp_path / "x.html", title="a", n_images=4).read_bytes()
    assert found == explainer.report(order.tolist(), y, tmp_path / "y.html", title="a", n_images=4).read_bytes()


def test_maps_that_cannot_be_reported(tmp_path, images):
    module, X = images
    explainer = AGOPImageExplainer(module).fit(X)
    with pytest.raises(ValueError, match='than "all"'):
        explainer.report(X, path=tmp_path / "x.html", target="all")
    with pytest.raises(ValueError, match='than "all"'):
        explainer(X, "all").report(tmp_path / "x.html")
    with pytest.raises(ValueError, match="no image to report"):
        explainer(X)[:0].report(tmp_path / "x.html")
    with pytest.raises(ValueError, match="n_images=0 is not"):
        explainer.report(X, path=tmp_path / "x.html", n_images=0)
    assert list(tmp_path.iterdir()) == []
