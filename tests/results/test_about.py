"""About: a record that reads like the dict it replaced."""

import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from agop_tabular.results.about import About

NAMES = ["predictor", "by", "fidelity", "why", "rows", "of_rows", "coverage", "seconds"]


@pytest.fixture
def student():
    fidelity = {"r2": 0.9, "rows": 40.0}
    return About(predictor="Forest", by="student", fidelity=fidelity, why="no gradient", rows=100, of_rows=200)


def test_an_empty_one_holds_nothing():
    about = About()
    assert dict(about) == {}
    assert not about
    assert about.get("fidelity") is None
    with pytest.raises(KeyError):
        about["by"]


def test_fields_are_items_in_a_fixed_order():
    about = About(seconds=0.5, coverage=1.0, of_rows=9, rows=8, why="w", fidelity={"r2": 1.0}, by="b", predictor="p")
    assert list(about) == NAMES
    assert about["fidelity"] is about.fidelity
    assert dict(about)["seconds"] == about.seconds == 0.5


def test_none_is_absent_and_zero_is_not(student):
    assert list(student) == NAMES[:6]
    assert "coverage" not in student
    assert "fidelity" in student
    assert dict(About(rows=0, coverage=0.0)) == {"rows": 0, "coverage": 0.0}


def test_names_of_methods_and_unknown_names_are_no_items(student):
    for name in ("get", "items", "anything"):
        assert name not in student
        with pytest.raises(KeyError):
            student[name]


def test_equals_a_dict_of_the_same_items(student):
    assert student == dict(student)
    assert student == replace(student)
    assert student != replace(student, seconds=1.0)


def test_is_frozen_pickles_and_shows_what_it_holds(student):
    with pytest.raises(FrozenInstanceError):
        student.by = "gradient"
    with pytest.raises(TypeError):
        student["by"] = "gradient"
    assert pickle.loads(pickle.dumps(student)) == student
    assert repr(replace(student, fidelity=None, why=None)) == (
        "About(predictor='Forest', by='student', rows=100, of_rows=200)"
    )
