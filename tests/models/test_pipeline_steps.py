"""The steps that rows pass when a Pipeline predicts."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from agop_tabular.models.pipeline_steps import is_passed, steps_of_predict, steps_of_transform


class Doubling:
    """A sampler, as imbalanced-learn's pipelines know one."""

    def fit_resample(self, X, y):
        return np.concatenate([X, X]), np.concatenate([y, y])


def test_steps():
    scale, sample, model = StandardScaler(), Doubling(), LogisticRegression()
    steps = [("a", scale), ("b", "passthrough"), ("c", None), ("d", sample), ("e", model)]
    pipeline = Pipeline(steps)
    assert steps_of_predict(pipeline) == (scale,)
    assert steps_of_transform(Pipeline(steps[:2])) == (scale,)
    assert steps_of_transform(pipeline) == (scale, model)


@pytest.mark.parametrize(("step", "passed"), [(None, False), ("passthrough", False), (StandardScaler(), True)])
def test_what_rows_pass(step, passed):
    assert is_passed(step) is passed
