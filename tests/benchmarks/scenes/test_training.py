"""Training on scenes: seeded, resumed to the bit, and with images as the network takes them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.scenes.resnet import ResNet18
from benchmarks.scenes.tasks import read_task
from benchmarks.scenes.training import MEAN, STD, Settings, at_input, digest, scores, trained

DATA = Path(__file__).with_name("data")
SMALL = Settings(epochs=3, width=8, batch=16)  # of width 4, torch 2.13 crashes without AVX-512


class Killed(BaseException):
    """What a training that is killed ends with."""


@pytest.fixture(scope="module")
def data():
    return read_task(DATA, "shape", size=32)


def weights(trained_network):
    return trained_network.module.state_dict()


def same(one, other):
    return all(torch.equal(values, weights(other)[name]) for name, values in weights(one).items())


def test_images_at_the_input():
    images = np.random.RandomState(0).randint(256, size=(2, 4, 5, 3), dtype=np.uint8)
    found = at_input(images)
    assert found.shape == (2, 3, 4, 5)
    assert found.dtype == np.float32
    for channel in range(3):
        expected = (images[..., channel] / 255 - MEAN[channel]) / STD[channel]
        np.testing.assert_allclose(found[:, channel], expected, rtol=1e-5, atol=1e-6)


def test_a_killed_training_goes_on_to_the_same_weights(data, tmp_path):
    whole = trained(data, SMALL, 0, tmp_path / "whole.pt", say=lambda _: None)

    def kill(line):
        if "epoch 2" in line:
            raise Killed

    with pytest.raises(Killed):
        trained(data, SMALL, 0, tmp_path / "cut.pt", say=kill)
    said = []
    resumed = trained(data, SMALL, 0, tmp_path / "cut.pt", say=said.append)
    assert said[0] == "training goes on after epoch 2"
    assert len(said) == 2
    assert same(whole, resumed)
    assert whole.history == resumed.history
    assert [set(epoch) for epoch in whole.history] == [{"loss", "validation"}] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.pt", "whole.pt"]


def test_other_seeds_settings_and_scenes_begin_anew(data, tmp_path):
    path, said = tmp_path / "network.pt", []
    first = trained(data, replace(SMALL, epochs=1), 0, path, say=said.append)
    others = [
        trained(data, replace(SMALL, epochs=1), 1, path, say=said.append),
        trained(data, replace(SMALL, epochs=1, rate=1e-2), 0, path, say=said.append),
        trained(data.take(np.arange(40)), replace(SMALL, epochs=1), 0, path, say=said.append),
    ]
    assert not any(same(first, other) for other in others)
    assert not any("goes on" in line for line in said)
    path.write_bytes(path.read_bytes()[:1000])  # half written by something that does not write whole files
    assert same(first, trained(data, replace(SMALL, epochs=1), 0, path, say=said.append))
    assert not any("goes on" in line for line in said)


def test_it_learns_and_is_left_in_evaluation_mode(data, tmp_path):
    found = trained(data, replace(SMALL, epochs=12, width=8, rate=3e-3), 0, tmp_path / "network.pt", say=lambda _: None)
    assert found.history[-1]["loss"] < 0.8 * found.history[0]["loss"]
    assert not found.module.training
    assert found.module.classes_ == [0, 1, 2]
    assert found.seconds > 0
    images = at_input(data.images)
    with torch.no_grad():
        assert torch.allclose(found.module(torch.from_numpy(images)), torch.from_numpy(scores(found.module, images)))


def test_it_starts_from_given_weights(data, tmp_path):
    given = ResNet18(1000, width=SMALL.width)
    torch.save(given.state_dict(), tmp_path / "given.pth")
    settings = replace(SMALL, epochs=1, rate=0.0, decay=0.0, weights=str(tmp_path / "given.pth"))
    found = trained(data, settings, 0, tmp_path / "network.pt", say=lambda _: None)
    assert torch.equal(found.module.conv1.weight, given.conv1.weight)
    assert found.module.fc.out_features == 3


def test_the_digest_tells_scenes_apart(data):
    assert digest(data) == digest(read_task(DATA, "shape", size=32))
    assert digest(data) != digest(read_task(DATA, "color", size=32))
    assert digest(data) != digest(data.take(np.arange(59)))
