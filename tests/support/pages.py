"""Code blocks of the documentation's pages, and the output that the pages show below them.

What a block prints stands below it, in a block of ``text``. To write it there after a change::

    WRITE_OUTPUT=1 pytest tests/repository/test_docs.py -m "slow or not slow"
"""

import contextlib
import io
import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(
    r"^(?P<fence>```|:::)(?:python|\{literalinclude\} (?P<path>\S+))\n(?P<body>.*?)^(?P=fence)$"
    r"(?:\n\n```text\n(?P<shown>.*?)^```$)?",
    re.M | re.S,
)
"""A block of Python, and what is shown as its output."""

FENCED = re.compile(r"^(```|:::).*?^\1$", re.M | re.S)

NUMBER = re.compile(r"-?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?")
SECONDS = re.compile(r"[\d.]+ (?=(?:s|ms|µs)\b)")

RELATIVE, DIGITS = 0.1, 2
"""How far numbers may be from those that are shown, on other machines: a share, and units of the last digit."""


def blocks(page, heading=None):
    """Python code of a page in docs, or of what stands between a heading and the next."""
    text = (ROOT / "docs" / page).read_text()
    return [_code(match) for match in BLOCK.finditer(text) if heading in (None, _heading(text, match))]


def run(page, *headings, names=None):
    """Run the code under these headings of a page, and return the names that it leaves.

    What it prints must be what the page shows.
    """
    names = {} if names is None else names
    path = ROOT / "docs" / page
    text = path.read_text()
    for match in BLOCK.finditer(text):
        if headings and _heading(text, match) not in headings:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(_code(match), page, "exec"), names)
        if os.environ.get("WRITE_OUTPUT"):
            _write(path, match, printed.getvalue())
        else:
            difference = unlike(match["shown"] or "", printed.getvalue())
            assert not difference, f"{page}: {difference} below\n{_code(match)}\nwhich prints\n{printed.getvalue()}"
    return names


def unlike(shown, printed):
    """What is shown in another way than it was printed; empty where both are the same but for rounding and seconds."""
    texts, numbers = [], []
    for text in (shown, printed):
        plain = SECONDS.sub("", text)
        texts.append(" ".join(NUMBER.sub(" # ", plain).split()))
        numbers.append(NUMBER.findall(plain))
    if texts[0] != texts[1]:
        return f"{texts[0]!r} is shown, and not {texts[1]!r},"
    for a, b in zip(*numbers, strict=True):
        unit = 10.0 ** -len(a.partition("e")[0].partition(".")[2])
        x, y = (float(number.replace(",", "")) for number in (a, b))
        if abs(x - y) > RELATIVE * max(abs(x), abs(y)) + DIGITS * unit:
            return f"{a} is shown, and not {b},"
    return ""


def _heading(text, match):
    """Heading that a block stands below."""
    above = re.findall(r"^#+ (.+)$", FENCED.sub("", text[: match.start()]), re.M)
    return above[-1] if above else None


def _write(path, match, printed):
    """Put what a block printed below it."""
    lines = "\n".join(line.rstrip() for line in printed.strip("\n").split("\n"))
    code = match[0].split("\n\n```text\n")[0] if match["shown"] is not None else match[0]
    text = path.read_text()
    assert text.count(match[0]) == 1, f"{path.name} has this block twice:\n{match[0]}"
    path.write_text(text.replace(match[0], f"{code}\n\n```text\n{lines}\n```" if lines else code))


def _code(match):
    return match["body"] if not match["path"] else _literal(match["path"], match["body"])


def _literal(path, options):
    """What Sphinx's literalinclude takes out of a file, for the options that the pages use."""
    text = (ROOT / "docs" / path).read_text()
    wanted = dict(re.findall(r":([a-z-]+): (.+)", options))
    if "pyobject" in wanted:
        return re.search(rf"^(?:class|def) {wanted['pyobject']}\b.*?(?=^\S)", text, re.M | re.S)[0]
    start = text.index(wanted["start-at"])
    stop = text.index(wanted["end-at"], start) + len(wanted["end-at"])
    return text[start:stop]
