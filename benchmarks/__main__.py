"""``python -m benchmarks NAME [options]``: run one study."""

from __future__ import annotations

import argparse

from benchmarks import (
    ablation,
    automl,
    budget,
    images,
    out_of_core,
    overhead,
    raw_truth,
    roar,
    scale,
    synthetic,
    timing,
)

STUDIES = {
    "synthetic": synthetic,
    "ablation": ablation,
    "raw-truth": raw_truth,
    "budget": budget,
    "roar": roar,
    "images": images,
    "automl": automl,
    "timing": timing,
    "overhead": overhead,
    "scale": scale,
    "out-of-core": out_of_core,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="study", required=True)
    for name, study in STUDIES.items():
        study.add_options(commands.add_parser(name, help=study.__doc__.splitlines()[0], description=study.__doc__))
    options = vars(parser.parse_args(arguments))
    STUDIES[options.pop("study")].run(**options)


if __name__ == "__main__":
    main()
