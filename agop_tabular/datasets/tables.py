"""Adult and Credit Default, as DataFrames with category dtypes."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch


@dataclass(frozen=True)
class _Table:
    """What is known of a table, whatever source it comes from."""

    file: str
    sha256: str
    openml_id: int
    url: str
    categories: dict[str, tuple[Any, ...]]
    features: tuple[str, ...]
    target: str
    classes: tuple[Any, ...]
    description: str
    from_openml: Callable[[pd.DataFrame], pd.DataFrame]


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
    frame = _frame(_ADULT, source)
    split = frame.pop("split").astype(pd.CategoricalDtype(["train", "test"]))
    return _bunch(_ADULT, frame, split, return_X_y=return_X_y)


def fetch_credit_default(*, source: str = "bundled", return_X_y: bool = False) -> Any:
    """Default of Credit Card Clients: does a client default next month? Taiwan, 2005.

    30,000 rows, 23 features (3 categorical), 22.12% positive, no missing values.

    Parameters
    ----------
    source : {"bundled", "openml"}, default="bundled"
        The copy inside the package, or OpenML's id 42477 through the ``openml`` client and its cache. Both give the
        same table.
    return_X_y : bool, default=False
        Return ``(data, target)`` only.

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 30,000 × 23), ``target`` (Series of category, 0 and 1), ``split`` (None: there is no
        official one), ``frame``, ``feature_names``, ``categorical_feature_names``, ``target_names``, ``DESCR``,
        ``url``.

    References
    ----------
    Yeh, I. (2009). Default of Credit Card Clients. UCI Machine Learning Repository. CC BY 4.0.

    Examples
    --------
    >>> from agop_tabular.datasets import fetch_credit_default
    >>> credit = fetch_credit_default()
    >>> credit.data.shape
    (30000, 23)
    """
    return _bunch(_CREDIT, _frame(_CREDIT, source), None, return_X_y=return_X_y)


def _frame(table: _Table, source: str) -> pd.DataFrame:
    if source == "bundled":
        raw = _bundled(table)
    elif source == "openml":
        raw = table.from_openml(_openml(table))
    else:
        raise ValueError(f'source={source!r} is not "bundled" or "openml".')
    columns: dict[str, Any] = {}
    for name in table.features:
        if name in table.categories:
            columns[name] = _category(raw[name], table.categories[name])
        else:
            columns[name] = pd.to_numeric(raw[name]).astype(np.int64)
    columns[table.target] = _category(raw[table.target], table.classes)
    if "split" in raw:
        columns["split"] = raw["split"].astype(object)
    return pd.DataFrame(columns).reset_index(drop=True)


def _category(values: pd.Series, categories: tuple[Any, ...]) -> pd.Series:
    """Values as a category of the stated levels, whatever form they were read in."""
    values = values.astype(object)
    present = values.notna()
    if isinstance(categories[0], int):
        values = values.where(~present, pd.to_numeric(values[present]).astype(np.int64))
    else:
        values = values.where(~present, values[present].astype(str).str.strip())
    unknown = set(values[present]) - set(categories)
    if unknown:
        raise ValueError(f"Column {values.name!r} has unknown categories {sorted(unknown)}.")
    return pd.Series(pd.Categorical(values, categories=list(categories)), index=values.index, name=values.name)


def _bundled(table: _Table) -> pd.DataFrame:
    packed = files("agop_tabular.datasets").joinpath("data", table.file).read_bytes()
    if hashlib.sha256(packed).hexdigest() != table.sha256:
        raise ValueError(
            f"The bundled file {table.file} is damaged: its checksum does not match. Reinstall agop_tabular."
        )
    return pd.read_csv(io.BytesIO(gzip.decompress(packed)))


def _openml(table: _Table) -> pd.DataFrame:
    try:
        import openml
    except ImportError as error:
        raise ImportError('source="openml" needs the package openml: pip install openml') from error
    dataset = openml.datasets.get_dataset(
        table.openml_id, download_data=True, download_qualities=False, download_features_meta_data=False
    )
    frame, *_ = dataset.get_data()
    return frame


def _bunch(table: _Table, frame: pd.DataFrame, split: pd.Series | None, *, return_X_y: bool) -> Any:
    data, target = frame[list(table.features)], frame[table.target]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        split=split,
        frame=frame,
        feature_names=list(table.features),
        categorical_feature_names=list(table.categories),
        target_names=[str(c) for c in table.classes],
        DESCR=table.description,
        url=table.url,
    )


def _adult_from_openml(frame: pd.DataFrame) -> pd.DataFrame:
    """OpenML has the test rows first and calls the target "class"."""
    n_test = 16281
    split = np.where(np.arange(len(frame)) < n_test, "test", "train")
    frame = frame.rename(columns={"class": "income"}).assign(split=split)
    return pd.concat([frame.iloc[n_test:], frame.iloc[:n_test]], ignore_index=True)


def _credit_from_openml(frame: pd.DataFrame) -> pd.DataFrame:
    """OpenML calls the columns x1 to x23 and y."""
    names = {f"x{i}": name for i, name in enumerate(_CREDIT.features, start=1)}
    return frame.rename(columns=names | {"y": _CREDIT.target})


_ADULT = _Table(
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

_CREDIT = _Table(
    file="credit_default.csv.gz",
    sha256="045eb5c66f98a50f2928387cad5146fd0f0d8650d165cb46eddd922f2428d410",
    openml_id=42477,
    url="https://archive.ics.uci.edu/dataset/350/default+of+credit+card+clients",
    categories={"SEX": (1, 2), "EDUCATION": (0, 1, 2, 3, 4, 5, 6), "MARRIAGE": (0, 1, 2, 3)},
    features=(
        "LIMIT_BAL",
        "SEX",
        "EDUCATION",
        "MARRIAGE",
        "AGE",
        "PAY_0",
        "PAY_2",
        "PAY_3",
        "PAY_4",
        "PAY_5",
        "PAY_6",
        "BILL_AMT1",
        "BILL_AMT2",
        "BILL_AMT3",
        "BILL_AMT4",
        "BILL_AMT5",
        "BILL_AMT6",
        "PAY_AMT1",
        "PAY_AMT2",
        "PAY_AMT3",
        "PAY_AMT4",
        "PAY_AMT5",
        "PAY_AMT6",
    ),
    target="default.payment.next.month",
    classes=(0, 1),
    description=(
        "Default of Credit Card Clients. 30,000 clients of a bank in Taiwan in 2005, 23 features; the target is whether "
        "a client defaults next month. Yeh (2009), UCI Machine Learning Repository, CC BY 4.0."
    ),
    from_openml=_credit_from_openml,
)
