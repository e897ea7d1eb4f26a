"""Code blocks of the documentation's pages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(```|:::)(?:python|\{literalinclude\} (\S+))\n(.*?)^\1$", re.M | re.S)


def blocks(page, heading=None):
    """Python code of a page in docs, or of what stands between a heading and the next."""
    text = (ROOT / "docs" / page).read_text()
    if heading is not None:
        text = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)[1]
    return [body if not path else _literal(path, body) for _, path, body in FENCE.findall(text)]


def run(page, *headings, names=None):
    """Run the code under these headings of a page, and return the names that it leaves."""
    names = {} if names is None else names
    for heading in headings or (None,):
        for block in blocks(page, heading):
            exec(compile(block, page, "exec"), names)
    return names


def _literal(path, options):
    """What Sphinx's literalinclude takes out of a file, for the options that the pages use."""
    text = (ROOT / "docs" / path).read_text()
    wanted = dict(re.findall(r":([a-z-]+): (.+)", options))
    if "pyobject" in wanted:
        return re.search(rf"^(?:class|def) {wanted['pyobject']}\b.*?(?=^\S)", text, re.M | re.S)[0]
    start = text.index(wanted["start-at"])
    stop = text.index(wanted["end-at"], start) + len(wanted["end-at"])
    return text[start:stop]
