"""Documents say what the records say."""

from benchmarks.evidence import quoted, sentences
from benchmarks.evidence.__main__ import changes, main
from benchmarks.shared.options import RESULTS


def test_documents_and_pages_say_what_the_records_say():
    assert not changes(RESULTS), "run python -m benchmarks.evidence, and read what it changed"


def test_a_changed_record_changes_its_sentence(monkeypatch):
    figures = dict(quoted.timing(RESULTS), shap_deep_times_ixg="77")
    text = next(s for s in sentences.SENTENCES if "{shap_deep_times_ixg}" in s.text)
    changed = type(text)(text.document, text.text, lambda results: figures)
    monkeypatch.setattr("benchmarks.evidence.__main__.SENTENCES", (changed,))
    (content,) = changes(RESULTS).values()
    assert "DeepExplainer takes some 77 times as long" in " ".join(content.split())


def test_the_command_says_what_it_writes(capsys):
    main([])
    assert capsys.readouterr().out == ""
