"""A table of numbers and codes, a network that looks the codes up, and both behind a pipeline."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from support.embedding_nets import CITIES, PLANS, Embedded, Ordered, to_float32, trained


@pytest.fixture
def coded_rows(rng):
    X = rng.standard_normal((600, 5)).astype("float32")
    X[:, 1], X[:, 4] = rng.integers(0, CITIES, 600), rng.integers(0, PLANS, 600)
    return X


@pytest.fixture
def coded_classes(coded_rows):
    effect = (
        np.array([0, 2, -2, 1, -1])[coded_rows[:, 1].astype(int)]
        + coded_rows[:, 0] * (coded_rows[:, 4] > 3)
        + coded_rows[:, 2]
    )
    return np.digitize(effect, [-1, 1]).astype("int64")


@pytest.fixture
def embedding_net(coded_rows, coded_classes):
    return trained(Embedded, coded_rows, coded_classes)


@pytest.fixture
def coded_table(coded_rows):
    return pd.DataFrame(
        {
            "plan": np.array(list("abcdefg"))[coded_rows[:, 4].astype(int)],
            "age": 40 + 10 * coded_rows[:, 0],
            "city": pd.Categorical(
                np.array(["Athens", "Berlin", "Cairo", "Delhi", "Essen"])[coded_rows[:, 1].astype(int)]
            ),
            "income": coded_rows[:, 2],
            "id": np.arange(600),
            "debt": coded_rows[:, 3],
        },
        index=pd.Index(np.arange(600) * 2),
    )


@pytest.fixture
def coded_pipeline(coded_table, coded_classes):
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        make_column_transformer((codes, ["city", "plan"]), (StandardScaler(), ["age", "income", "debt"])),
        FunctionTransformer(to_float32, feature_names_out="one-to-one"),
        trained(Ordered, np.zeros((8, 5), "float32"), np.zeros(8, "int64"), max_epochs=20),
    )
    return model.fit(coded_table, coded_classes)
