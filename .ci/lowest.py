"""Print the lowest versions that pyproject.toml allows, as pip's constraints: ``name==version``, one a line.

torch is left out: constraints.txt pins the build for CPUs, and earlier builds cannot be had everywhere.
"""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for line in project["dependencies"]:
    requirement = Requirement(line)
    (bound,) = (s.version for s in requirement.specifier if s.operator == ">=")
    if requirement.name != "torch":
        print(f"{requirement.name}=={bound}")
