"""captum's methods on the user's columns."""

import numpy as np

from agop_tabular.baselines import (
    InputXGradient,
)


def test_input_x_gradient_folds_one_hot_columns(pipeline):
    table, model = pipeline
    weights, coded = model[-1].coef_[0], model[0].transform(table[:6])
    out = InputXGradient()(model, table[:6], 1, table, 0)
    first = len(model[0].transformers_[0][1].categories_[0])
    np.testing.assert_allclose(out[:, 1], (coded * weights)[:, :first].sum(1), rtol=1e-5)
