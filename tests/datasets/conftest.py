"""The bundled tables, and an empty cache of OpenML."""

import pytest

from agop_tabular.datasets import fetch_adult, fetch_credit_default


@pytest.fixture(scope="module")
def adult():
    return fetch_adult()


@pytest.fixture(scope="module")
def credit():
    return fetch_credit_default()


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
