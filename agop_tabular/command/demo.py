"""The demo: a network on Adult, with files that the other commands take."""

from __future__ import annotations

from pathlib import Path

import joblib
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from agop_tabular.command.screen import NAME, Screen
from agop_tabular.command.tasks import Inputs, report
from agop_tabular.core.atomic import replacing
from agop_tabular.datasets import fetch_adult

TRAINING, TEST = 8_000, 2_000
"""Rows: enough for the network of the README, and for a page that opens at once."""


def write_demo(folder: Path, screen: Screen) -> None:
    """Train a network on Adult, and write it, its tables, and a report into a folder.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    screen : Screen

    Raises
    ------
    OSError
        Where the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(f"The folder {folder} cannot be made ({error.strerror}); name another.") from error
    screen.step("Training a network on Adult")
    adult = fetch_adult()
    train, test = train_test_split(adult.frame, train_size=TRAINING, test_size=TEST, random_state=0)
    X, y = train[adult.feature_names], train["income"].astype(str)
    coded = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_include="category")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    model = make_pipeline(coded, MLPClassifier((64,), early_stopping=True, random_state=0)).fit(X, y)
    files = Inputs(folder / "model.joblib", folder / "test.csv", folder / "train.csv", target="income", trust=True)
    assert files.train is not None
    with replacing(files.model) as place:
        joblib.dump(model, place)
    for table, path in ((train, files.train), (test, files.table)):
        with replacing(path) as place:
            table.to_csv(place, index=False)
    report(files, folder / "report.html", "Adult: who earns more than 50,000 dollars a year", None, screen)
    screen.text(
        f"Open it in a browser. The same by yourself, in the folder {folder}:\n"
        f"  {NAME} report model.joblib test.csv --train train.csv --target income --out report.html --trust\n"
        f"  {NAME} audit model.joblib test.csv --train train.csv --target income --trust"
    )
