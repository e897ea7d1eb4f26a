"""What pages say of their age."""

import pytest

from benchmarks.evidence import ages, ledger
from benchmarks.evidence.code import digest

PAGE = "# Budget\n\n`python -m benchmarks budget`: text.\n"


def test_a_page_is_marked_once_and_unmarked():
    marked = ages.with_age(PAGE, True)
    assert marked.startswith(f"# Budget\n\n{ages.OLDER}\n\n`python")
    assert ages.with_age(marked, True) == marked
    assert ages.with_age(marked, False) == PAGE
    assert ages.with_age(PAGE, False) == PAGE


def test_the_table_has_a_row_for_each_page(tmp_path):
    for page in ("budget.md", "ablation-raw.md"):
        (tmp_path / page).write_text(PAGE)
    ledger.note(tmp_path, "budget", 200, digest("budget"))
    table = ages.table(tmp_path)
    assert table.count("\n| `") == 2
    assert "| 3 min | yes |" in table
    assert "| `raw-truth` | [ablation-raw.md](ablation-raw.md) | – | – | – | no |" in table


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (99.4, "99 s"), (119, "2 min"), (7200, "2.0 h")])
def test_durations(seconds, text):
    assert ages.duration(seconds) == text
