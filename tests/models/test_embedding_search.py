"""Which columns a network looks up in embeddings, and for nothing else."""

import copy

import pytest
import torch
from support.embedding_nets import CITIES, USES, Embedded, Uses
from torch import nn

from agop_tabular import AGOPExplainer
from agop_tabular.models.embedding_search import embedded_codes


class TestRefusals:
    @pytest.mark.parametrize("use", USES)
    def test_codes_that_have_another_use_too(self, use, coded_rows):
        with pytest.raises(ValueError, match="'x[14]'"):
            AGOPExplainer(Uses(USES[use])).fit(coded_rows)

    def test_one_hot_in_the_network(self, coded_rows):
        def use(x):
            return nn.functional.one_hot(x[:, 1].long(), CITIES).float()

        with pytest.raises(ValueError, match="'x1'"):
            AGOPExplainer(Uses(use, CITIES)).fit(coded_rows)

    @pytest.mark.parametrize(
        "change",
        [
            lambda x: torch.cat([x[:, :1], x[:, 1:2] * 2 % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], (x[:, 1:2] + x[:, 4:]) % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], (x[:, 1:2] + (x[:, :1] > 0)) % CITIES, x[:, 2:]], dim=1),
            lambda x: torch.cat([x[:, :1], x[:, :1].round().clamp(0, 4), x[:, 2:]], dim=1),
        ],
    )
    def test_codes_that_are_computed(self, change, coded_rows):
        class Computed(Embedded):
            def forward(self, x):
                return super().forward(change(x))

        with pytest.raises(ValueError, match="'x[014]'"):
            AGOPExplainer(Computed()).fit(coded_rows)

    def test_embeddings_that_are_renormalised(self, coded_rows):
        module = Embedded()
        module.city.max_norm = 1.0
        with torch.no_grad():
            module.city.weight.renorm_(2, 0, 1.0)
        with pytest.raises(ValueError, match="'x1'"):
            AGOPExplainer(module).fit(coded_rows)


class TestTheUsersModel:
    def test_left_as_it_was(self, embedding_net, coded_rows):
        module = embedding_net.module_
        module.train()
        module.body[2].eval()
        before = copy.deepcopy(module.state_dict())
        grads, modes = [p.grad for p in module.parameters()], [m.training for m in module.modules()]
        AGOPExplainer(embedding_net).fit(coded_rows).explain(coded_rows)
        assert all(torch.equal(a, b) for a, b in zip(before.values(), module.state_dict().values(), strict=True))
        assert list(before) == list(module.state_dict())
        assert all(a is p.grad for a, p in zip(grads, module.parameters(), strict=True))
        assert modes == [m.training for m in module.modules()]
        assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in module.modules())
        assert type(embedding_net.module_) is Embedded
        assert torch.nn.functional.embedding.__module__ == "torch.nn.functional"

    def test_networks_without_codes_are_run_no_more_often(self, coded_rows):
        class Counted(nn.Linear):
            runs = 0

            def forward(self, x):
                type(self).runs += 1
                return super().forward(x)

        assert embedded_codes(Counted(5, 2), torch.from_numpy(coded_rows)) is None
        assert Counted.runs == 0

    def test_embeddings_of_positions_stay(self, coded_rows):
        class Positions(nn.Module):
            def __init__(self):
                super().__init__()
                self.place, self.last = nn.Embedding(5, 4), nn.Linear(20, 2)

            def forward(self, x):
                return self.last((x[:, :, None] * self.place(torch.arange(5))).flatten(1))

        assert embedded_codes(Positions(), torch.from_numpy(coded_rows)) is None
        assert AGOPExplainer(Positions()).fit(coded_rows).feature_map_.is_identity
