"""JSON against declared types."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from agop_tabular.persistence.typed_json import LARGEST_TEXT, AnyFloat, Count, Length, Within, checked, parsed


@dataclass(frozen=True)
class Inner:
    a: int
    b: list[str]


@dataclass(frozen=True)
class Outer:
    inner: Inner | None
    kind: Literal["x", "y"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (bool, True),
        (int, 3),
        (float, 3),
        (float, 0.5),
        (str, ""),
        (None, None),
        (int | None, None),
        (list[int], [1, 2]),
        (dict[str, int], {"a": 1}),
        (Literal["auto"] | Count, "auto"),
        (Literal["auto"] | Count, 7),
        (AnyFloat, float("inf")),
        (Annotated[float, Within(0, 1)], 1),
        (Annotated[list[int], Length(1, 2)], [1]),
        (Any, [{}]),
    ],
    ids=repr,
)
def test_what_is_of_its_kind(kind, value):
    assert checked(kind, value, "it") == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (bool, 1),
        (int, True),
        (int, 3.0),
        (int, "3"),
        (int, 2**64),
        (int, None),
        (float, float("nan")),
        (float, float("inf")),
        (float, True),
        (float, 10**400),
        (str, 3),
        (None, 0),
        (int | None, "x"),
        (list[int], [1, "2"]),
        (list[int], "12"),
        (dict[str, int], [1]),
        (dict[str, int], {"a": "1"}),
        (Literal["auto"] | Count, "x"),
        (Literal["auto"] | Count, 0),
        (Literal["auto"] | Count, []),
        (Annotated[float, Within(0, 1)], 1.5),
        (Annotated[float, Within(0, 1)], float("nan")),
        (Annotated[list[int], Length(1, 2)], []),
        (Annotated[list[int], Length(1, 2)], [1, 2, 3]),
        (Annotated[str, Length(most=2)], "abc"),
    ],
    ids=repr,
)
def test_what_is_of_another_kind(kind, value):
    with pytest.raises(ValueError, match=r"^it(\[|\.| )"):
        checked(kind, value, "it")


def test_records():
    assert checked(Outer, {"inner": {"a": 1, "b": ["c"]}, "kind": "x"}, "it") == Outer(Inner(1, ["c"]), "x")
    assert checked(Outer, {"inner": None, "kind": "y"}, "it") == Outer(None, "y")
    for state, message in (
        ({"kind": "x"}, "it lacks 'inner'"),
        ({"inner": None, "kind": "x", "more": 1}, "it has 'more', which is unknown"),
        ({"inner": {"a": 1, "b": [2]}, "kind": "x"}, r"it\.inner\.b\[0\] is 2, not text"),
        ([], r"it is \[\], not an object"),
    ):
        with pytest.raises(ValueError, match=message):
            checked(Outer, state, "it")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, "[]" + " " * LARGEST_TEXT])
def test_text_that_cannot_be_read(text):
    with pytest.raises(ValueError, match="^its header "):
        parsed(text)


def test_text():
    assert parsed('{"a": [1, null]}') == {"a": [1, None]}
