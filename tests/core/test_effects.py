"""Effects against the Shapley values of functions that are known, and look-ups against a slow reading of the tables."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agop_tabular.core.gradients import class_gradients
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.knots import simplified
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.sums import EffectSums, shuffled
from agop_tabular.effects.tables import Effects

BLOCK = (torch.tensor([4, 5, 6]), torch.zeros(3), torch.ones(3))


def table(n=4000, seed=0):
    """Four numeric columns, the last heavy-tailed, and a category of three levels."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=g, dtype=torch.float64)
    x[:, 3] = x[:, 3].exp()
    level = torch.multinomial(torch.tensor([0.6, 0.3, 0.1]), n, replacement=True, generator=g)
    return torch.cat((x, torch.eye(3, dtype=torch.float64)[level]), dim=1)


def scores(x):
    """Main effects, a product, a category that changes a slope, and none."""
    a, b, c, t = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    slope = x[:, 4:] @ torch.tensor([0.0, 1.0, -2.0], dtype=x.dtype)
    return torch.stack((torch.sin(2 * a) + 0.1 * t, 2 * a * b, slope * c + b, 0 * a), dim=1)


def shapley(x, B):
    """Interventional Shapley values under independent columns, by hand: (n, 5, 4)."""
    out = torch.zeros(len(x), 5, 4, dtype=x.dtype)
    weights = torch.tensor([0.0, 1.0, -2.0], dtype=x.dtype)
    slope, means = x[:, 4:] @ weights, B.mean(0)
    out[:, 0, 0] = torch.sin(2 * x[:, 0]) - torch.sin(2 * B[:, 0]).mean()
    out[:, 3, 0] = 0.1 * (x[:, 3] - means[3])

    def product(u, v, mu, mv):
        return 0.5 * ((u - mu) * v + (u - mu) * mv), 0.5 * ((v - mv) * u + (v - mv) * mu)

    first, second = product(x[:, 0], x[:, 1], means[0], means[1])
    out[:, 0, 1], out[:, 1, 1] = 2 * first, 2 * second
    out[:, 4, 2], out[:, 2, 2] = product(slope, x[:, 2], (B[:, 4:] @ weights).mean(), means[2])
    out[:, 1, 2] = x[:, 1] - means[1]
    return out


@pytest.fixture(scope="module")
def rows():
    return table()


@pytest.fixture(scope="module")
def moment(rows):
    axes = find_axes(rows, [BLOCK])
    moment = EffectSums(axes, 4)
    gather(moment, rows, 40_000)
    return moment


def gather(moment, rows, n, seed=0):
    columns = torch.tensor([0, 1, 2, 3, 4, 4, 4])
    generator = torch.Generator().manual_seed(seed)
    for x, over in shuffled(rows, moment.axes, columns, n, 5000, generator):
        moment.update(scores, x, class_gradients(scores, x), over)


def by_column(found, axes):
    """Attributions in the order of the columns of `shapley`."""
    return found[:, np.argsort([int(axis.coordinates[0]) for axis in axes])]


def test_attributions_are_the_shapley_values(rows, moment):
    look_up = LookUp(Effects.of(moment))
    x = table(500, seed=1)
    expected = shapley(x, rows)
    for c in range(3):
        found = by_column(look_up.attributions(x, c).double(), moment.axes)
        error = (found - expected[:, :, c]).norm() / expected[:, :, c].norm()
        assert error < 0.12, (c, error)
        cosine = torch.nn.functional.cosine_similarity(found, expected[:, :, c])
        assert cosine.median() > 0.99
    assert look_up.attributions(x, 3).abs().max() == 0


def test_columns_that_do_nothing_get_nothing(moment):
    found = by_column(LookUp(Effects.of(moment)).attributions(table(100, seed=2), 1), moment.axes)
    assert found[:, [2, 3]].abs().max() < 0.1 * found[:, [0, 1]].abs().mean()


def test_effects_are_centred(moment):
    effects = Effects.of(moment)
    for i in range(len(effects.axes)):
        np.testing.assert_allclose((effects.mains[i] * effects.share[i]).sum(1), 0, atol=1e-10)
        mean = torch.einsum("k,ckr->cr", effects.share[i], effects.vectors_at_nodes(i))
        np.testing.assert_allclose(mean, 0, atol=1e-10)


def read_slowly(effects, x, c):
    """Attributions of one row, a number at a time."""
    values, vectors = [], []
    for i, axis in enumerate(effects.axes):
        key = float(axis.keys(x[None])[0])
        nodes, h = effects.nodes[i].numpy(), effects.mains[i][c].numpy()
        u = effects.vectors_at_nodes(i)[c].numpy() if axis.states is not None else effects.vectors[i][c].numpy()
        if axis.states is not None:
            at = int(axis.bins(x[None])[0])
            values.append(h[at])
            vectors.append(u[at])
            continue
        value = np.interp(key, nodes, h)
        value += (h[1] - h[0]) / (nodes[1] - nodes[0]) * min(key - nodes[0], 0)
        value += (h[-1] - h[-2]) / (nodes[-1] - nodes[-2]) * max(key - nodes[-1], 0)
        values.append(value)
        interacting = effects.pair_nodes[i].numpy()
        vectors.append(np.array([np.interp(key, interacting, u[:, r]) for r in range(u.shape[1])]))
    signs, vectors = effects.signs[c].numpy(), np.array(vectors)
    pairs = [0.5 * (signs * vectors[j] * (vectors.sum(0) - vectors[j])).sum() for j in range(len(vectors))]
    return np.array(values) + pairs


@pytest.mark.parametrize("simpler", [False, True])
def test_look_up_reads_the_tables(moment, simpler):
    effects = Effects.of(moment)
    if simpler:  # the first axes have fewer nodes than others, and other units
        ends = [torch.tensor([0, len(n) - 1]) if i < 2 else slice(None) for i, n in enumerate(effects.pair_nodes)]
        effects = replace(
            effects,
            pair_nodes=tuple(n[kept] for n, kept in zip(effects.pair_nodes, ends, strict=True)),
            vectors=tuple(u[:, kept] for u, kept in zip(effects.vectors, ends, strict=True)),
        )
    x = table(40, seed=3)
    x[0, :4] = torch.tensor([50.0, -50.0, 0.0, 1e4])  # far outside
    x[1, 4:] = 0.0  # a category never seen
    for c in range(3):
        slow = np.stack([read_slowly(effects, row, c) for row in x])
        fast = LookUp(effects).attributions(x, c).numpy()
        np.testing.assert_allclose(fast, slow, atol=0.1 * np.abs(slow[2:]).max(), rtol=0.02)
        error = np.linalg.norm(fast[2:] - slow[2:]) / np.linalg.norm(slow[2:])
        assert error < 0.02, (c, error)


def test_one_target_a_row_is_each_of_all(moment):
    look_up, x = LookUp(Effects.of(moment)), table(300, seed=4)
    target = torch.arange(300) % 4
    every = torch.stack([look_up.attributions(x, c) for c in range(4)], dim=2)
    mixed = look_up.attributions(x, target)
    torch.testing.assert_close(mixed, every[torch.arange(300), :, target], rtol=1e-5, atol=1e-6)


def test_parts_merge(rows):
    axes = find_axes(rows, [BLOCK])
    whole, one, two = (EffectSums(axes, 4) for _ in range(3))
    columns, generator = torch.tensor([0, 1, 2, 3, 4, 4, 4]), torch.Generator().manual_seed(0)
    for i, (x, over) in enumerate(shuffled(rows, axes, columns, 4000, 1000, generator)):
        whole.update(scores, x, class_gradients(scores, x), over)
        (one, two)[i % 2].update(scores, x, class_gradients(scores, x), over)
    one.merge(two)
    for name in EffectSums.SUMS:
        torch.testing.assert_close(getattr(one, name), getattr(whole, name))


def test_the_last_of_scores_that_sum_to_zero_follows_from_the_others(rows):
    def centred(x):
        s = scores(x)
        return s - s.mean(dim=1, keepdim=True)

    axes, x = find_axes(rows, [BLOCK]), rows[:500]
    plain, saved = EffectSums(axes, 4), EffectSums(axes, 4)
    for part in x.split(200):
        plain.update(centred, part, class_gradients(centred, part))
        saved.update(centred, part, class_gradients(centred, part), zero_sum=True)
    for name in EffectSums.SUMS:
        found, expected = getattr(saved, name), getattr(plain, name)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_shuffled_keeps_columns_together_and_their_distribution(rows):
    axes, columns = find_axes(rows, [BLOCK]), torch.tensor([0, 1, 2, 3, 4, 4, 4])
    x = torch.cat([x for x, _ in shuffled(rows, axes, columns, 8000, 3000, torch.Generator().manual_seed(0))])
    assert x.shape == (8000, 7)
    assert (x[:, 4:].sum(1) == 1).all()
    assert (torch.isin(x[:, 3], rows[:, 3])).all()
    assert abs(torch.corrcoef(x[:, [0, 1]].T)[0, 1]) < 0.05
    dependent = rows.clone()
    dependent[:, 1] = dependent[:, 0]
    x = torch.cat([x for x, _ in shuffled(dependent, axes, columns, 8000, 3000, torch.Generator().manual_seed(0))])
    assert abs(torch.corrcoef(x[:, [0, 1]].T)[0, 1]) < 0.05
    # each row is drawn as often as any other, but for the few that are drawn evenly over bins
    counts = torch.unique(x[:, 0], return_counts=True)[1]
    assert 0.9 * len(rows) < len(counts)
    assert counts.max() < 30


def test_shuffled_does_not_depend_on_the_order_or_scale_of_the_table(rows):
    columns = torch.arange(7)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))
    scale = torch.tensor([1e6, 1, 1, 1, 1, 1, 1], dtype=torch.float64)
    drawn = [
        torch.cat([x for x, _ in shuffled(r, find_axes(r), columns, 1000, 500, torch.Generator().manual_seed(0))])
        for r in (rows, rows[order], rows * scale)
    ]
    torch.testing.assert_close(drawn[0], drawn[1])
    torch.testing.assert_close(drawn[0] * scale, drawn[2])


def test_only_as_many_axes_meet_as_fit(rows, monkeypatch):
    monkeypatch.setattr("agop_tabular.effects.sums.CELLS", 15)
    axes = find_axes(rows, [BLOCK])
    moment = EffectSums(axes, 4, importance=torch.tensor([1.0, 5.0, 4.0, 2.0, 0.0]))
    assert moment.interacting.tolist() == [False, True, True, False, False]
    gather(moment, rows, 2000)
    found = LookUp(Effects.of(moment)).attributions(rows[:50], 0)
    assert torch.isfinite(found).all()


def test_simpler_effects_are_within_what_may_be_left_out(moment):
    """By the pair effects themselves, at every pair of nodes."""
    whole = Effects.of(moment)
    simple = simplified(whole)
    assert sum(map(len, simple.pair_nodes)) < sum(map(len, whole.pair_nodes))
    lost = torch.zeros(len(whole.signs), dtype=torch.float64)
    for i in range(len(whole.axes)):
        for j in range(i):
            share = whole.share[i][:, None] * whole.share[j]
            lost += ((whole.pair(i, j) - simple.pair(i, j)).square() * share).sum(dim=(1, 2))
    assert (lost <= 1.1 * whole.negligible()).all()


def test_coordinates_that_move_together_are_one_axis():
    g = torch.Generator().manual_seed(0)
    codes = torch.randint(5, (1000,), generator=g)
    rows = torch.cat((torch.randn(5, 3, generator=g)[codes], torch.randn(1000, 2, generator=g)), dim=1)
    axes = find_axes(rows, column_of=torch.tensor([0, 0, 0, 1, 2]))
    assert [axis.coordinates.tolist() for axis in axes] == [[0, 1, 2], [3], [4]]
    assert axes[0].n_bins == 5
    bins = axes[0].bins(rows)
    assert all(len(torch.unique(bins[codes == c])) == 1 for c in range(5))
    assert torch.allclose(axes[0].states[bins], rows[:, :3].double())
    assert len(find_axes(rows)) == 5
