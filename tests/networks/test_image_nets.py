"""The networks of the image benchmark: their sizes, and that the best weights are kept."""

import pytest
import torch
from torch import nn

from agop_tabular.datasets import make_xai_tris
from agop_tabular.image import CNN8by8, MLP8by8, image_net


def test_networks_of_the_benchmark():
    assert sum(p.numel() for p in CNN8by8().parameters()) == 234
    assert [m.out_features for m in MLP8by8() if isinstance(m, nn.Linear)] == [32, 16, 8, 2]
    train, valid, _ = make_xai_tris(n_samples=2000, random_state=0).split(0)
    torch.manual_seed(0)
    net = image_net(MLP8by8, valid=(valid.X, valid.y), epochs=25, lr=3e-3).fit(train.X, train.y)
    assert (net.predict(valid.X) == valid.y).mean() > 0.8
    best = min(net.history[:, "valid_loss"])
    kept = nn.functional.cross_entropy(
        net.module_.eval()(torch.from_numpy(valid.X)).detach(), torch.from_numpy(valid.y)
    ).item()
    assert kept == pytest.approx(best, rel=1e-3), "the weights of least validation loss are kept"
