"""The randomisation check distinguishes an explanation of the model from one of the data."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular import AGOPExplainer
from agop_tabular.evaluation import parameter_randomization
from agop_tabular.image import AGOPImageExplainer


def test_gradient_explanations_change_and_data_maps_do_not(net, X):
    weights = {k: v.clone() for k, v in net.module_.state_dict().items()}
    of_model = parameter_randomization(net, lambda e: AGOPExplainer(e).fit(X).explain(X, 1), random_state=0)
    of_data = parameter_randomization(net, lambda e: X - X.mean(0), random_state=0)
    np.testing.assert_allclose(of_data[["spearman", "cosine"]], 1.0)
    assert abs(of_model["cosine"].iloc[-1]) < 0.7
    assert of_model["cosine"].iloc[-1] < of_model["cosine"].iloc[0] + 0.2
    assert list(of_model.index) == [n for n, m in list(net.module_.named_modules())[::-1] if hasattr(m, "weight")]
    assert all(torch.equal(v, weights[k]) for k, v in net.module_.state_dict().items())


def test_same_seed_same_answer_and_random_state_is_left(net, X):
    before = torch.get_rng_state()
    both = [parameter_randomization(net.module_, lambda m: _gradient(m, X), random_state=0) for _ in range(2)]
    assert both[0].equals(both[1])
    last = parameter_randomization(net.module_, lambda m: _gradient(m, X), cascade=False, random_state=0)
    assert last.equals(both[0].tail(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_pipelines_and_refusals(net, X):
    pipeline = make_pipeline(StandardScaler().fit(X), net)
    assert len(parameter_randomization(pipeline, lambda e: X, random_state=0)) > 1
    with pytest.raises(ValueError, match="LogisticRegression has no torch module"):
        parameter_randomization(LogisticRegression().fit(X, X[:, 0] > 0), lambda e: X)
    with pytest.raises(ValueError, match="no layer with reset_parameters"):
        parameter_randomization(torch.nn.ReLU(), lambda e: X)


def test_maps_of_images_layer_by_layer():
    """Maps that are read off the weights change with the layer they are read from, and with no other alone."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 36))

    def of_last_layer(m):
        return m[2].weight.detach().numpy()[:, :36].reshape(36, 6, 6)

    alone = parameter_randomization(module, of_last_layer, independent=True, random_state=0)
    assert list(alone.index) == ["2", "0"]
    np.testing.assert_allclose(alone.loc["0"], 1.0)
    assert (alone.loc["2"].abs() < 0.2).all()
    together = parameter_randomization(module, of_last_layer, random_state=0)
    assert (together.abs() < 0.2).all(axis=None)
    np.testing.assert_allclose(together.loc["2"], alone.loc["2"])
    with pytest.raises(ValueError, match="choose one"):
        parameter_randomization(module, of_last_layer, cascade=False, independent=True)


def test_an_image_explainer_is_checked_like_any_other():
    rng = np.random.RandomState(0)
    X = rng.randn(40, 1, 8, 8).astype(np.float32)
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Tanh(), torch.nn.Flatten())
    module.append(torch.nn.Linear(144, 3))

    def maps(m):
        return AGOPImageExplainer(m, method="ixg").fit(X).explain(X[:10], target=1)

    found = parameter_randomization(module, maps, random_state=0)
    assert list(found.index) == ["3", "0"]
    assert abs(found["cosine"].iloc[-1]) < 0.5


def _gradient(module, X):
    x = torch.from_numpy(X).requires_grad_()
    return torch.autograd.grad(module(x)[:, 0].sum(), x)[0].numpy()


class Attends(torch.nn.Module):
    """Attention over the columns, with a token of its own."""

    def __init__(self):
        super().__init__()
        self.token = torch.nn.Parameter(torch.ones(1, 1, 4))
        self.embed, self.out = torch.nn.Linear(1, 4), torch.nn.Linear(4, 2)
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        h = torch.cat([self.token.expand(len(x), -1, -1), self.embed(x[:, :, None])], dim=1)
        return self.out(self.attention(h, h, h)[0][:, 0])


def test_attention_is_randomised_and_what_is_not_is_named():
    torch.manual_seed(0)
    module, seen = Attends(), []

    def explain(m):
        seen.append({name: value.detach().clone() for name, value in m.named_parameters()})
        return np.ones((2, 3))

    with pytest.warns(UserWarning, match="parameters token stay as trained") as caught:
        table = parameter_randomization(module, explain, random_state=0)
    assert caught[0].filename == __file__
    assert "attention" in table.index
    assert not torch.equal(seen[-1]["attention.in_proj_weight"], seen[0]["attention.in_proj_weight"])
    assert torch.equal(seen[-1]["token"], seen[0]["token"])


def test_weights_under_a_norm_are_named():
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    with pytest.warns(UserWarning, match="weight.original0, parametrizations.weight.original1 stay as trained"):
        parameter_randomization(layer, lambda m: np.ones((2, 3)), random_state=0)
