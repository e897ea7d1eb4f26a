"""Tables are read from known sources, and only if they are undamaged."""

import dataclasses
import sys

import pytest

from agop_tabular.datasets import fetch_adult


def test_unknown_source():
    with pytest.raises(ValueError, match="source='uci'"):
        fetch_adult(source="uci")


def test_a_damaged_file_is_refused(monkeypatch):
    module = sys.modules[fetch_adult.__module__]
    monkeypatch.setattr(module, "ADULT", dataclasses.replace(module.ADULT, sha256="0" * 64))
    with pytest.raises(ValueError, match="damaged"):
        fetch_adult()
