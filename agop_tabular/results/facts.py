"""A title and named facts below it, as text and as a table for notebooks: how results print."""

from __future__ import annotations

import html
from collections.abc import Sequence

Facts = Sequence[tuple[str, str]]


def facts_text(title: str, facts: Facts) -> str:
    """Title and facts, one a line.

    Parameters
    ----------
    title : str
    facts : sequence of (name, text)
    """
    width = max((len(name) for name, _ in facts), default=0) + 2
    return "\n".join([title, *(f"  {name:{width}s}{text}" for name, text in facts)])


def facts_html(title: str, facts: Facts) -> str:
    """The same as an HTML table, in the colours of the page that it is on.

    Parameters
    ----------
    title : str
    facts : sequence of (name, text)
    """
    lines = "".join(
        f'<tr><th style="text-align:left;padding-right:.8em">{html.escape(name)}</th>'
        f'<td style="text-align:left">{html.escape(text)}</td></tr>'
        for name, text in facts
    )
    caption = f'<caption style="text-align:left">{html.escape(title)}</caption>'
    return f"<table>{caption}<tbody>{lines}</tbody></table>"


def named_list(names: Sequence[str], most: int) -> str:
    """Names, separated by commas; of more than ``most`` the first ones, and how many others there are.

    Parameters
    ----------
    names : sequence of str
    most : int
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
