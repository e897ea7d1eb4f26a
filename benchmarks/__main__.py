"""Run one study: ``python -m benchmarks NAME [options]``. Without arguments, list the studies."""

from __future__ import annotations

import argparse
import sys
import time

import benchmarks.ablation.study as ablation
import benchmarks.audit.study as audit
import benchmarks.automl.study as automl
import benchmarks.budget.study as budget
import benchmarks.gpu.study as gpu
import benchmarks.images.study as images
import benchmarks.import_time.study as import_time
import benchmarks.importance.study as importance
import benchmarks.orders.study as orders
import benchmarks.out_of_core.study as out_of_core
import benchmarks.overhead.study as overhead
import benchmarks.probability.study as probability
import benchmarks.raw_truth.study as raw_truth
import benchmarks.roar.study as roar
import benchmarks.scale.study as scale
import benchmarks.scenes.study as scenes
import benchmarks.segments.study as segments
import benchmarks.synthetic.study as synthetic
import benchmarks.timing.study as timing
import benchmarks.training_guided.study as training_guided
from benchmarks.evidence.code import digest
from benchmarks.evidence.ledger import note

STUDIES = {
    "synthetic": synthetic,
    "ablation": ablation,
    "raw-truth": raw_truth,
    "budget": budget,
    "orders": orders,
    "probability": probability,
    "audit": audit,
    "importance": importance,
    "roar": roar,
    "images": images,
    "segments": segments,
    "scenes": scenes,
    "training-guided": training_guided,
    "automl": automl,
    "timing": timing,
    "overhead": overhead,
    "import-time": import_time,
    "scale": scale,
    "gpu": gpu,
    "out-of-core": out_of_core,
}


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        print(listing())
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="study", required=True)
    for name, study in STUDIES.items():
        study.add_options(commands.add_parser(name, help=_first_line(study), description=study.__doc__))
    options = vars(parser.parse_args(arguments))
    name, started = options.pop("study"), time.perf_counter()
    code = digest(name)
    STUDIES[name].run(**options)
    note(options["output"], name, time.perf_counter() - started, code)


def listing() -> str:
    """A line for each study, and how to run one."""
    width = max(map(len, STUDIES))
    lines = [f"  {name:{width}}  {_first_line(study)}" for name, study in STUDIES.items()]
    return "\n".join(["Studies:", *lines, "", "Run one: python -m benchmarks NAME [options]; its options: NAME --help"])


def _first_line(study) -> str:
    return study.__doc__.splitlines()[0]


if __name__ == "__main__":
    main()
