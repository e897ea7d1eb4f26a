"""The notes of runs."""

from benchmarks.evidence import ledger
from benchmarks.evidence.code import digest


def test_a_run_is_noted_and_a_resumed_one_adds_its_time(tmp_path, monkeypatch):
    assert ledger.is_older(ledger.read(tmp_path).get("budget"), "budget")
    ledger.note(tmp_path, "budget", 10.2, digest("budget"))
    ledger.note(tmp_path, "budget", 5.1, digest("budget"))
    ledger.note(tmp_path, "audit", 3.0, digest("audit"))
    found = ledger.read(tmp_path)
    assert (found["budget"].seconds, found["audit"].seconds) == (15, 3)
    assert not ledger.is_older(found["budget"], "budget")
    monkeypatch.setattr(ledger, "digest", lambda study: "other code")
    assert ledger.is_older(found["budget"], "budget")
    ledger.note(tmp_path, "budget", 1.0, "other code")
    assert ledger.read(tmp_path)["budget"].seconds == 1, "another code, so a run of its own"
