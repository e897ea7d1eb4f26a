"""Sums over rows against a loop over single rows, merged parts, and the axes that interact."""

from functools import partial

import pytest
import torch
from support.known_effects import BLOCK, add_shuffled, scores, table

from agop_tabular.core.gradients import class_gradients, score_jacobian
from agop_tabular.core.states import scores_in_states
from agop_tabular.effects.axes import find_axes
from agop_tabular.effects.look_up import LookUp
from agop_tabular.effects.sums import EffectSums
from agop_tabular.effects.tables import Effects


def group_of(sums, i, row):
    return sums.group_slices[i].start + int(sums.axes[i].groups[int(sums.axes[i].bins(row[None])[0])])


def add_slowly(sums, x, oversampled):
    """Add rows one by one, a number at a time, by the definition of the sums."""
    jacobian = score_jacobian(scores, x)
    axes, interacting = sums.axes, torch.nonzero(sums.interacting).flatten().tolist()
    for row, jac, over in zip(x, jacobian, oversampled.tolist(), strict=True):
        counts_for = [over in (-1, i) for i in range(len(axes))]
        groups = {i: group_of(sums, i, row) for i in interacting}
        for i, axis in enumerate(axes):
            place = sums.bin_slices[i].start + int(axis.bins(row[None])[0])
            sums.counts[place] += counts_for[i]
            if axis.compared_at is None:
                sums.slopes[:, place] += counts_for[i] * jac[:, axis.coordinates[0]]
        for i, a in groups.items():
            sums.state_rows[a] += counts_for[i]
            for k, b in groups.items():
                if counts_for[i] or counts_for[k]:
                    sums.pair_counts[a, b] += 1
                    if axes[i].compared_at is None:
                        sums.pairs[:, a, b] += jac[:, axes[i].coordinates[0]]
        sums.compared += over == -1
        for i, axis in enumerate(axes):
            if axis.compared_at is None:
                continue
            moved = row.repeat(axis.n_bins, 1)
            moved[:, axis.coordinates] = axis.compared_at
            s = scores(moved).T
            s = s - (s @ axis.share)[:, None]
            if over == -1:
                sums.slopes[:, sums.bin_slices[i]] += s
            for k, b in groups.items():
                if i in groups and counts_for[k]:
                    for g in range(axis.n_groups):
                        weights = axis.share.clamp_min(1e-9) * (axis.groups == g)
                        sums.pairs[:, sums.group_slices[i].start + g, b] += s @ weights / weights.sum()


@pytest.mark.parametrize("oversampling", [False, True])
def test_sums_are_those_of_a_loop_over_rows(oversampling, monkeypatch):
    monkeypatch.setattr("agop_tabular.effects.sums.COMPARED_SCORES", 100)  # all rows
    rows = table(300)
    rows[:, 2] = (rows[:, 2] * 2).round().clamp(-2, 2)  # a small count, whose states are compared
    axes = find_axes(rows, [BLOCK])
    importance = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])
    fast, slow = EffectSums(axes, 4, importance), EffectSums(axes, 4, importance)
    x = rows[:60]
    oversampled = torch.arange(60) % 6 - 1 if oversampling else torch.full((60,), -1)
    fast.update(partial(scores_in_states, scores), x, class_gradients(scores, x), oversampled if oversampling else None)
    add_slowly(slow, x, oversampled)
    for name in EffectSums.SUMS:
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name), rtol=1e-5, atol=1e-5, msg=name)


def test_the_last_of_scores_that_sum_to_zero_follows_from_the_others(rows):
    def centred(x):
        s = scores(x)
        return s - s.mean(dim=1, keepdim=True)

    axes, x, in_states = find_axes(rows, [BLOCK]), rows[:500], partial(scores_in_states, centred)
    plain, saved = EffectSums(axes, 4), EffectSums(axes, 4)
    for part in x.split(200):
        plain.update(in_states, part, class_gradients(centred, part))
        saved.update(in_states, part, class_gradients(centred, part), zero_sum=True)
    for name in EffectSums.SUMS:
        found, expected = getattr(saved, name), getattr(plain, name)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_only_as_many_axes_interact_as_fit(rows, monkeypatch):
    monkeypatch.setattr("agop_tabular.effects.sums.MAX_GROUPS", 15)
    axes = find_axes(rows, [BLOCK])
    sums = EffectSums(axes, 4, importance=torch.tensor([1.0, 5.0, 4.0, 2.0, 0.0]))
    assert sums.interacting.tolist() == [False, True, True, False, False]
    add_shuffled(sums, rows, 2000)
    found = LookUp(Effects.from_sums(sums)).attributions(rows[:50], 0)
    assert torch.isfinite(found).all()


def test_many_states_are_compared_on_fewer_rows(rows, monkeypatch):
    monkeypatch.setattr("agop_tabular.effects.sums.COMPARED_SCORES", 0.4)
    scored = []

    def counted(x):
        scored.append(len(x))
        return scores(x)

    sums = EffectSums(find_axes(rows, [BLOCK]), 4)
    sums.update(partial(scores_in_states, counted), rows[:100], class_gradients(scores, rows[:100]))
    assert sums.compared.item() == 10  # 40 evaluations of 4 states
    assert sum(scored) == 40
