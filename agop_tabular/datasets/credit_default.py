"""Default of Credit Card Clients, a table of a bank in Taiwan."""

from __future__ import annotations

from typing import Any

import pandas as pd

from agop_tabular.datasets.table import Table, as_bunch, read_frame


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
    return as_bunch(CREDIT_DEFAULT, read_frame(CREDIT_DEFAULT, source), None, return_X_y=return_X_y)


def _credit_from_openml(frame: pd.DataFrame) -> pd.DataFrame:
    """Restore the column names, which are x1 to x23 and y on OpenML."""
    names = {f"x{i}": name for i, name in enumerate(CREDIT_DEFAULT.features, start=1)}
    return frame.rename(columns=names | {"y": CREDIT_DEFAULT.target})


CREDIT_DEFAULT = Table(
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
        "Default of Credit Card Clients. 30,000 clients of a bank in Taiwan in 2005, 23 features; the target is "
        "whether a client defaults next month. Yeh (2009), UCI Machine Learning Repository, CC BY 4.0."
    ),
    from_openml=_credit_from_openml,
)
