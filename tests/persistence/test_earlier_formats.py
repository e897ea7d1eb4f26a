"""Files that earlier versions wrote: they load without a warning, and explain as the version that wrote them did."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from support import hostile_files
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.image import AGOPImageExplainer

FILES = Path(__file__).parent / "files"

ATTRIBUTIONS = np.load(FILES / "attributions.npz")
"""Of the first rows, by the version that wrote each file."""


def with_known_weights(module):
    """The module with weights that do not depend on a random state."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.sin(torch.arange(1, p.numel() + 1, dtype=torch.float32)).reshape(p.shape))
    return module


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.net = nn.Embedding(5, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.net(torch.cat((x[:, :2], self.table(x[:, 2].long())), dim=1))


ROWS = np.sin(np.arange(400, dtype="float64")).reshape(100, 4).astype("float32")
CODED = np.column_stack([ROWS[:, :2], np.arange(100) % 5]).astype("float32")
IMAGES = ROWS.reshape(25, 1, 4, 4)


def dense():
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def convolution():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))


@pytest.mark.parametrize(
    ("file", "explainer", "make_network", "rows"),
    [
        ("format-4", AGOPExplainer, dense, ROWS),
        ("format-4-embedding", AGOPExplainer, Embedded, CODED),
        ("format-5", AGOPExplainer, dense, ROWS),
        ("format-5-embedding", AGOPExplainer, Embedded, CODED),
        ("format-5-images", AGOPImageExplainer, convolution, IMAGES),
    ],
)
def test_a_file_of_an_earlier_format(file, explainer, make_network, rows, tmp_path):
    network = with_known_weights(make_network())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = explainer.load(FILES / f"{file}.agop", network)
    expected = ATTRIBUTIONS[file]
    # the cells of the look-up are other ones from version to version
    np.testing.assert_allclose(loaded.explain(rows)[:10], expected, rtol=1e-3, atol=1e-4)
    assert loaded.get_params()["batch_size"] == "auto", "also of images, where earlier formats hold a number"
    loaded.save(tmp_path / "again.agop")
    again = explainer.load(tmp_path / "again.agop", network)
    np.testing.assert_array_equal(again.explain(rows), loaded.explain(rows))
    np.testing.assert_equal(again.get_params(deep=False), loaded.get_params(deep=False))


def test_moments_of_earlier_formats():
    loaded = AGOPExplainer.load(FILES / "format-4.agop", with_known_weights(dense()))
    fitted = AGOPExplainer(with_known_weights(dense())).fit(ROWS)
    assert loaded.moment_ == fitted.moment_
    # the contrast was with the mean of all three classes, now it is with that of the other two
    np.testing.assert_allclose(loaded.agop_diagonal_, fitted.agop_diagonal_ * (2 / 3) ** 2, rtol=1e-5)


@pytest.mark.parametrize(("steadiness", "steady"), [(0.2, True), (0.1, False)])
def test_which_branch_a_file_of_format_7_took_is_kept(steadiness, steady, tmp_path):
    """Their steadiness was another measure, above 1/6 for positions that are trusted; it now is above 0.7."""
    network = with_known_weights(convolution())
    network.classes_ = [0, 1]
    explainer = AGOPImageExplainer(network, method="agop-adaptive").fit(IMAGES)
    paths = [tmp_path / name for name in ("now.agop", "earlier.agop", "steady.agop")]
    explainer.save(paths[0])
    state, tensors = hostile_files.read(paths[0])
    state["images"] |= {"steadiness": steadiness, "steady": steady}
    hostile_files.write(paths[2], state, tensors)
    del state["images"]["steady"], state["images"]["params"]["channels"]
    hostile_files.write(paths[1], state | {"format": 7}, tensors)
    earlier, expected = (AGOPImageExplainer.load(path, network) for path in paths[1:])
    np.testing.assert_array_equal(earlier.explain(IMAGES), expected.explain(IMAGES))
    assert earlier.steadiness_ == steadiness
    kept = (explainer.steadiness_ > 0.7) == steady
    assert np.array_equal(earlier.explain(IMAGES), explainer.explain(IMAGES)) == kept
