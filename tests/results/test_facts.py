"""Facts as text and as a table."""

from agop_tabular.results.facts import facts_html, facts_text, named_list


def test_text_and_table_say_the_same():
    facts = [("columns", "a, <b>"), ("error", "5%")]
    assert facts_text("Title", facts) == "Title\n  columns  a, <b>\n  error    5%"
    page = facts_html("T & U", facts)
    assert "T &amp; U" in page
    assert "&lt;b&gt;" in page
    assert page.count("<tr>") == 2
    assert facts_text("Title", []) == "Title"


def test_long_lists_are_cut_with_a_word():
    assert named_list(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert named_list(["a"], 2) == "a"
