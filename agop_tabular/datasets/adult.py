"""Adult Income, a table of the US census."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agop_tabular.datasets.table import Table, as_bunch, read_frame


def fetch_adult(*, source: str = "bundled", return_X_y: bool = False) -> Any:
    """Adult Income: does a person earn more than 50,000 dollars a year? US census of 1994.

    48,842 rows, 14 features (8 categorical), 23.93% positive; 3,620 rows have missing values.

    Parameters
    ----------
    source : {"bundled", "openml"}, default="bundled"
        The copy inside the package, or OpenML's id 1590 through the ``openml`` client and its cache. Both give the same
        table.
    return_X_y : bool, default=False
        Return ``(data, target)`` only.

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 48,842 × 14), ``target`` (Series of category, "<=50K" and ">50K"), ``split`` (Series of
        category, the official "train", 32,561 rows, and "test", 16,281), ``frame``, ``feature_names``,
        ``categorical_feature_names``, ``target_names``, ``DESCR``, ``url``.

    References
    ----------
    Becker, B. & Kohavi, R. (1996). Adult. UCI Machine Learning Repository. CC BY 4.0.

    Examples
    --------
    >>> from agop_tabular.datasets import fetch_adult
    >>> adult = fetch_adult()
    >>> adult.data.shape
    (48842, 14)
    >>> X_train = adult.data[adult.split == "train"]
    """
    frame = read_frame(ADULT, source)
    split = frame.pop("split").astype(pd.CategoricalDtype(["train", "test"]))
    return as_bunch(ADULT, frame, split, return_X_y=return_X_y)


def _adult_from_openml(frame: pd.DataFrame) -> pd.DataFrame:
    """Undo OpenML's changes: it lists the test rows first and calls the target "class"."""
    n_test = 16281
    split = np.where(np.arange(len(frame)) < n_test, "test", "train")
    frame = frame.rename(columns={"class": "income"}).assign(split=split)
    return pd.concat([frame.iloc[n_test:], frame.iloc[:n_test]], ignore_index=True)


ADULT = Table(
    file="adult.csv.gz",
    sha256="1f5c27add27f5f304585564588c5128b09894964c0e79c7cd8b75f780701a06b",
    openml_id=1590,
    url="https://archive.ics.uci.edu/dataset/2/adult",
    categories={
        "workclass": (
            "Federal-gov",
            "Local-gov",
            "Never-worked",
            "Private",
            "Self-emp-inc",
            "Self-emp-not-inc",
            "State-gov",
            "Without-pay",
        ),
        "education": (
            "10th",
            "11th",
            "12th",
            "1st-4th",
            "5th-6th",
            "7th-8th",
            "9th",
            "Assoc-acdm",
            "Assoc-voc",
            "Bachelors",
            "Doctorate",
            "HS-grad",
            "Masters",
            "Preschool",
            "Prof-school",
            "Some-college",
        ),
        "marital-status": (
            "Divorced",
            "Married-AF-spouse",
            "Married-civ-spouse",
            "Married-spouse-absent",
            "Never-married",
            "Separated",
            "Widowed",
        ),
        "occupation": (
            "Adm-clerical",
            "Armed-Forces",
            "Craft-repair",
            "Exec-managerial",
            "Farming-fishing",
            "Handlers-cleaners",
            "Machine-op-inspct",
            "Other-service",
            "Priv-house-serv",
            "Prof-specialty",
            "Protective-serv",
            "Sales",
            "Tech-support",
            "Transport-moving",
        ),
        "relationship": ("Husband", "Not-in-family", "Other-relative", "Own-child", "Unmarried", "Wife"),
        "race": ("Amer-Indian-Eskimo", "Asian-Pac-Islander", "Black", "Other", "White"),
        "sex": ("Female", "Male"),
        "native-country": (
            "Cambodia",
            "Canada",
            "China",
            "Columbia",
            "Cuba",
            "Dominican-Republic",
            "Ecuador",
            "El-Salvador",
            "England",
            "France",
            "Germany",
            "Greece",
            "Guatemala",
            "Haiti",
            "Holand-Netherlands",
            "Honduras",
            "Hong",
            "Hungary",
            "India",
            "Iran",
            "Ireland",
            "Italy",
            "Jamaica",
            "Japan",
            "Laos",
            "Mexico",
            "Nicaragua",
            "Outlying-US(Guam-USVI-etc)",
            "Peru",
            "Philippines",
            "Poland",
            "Portugal",
            "Puerto-Rico",
            "Scotland",
            "South",
            "Taiwan",
            "Thailand",
            "Trinadad&Tobago",
            "United-States",
            "Vietnam",
            "Yugoslavia",
        ),
    },
    features=(
        "age",
        "workclass",
        "fnlwgt",
        "education",
        "education-num",
        "marital-status",
        "occupation",
        "relationship",
        "race",
        "sex",
        "capital-gain",
        "capital-loss",
        "hours-per-week",
        "native-country",
    ),
    target="income",
    classes=("<=50K", ">50K"),
    description=(
        "Adult Income. 48,842 people of the US census of 1994, 14 features; the target is whether a person earns more "
        "than 50,000 dollars a year. Becker & Kohavi (1996), UCI Machine Learning Repository, CC BY 4.0."
    ),
    from_openml=_adult_from_openml,
)
