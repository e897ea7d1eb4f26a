"""TrainingStatistics: sums over rows that add up."""

import pytest
import torch

from agop_tabular.adapters import adapt
from agop_tabular.fitting.gather import gather
from agop_tabular.fitting.statistics import TrainingStatistics
from agop_tabular.models.explained_model import ExplainedModel


@pytest.mark.parametrize("kind", ["dense", "diagonal", "factored", "sketched"])
def test_merged_parts_are_the_whole(module, X, kind):
    model = ExplainedModel.connect(adapt(module.double()), X.astype("float64"), first_layer=True)

    def statistics(rows):
        empty = TrainingStatistics.empty(kind, model)
        assert empty.n == 0
        return gather(model, empty, model.batches(rows.astype("float64"), "auto"), scored=True)

    first, second, whole = statistics(X[:70]), statistics(X[70:]), statistics(X)
    merged = first.merged(second)
    assert merged.gradients.kind == kind
    assert (first.n, second.n, merged.n) == (70, 130, 200)
    torch.testing.assert_close(merged.gradients.diagonal(), whole.gradients.diagonal())
    torch.testing.assert_close(merged.coordinates.mean, whole.coordinates.mean)
    torch.testing.assert_close(merged.coordinates.scale(), whole.coordinates.scale())
    torch.testing.assert_close(merged.mean_scores, whole.mean_scores)
    assert (merged.effects, merged.columns, merged.background) == (None, (), None)
