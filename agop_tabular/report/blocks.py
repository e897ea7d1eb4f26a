"""What a report is made of: sections of paragraphs, facts, tables and pictures, as data that a template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Bullets:
    """Sentences, one a bullet."""

    kind: ClassVar[str] = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names with what they are."""

    kind: ClassVar[str] = "facts"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table of text, whose first column names the line.

    Attributes
    ----------
    caption : str
    head : sequence of str, length k
    rows : sequence of sequences of str, each of length k
    text_columns : set of int
        Places of columns that hold text; all others but the first hold numbers, which stand at the right.
    strong : set of (int, int)
        Places of cells, by row and column, that stand out.
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: frozenset[int] = frozenset()
    strong: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A picture, with what it shows for those who do not see it.

    Attributes
    ----------
    svg : str
        Of :func:`agop_tabular.report.pictures.drawn`, which has escaped all names.
    text : str
    caption : str
        What to look for, below it.
    """

    kind: ClassVar[str] = "picture"
    svg: str
    text: str
    caption: str


@dataclass(frozen=True, eq=False)
class Rows:
    """The table of rows that a reader sorts, searches, filters and unfolds, as the data that a script draws."""

    kind: ClassVar[str] = "rows"
    data: dict[str, Any]


Block = Paragraph | Bullets | Facts | Table | Picture | Rows


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a report under a heading.

    Attributes
    ----------
    key : str
        Of links to it.
    title : str
    blocks : list of Block
    """

    key: str
    title: str
    blocks: list[Block] = field(default_factory=list)
