"""Adult and Credit Default: the bundled copy, and OpenML's from a cache laid out on disk."""

import dataclasses
import sys

import pandas as pd
import pytest

from agop_tabular.datasets import fetch_adult, fetch_credit_default


@pytest.fixture(scope="module")
def adult():
    return fetch_adult()


@pytest.fixture(scope="module")
def credit():
    return fetch_credit_default()


def test_adult(adult):
    assert adult.data.shape == (48842, 14)
    assert (adult.target == ">50K").sum() == 11687
    assert adult.split.value_counts().to_dict() == {"train": 32561, "test": 16281}
    assert adult.data.isna().any(axis=1).sum() == 3620
    assert adult.data.isna().sum().sum() == 6465
    assert [c for c in adult.data if adult.data[c].dtype == "category"] == adult.categorical_feature_names
    assert len(adult.categorical_feature_names) == 8
    assert adult.data.iloc[0].to_dict()["occupation"] == "Adm-clerical"
    assert adult.feature_names == list(adult.data.columns)
    assert adult.target_names == ["<=50K", ">50K"]
    assert "CC BY 4.0" in adult.DESCR


def test_credit(credit):
    assert credit.data.shape == (30000, 23)
    assert (credit.target == 1).sum() == 6636
    assert credit.split is None
    assert not credit.data.isna().any().any()
    assert credit.categorical_feature_names == ["SEX", "EDUCATION", "MARRIAGE"]
    assert credit.data["LIMIT_BAL"].iloc[0] == 20000


def test_return_X_y(adult):
    X, y = fetch_adult(return_X_y=True)
    pd.testing.assert_frame_equal(X, adult.data)
    pd.testing.assert_series_equal(y, adult.target)


def test_unknown_source():
    with pytest.raises(ValueError, match="source='uci'"):
        fetch_adult(source="uci")


def test_a_damaged_file_is_refused(monkeypatch):
    module = sys.modules[fetch_adult.__module__]
    monkeypatch.setattr(module, "ADULT", dataclasses.replace(module.ADULT, sha256="0" * 64))
    with pytest.raises(ValueError, match="damaged"):
        fetch_adult()


DESCRIPTION = """<oml:data_set_description xmlns:oml="http://openml.org/openml">
  <oml:id>{id}</oml:id><oml:name>{name}</oml:name><oml:version>2</oml:version>
  <oml:description>laid out by a test</oml:description><oml:format>ARFF</oml:format>
  <oml:url>https://localhost/{name}.arff</oml:url><oml:file_id>{id}</oml:file_id>
  <oml:default_target_attribute>{target}</oml:default_target_attribute><oml:md5_checksum>{md5}</oml:md5_checksum>
</oml:data_set_description>
"""


def lay_out(root, number, name, frame, nominal, target):
    """A folder as the openml client keeps it: description.xml and dataset.arff."""
    folder = root / "org" / "openml" / "www" / "datasets" / str(number)
    folder.mkdir(parents=True)
    lines = [f"@RELATION {name}"]
    for column in frame:
        if column in nominal:
            levels = ",".join(f"'{v}'" for v in sorted(frame[column].dropna().unique(), key=str))
            lines.append(f"@ATTRIBUTE '{column}' {{{levels}}}")
        else:
            lines.append(f"@ATTRIBUTE '{column}' NUMERIC")
    lines.append("@DATA")
    cells = [
        frame[c].map(lambda v: "?" if pd.isna(v) else f"'{v}'") if c in nominal else frame[c].astype(str) for c in frame
    ]
    lines += [",".join(row) for row in zip(*cells, strict=True)]
    text = "\n".join(lines) + "\n"
    (folder / "dataset.arff").write_text(text)
    (folder / "description.xml").write_text(DESCRIPTION.format(id=number, name=name, target=target, md5=""))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    openml = pytest.importorskip("openml")
    before = openml.config.get_cache_directory()
    openml.config.set_root_cache_directory(str(tmp_path))

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("requests.sessions.Session.request", refuse)
    yield tmp_path
    openml.config.set_root_cache_directory(before)


@pytest.mark.slow
def test_adult_from_openml_is_the_same_table(cache, adult):
    raw = adult.frame.astype(object).rename(columns={"income": "class"})
    test_first = pd.concat([raw[adult.split == "test"], raw[adult.split == "train"]])
    lay_out(cache, 1590, "adult", test_first, [*adult.categorical_feature_names, "class"], "class")
    same = fetch_adult(source="openml")
    pd.testing.assert_frame_equal(same.data, adult.data)
    pd.testing.assert_series_equal(same.target, adult.target)
    pd.testing.assert_series_equal(same.split, adult.split)


@pytest.mark.slow
@pytest.mark.parametrize("nominal", [["y"], ["y", "x2", "x3", "x4"]])
def test_credit_from_openml_is_the_same_table(cache, credit, nominal):
    raw = credit.frame.astype(object)
    raw.columns = [*(f"x{i}" for i in range(1, 24)), "y"]
    lay_out(cache, 42477, "default", raw, nominal, "y")
    same = fetch_credit_default(source="openml")
    pd.testing.assert_frame_equal(same.data, credit.data)
    pd.testing.assert_series_equal(same.target, credit.target)
