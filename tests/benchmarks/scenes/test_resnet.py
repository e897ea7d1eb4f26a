"""ResNet-18 has torchvision's tensors, and computes what its parts say."""

import pytest
import torch
from torch import nn

from benchmarks.scenes.resnet import ResNet18, load_weights


def torchvision_shapes(n_classes=1000):
    """Names and shapes of torchvision's resnet18, written out by its rules."""

    def norm(name, n):
        shapes = {f"{name}.{part}": (n,) for part in ("weight", "bias", "running_mean", "running_var")}
        return shapes | {f"{name}.num_batches_tracked": ()}

    found = {"conv1.weight": (64, 3, 7, 7), **norm("bn1", 64)}
    before = 64
    for stage, n in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            at = f"layer{stage}.{block}"
            found |= {f"{at}.conv1.weight": (n, before, 3, 3), **norm(f"{at}.bn1", n)}
            found |= {f"{at}.conv2.weight": (n, n, 3, 3), **norm(f"{at}.bn2", n)}
            if block == 0 and stage > 1:
                found |= {f"{at}.downsample.0.weight": (n, before, 1, 1), **norm(f"{at}.downsample.1", n)}
            before = n
    return found | {"fc.weight": (n_classes, 512), "fc.bias": (n_classes,)}


def test_names_shapes_and_order_are_torchvisions():
    found = {name: tuple(values.shape) for name, values in ResNet18(1000).state_dict().items()}
    assert found == torchvision_shapes()
    assert list(found) == list(torchvision_shapes())
    assert len(found) == 122


def test_it_has_as_many_parameters_as_published():
    assert sum(p.numel() for p in ResNet18(1000).parameters()) == 11_689_512


def test_scores_are_those_of_its_layers_one_after_the_other():
    torch.manual_seed(0)
    network = ResNet18(3, width=4).eval()
    for layer in network.modules():  # running statistics that change something
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    x = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        a = nn.functional.relu(network.bn1(network.conv1(x)))
        a = nn.functional.max_pool2d(a, 3, 2, 1)
        sizes = []
        for stage in network.stages:
            for block in stage:
                kept = a if block.downsample is None else block.downsample(a)
                a = block.bn2(block.conv2(nn.functional.relu(block.bn1(block.conv1(a)))))
                a = nn.functional.relu(a + kept)
            sizes.append(tuple(a.shape[1:]))
        torch.testing.assert_close(network(x), network.fc(a.mean(dim=(2, 3))))
    assert sizes == [(4, 16, 12), (8, 8, 6), (16, 4, 3), (32, 2, 2)]


def test_weights_are_loaded_but_for_the_head(tmp_path):
    torch.manual_seed(0)
    given, network = ResNet18(1000, width=4), ResNet18(3, width=4)
    torch.save(given.state_dict(), tmp_path / "weights.pth")
    head = network.fc.weight.clone()
    load_weights(network, tmp_path / "weights.pth")
    assert torch.equal(network.fc.weight, head)
    assert all(torch.equal(v, given.state_dict()[k]) for k, v in network.state_dict().items() if "fc" not in k)


def test_other_weights_are_one_sentence(tmp_path):
    torch.save(ResNet18(3, width=8).state_dict(), tmp_path / "wide.pth")
    with pytest.raises(ValueError, match="weights of another network: .* of 120 tensors are missing or of another"):
        load_weights(ResNet18(3, width=4), tmp_path / "wide.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="weights of another network"):
        load_weights(ResNet18(3, width=4), tmp_path / "list.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ValueError, match="is no state dict that torch.load reads"):
        load_weights(ResNet18(3, width=4), tmp_path / "text.pth")
    with pytest.raises(ValueError, match="There is no file"):
        load_weights(ResNet18(3, width=4), tmp_path / "none.pth")
