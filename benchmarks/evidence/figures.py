"""Figures that documents quote: sentences with places for numbers, which are filled from the records."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NUMBER = r"[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)"


@dataclass(frozen=True)
class Sentence:
    """A part of a document with figures in it.

    Attributes
    ----------
    document : str
        Path from the root of the repository.
    text : str
        As it is in the document, with ``{name}`` in place of each figure, and any line breaks as spaces.
    figures : callable
        Returns the figures by name, as they are to be printed, from the folder of results.
    """

    document: str
    text: str
    figures: Callable[[Path], dict[str, str]]

    def filled(self, content: str, results: Path) -> str:
        """The document's content with the figures of the records; its line breaks stay where they are.

        Raises
        ------
        ValueError
            If the sentence is not in the document, or is there twice, or the records lack a figure.
        """
        parts = re.split(r"\{(\w+)\}", self.text)
        names, pattern = parts[1::2], f"({NUMBER})".join(_literal(part) for part in parts[::2])
        found = list(re.finditer(pattern, content))
        if len(found) != 1:
            raise ValueError(f"{self.document} has {len(found)} times, not once: {self.text!r}.")
        figures = self.figures(results)
        missing = sorted(set(names) - set(figures))
        if missing:
            raise ValueError(f"The records have no {', '.join(missing)} for {self.text!r}.")
        for place, name in reversed(list(enumerate(names, start=1))):  # from the end, so that earlier places stay
            start, end = found[0].span(place)
            content = content[:start] + figures[name] + content[end:]
        return content


def _literal(text: str) -> str:
    """Pattern of a text, in which any white space stands for any other."""
    return re.sub(r"(?:\\ |\\\n|\s)+", r"\\s+", re.escape(text))
