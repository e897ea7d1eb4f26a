"""A fitted model knows which of its columns are text, and which levels they have."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from agop_tabular.command.column_types import Expected, expected_columns, expected_labels

X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 5, "place": ["NA", "DE", "01", "None"] * 5, "k": [1, 2, 1, 2] * 5})
y = ["no", "yes", "yes", "no"] * 5
LEVELS = ("01", "DE", "NA", "None")
NUMBERS, TEXT, ANY = Expected("numbers"), Expected("text", LEVELS), None


def behind(transformer, remainder="passthrough", last=None):
    """A fitted pipeline whose column "place" is coded by a transformer."""
    coded = make_column_transformer((transformer, ["place"]), remainder=remainder)
    model = LogisticRegression() if last is None else last
    return make_pipeline(coded, model).fit(X, y)


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder(), TargetEncoder(cv=2)])
def test_levels_of_encoders(encoder):
    assert expected_columns(behind(encoder), 3) == [NUMBERS, TEXT, NUMBERS]
    assert expected_columns(behind(encoder, StandardScaler()), 3) == [NUMBERS, TEXT, NUMBERS]


def test_behind_an_imputer():
    filled = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    assert expected_columns(behind(filled), 3)[1] == TEXT
    constant = make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), FunctionTransformer(np.char.str_len))
    coded = make_column_transformer((constant[:1], ["place"]), (SimpleImputer(), ["a", "k"])).fit(X)
    assert expected_columns(coded, 3) == [NUMBERS, Expected("text"), NUMBERS]


def test_numbers_as_levels_and_truth_values():
    table = pd.DataFrame({"k": [1.0, 2.0, np.nan], "t": [True, False, True]})
    assert expected_columns(OneHotEncoder().fit(table), 2) == [NUMBERS, ANY]
    (gaps,) = expected_columns(OneHotEncoder().fit(pd.DataFrame({"s": ["u", None, "v"]}, dtype=object)), 1)
    assert gaps == Expected("text", ("u", "v", None))


def test_wrappers():
    pipeline = behind(OneHotEncoder())
    for model in (
        FrozenEstimator(pipeline),
        GridSearchCV(pipeline, {"logisticregression__C": [1.0]}, cv=2).fit(X, y),
        VotingClassifier([("a", pipeline), ("b", behind(OrdinalEncoder()))]).fit(X, y),
        TransformedTargetRegressor(behind_ridge()).fit(X, X["a"]),
        behind(OneHotEncoder(), last=RandomForestClassifier(3)),
        make_pipeline(FunctionTransformer(), "passthrough", *pipeline)[2:],
        HistGradientBoostingClassifier(max_iter=2).fit(X.astype({"place": "category"}), y),
    ):
        assert expected_columns(model, 3) == [NUMBERS, TEXT, NUMBERS], model


def behind_ridge():
    """A pipeline of a regressor that is not fitted."""
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["place"]), remainder="passthrough"), Ridge())


def test_what_cannot_be_told():
    assert expected_columns(object(), 2) == [ANY, ANY]
    assert expected_columns(FunctionTransformer(np.log1p).fit(X[["a"]]), 1) == [ANY]
    assert expected_columns(behind_ridge(), 3) == [ANY, ANY, ANY], "it is not fitted"


def test_several_transformers_of_one_column():
    both = make_union(OneHotEncoder(), OrdinalEncoder()).fit(X[["place"]])
    assert expected_columns(both, 1) == [TEXT]
    words = make_column_transformer((CountVectorizer(), "place"), (OneHotEncoder(), ["place"])).fit(X)
    assert expected_columns(words, 3) == [ANY, Expected("text", LEVELS), ANY]
    codes = make_column_transformer((OneHotEncoder(), ["s"]), (StandardScaler(), ["s"]))
    assert expected_columns(codes.fit(pd.DataFrame({"s": ["01", "2"]})), 1) == [Expected("text", ("01", "2"))]


def test_labels():
    assert expected_labels(behind(OneHotEncoder())) == Expected("text", ("no", "yes"))
    assert expected_labels(LogisticRegression().fit(X[["a"]], X["k"])) is None
    assert expected_labels(Ridge()) is None
