"""Random networks, tables, parameters and calls: each case is right or refused in a sentence.

60 cases, always the same, in the normal suite; ``make fuzz`` runs 5,000 new ones, by FUZZ_CASES.
"""

import os
from collections import Counter

from fuzz.cases import cases
from fuzz.checks import run
from fuzz.outcome import FAULT, REFUSED, RIGHT
from hypothesis import HealthCheck, Phase, event, given, settings

N_CASES = int(os.environ.get("FUZZ_CASES", 60))

IN_THE_SUITE = "FUZZ_CASES" not in os.environ

PHASES = [Phase.explicit, Phase.reuse, Phase.generate, *([] if IN_THE_SUITE else [Phase.shrink])]
"""The suite says at once what is wrong; make fuzz looks for the smallest case that is."""

seen: Counter = Counter()


@settings(
    max_examples=N_CASES,
    deadline=None,
    derandomize=IN_THE_SUITE,
    print_blob=True,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases())
def each_case_is_right_or_refused(case):
    try:
        outcome = run(case)
    except Exception:
        seen[FAULT] += 1
        raise
    seen[outcome] += 1
    event(outcome)


def test_each_case_is_right_or_refused(capsys):
    seen.clear()
    try:
        each_case_is_right_or_refused()
    finally:
        if not IN_THE_SUITE:
            with capsys.disabled():
                print("\n" + ", ".join(f"{seen[name]} {name}" for name in (RIGHT, REFUSED, FAULT)))
    assert seen[RIGHT] > seen.total() / 3  # otherwise cases are not what people have
    assert seen[REFUSED] > 0
