# Everything runs in .venv; each target makes what it needs of it.
PYTHON ?= python3
BIN := .venv/bin
# Tests run in two processes; more threads than cores would wait for each other.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo demo-dask test test-slow fuzz test-lowest test-autogluon test-pytabkit test-dashboard test-mlflow test-scenes lint typecheck docs wheel benchmark-automl scenes study evidence clean

demo: .venv/.demo
	$(BIN)/python docs/examples/adult.py

demo-dask: .venv/.dask
	$(BIN)/python docs/examples/dask_cluster.py

test: .venv/.dev
	$(TEST) -n 2

test-slow: .venv/.dev
	$(TEST) -n 2 -m "slow or not slow"

# New random cases; prints how many were right, refused and at fault, and the smallest that is at fault.
fuzz: .venv/.dev
	FUZZ_CASES=5000 $(TEST) tests/fuzz

# The lowest versions that pyproject.toml allows, and no optional tool. torch is the one of constraints.txt, whose
# build for CPUs is the only one that can be had everywhere.
test-lowest: .venv-lowest/.ready
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -p no:cacheprovider -n 2 --without-optional --doctest-ignore-import-errors

.venv-lowest/.ready: pyproject.toml constraints.txt .ci/lowest.py
	$(PYTHON) -m venv .venv-lowest
	@echo "Installing the lowest versions that pyproject.toml allows into .venv-lowest"
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check packaging
	.venv-lowest/bin/python .ci/lowest.py > .venv-lowest/lowest.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--constraint .venv-lowest/lowest.txt --editable . pytest pytest-xdist hypothesis
	@touch $@

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

typecheck: .venv/.dev
	$(BIN)/mypy

docs: .venv/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

# Build the package, check what an index would, and try the wheel where none of the optional packages is.
wheel: .venv/.dev
	rm -rf dist .venv-wheel
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	mkdir dist/try
	cd dist/try && ../../.venv-wheel/bin/python -I ../../.ci/try_wheel.py
	rm -rf dist/try

# One study: make study NAME=budget OPTIONS="--seeds 1"; without a name, the list of them.
study: .venv/.demo
	$(BIN)/python -m benchmarks $(NAME) $(OPTIONS)

# Every study with its default options, then the figures that documents quote; goes on where it was stopped.
evidence: .venv/.dev
	$(BIN)/python -m benchmarks.evidence --run

# The AutoML study: what .venv has, then AutoGluon and pytabkit, each in its own environment, on one page.
benchmark-automl: .venv/.dev .venv-autogluon/.benchmarks .venv-pytabkit/.benchmarks
	$(BIN)/python -m benchmarks automl $(AUTOML)
	.venv-autogluon/bin/python -m benchmarks automl --tools autogluon $(AUTOML)
	.venv-pytabkit/bin/python -m benchmarks automl --tools pytabkit $(AUTOML)

.venv-%/.benchmarks: .venv-%/.ready
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[benchmarks]"
	@touch $@

# Scenes for the study of that name: CLEVR's, and fewer of each kind that networks trained on them do not know. More
# than an hour of one core; a rendering that was stopped goes on where it was.
SCENES ?= output/scenes
scenes: .venv-scenes/.ready
	.venv-scenes/bin/python -m benchmarks.scenes.render --folder $(SCENES)
	for variant in crowded elsewhere evening; do \
		.venv-scenes/bin/python -m benchmarks.scenes.render --folder $(SCENES)-$$variant --variant $$variant --scenes 400 || exit 1; \
	done

test-scenes: .venv-scenes/.ready
	.venv-scenes/bin/python -m pytest -c /dev/null --rootdir . --noconftest --import-mode=importlib -p no:cacheprovider tests/benchmarks/scenes/test_blender.py

.venv-scenes/.ready:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'Blender as a module needs Python 3.11; run make with PYTHON=python3.11')"
	$(PYTHON) -m venv .venv-scenes
	@echo "Installing Blender as a module into .venv-scenes (1 GB; it pins numpy, so it has an environment of its own)"
	.venv-scenes/bin/python -m pip install --quiet --disable-pip-version-check "bpy>=4.2,<5.1" pytest pillow
	@touch $@

clean:
	rm -rf .venv .venv-autogluon .venv-pytabkit .venv-lowest .venv-wheel .venv-dashboard .venv-mlflow .venv-scenes output dist
	rm -rf docs/_build docs/auto_gallery docs/sg_execution_times.rst docs/api/generated

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing agop_tabular with what the demo needs into .venv (some minutes the first time)"
	$(INSTALL) --editable ".[benchmarks]"
	@touch $@

.venv/.dask: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing agop_tabular with what the dask demo needs into .venv (some minutes the first time)"
	$(INSTALL) --editable ".[benchmarks,dask]"
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing agop_tabular with what its tests need into .venv (some minutes the first time)"
	$(INSTALL) --editable ".[dev]"
	@touch $@

.venv/.docs: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing agop_tabular with what its docs need into .venv (some minutes the first time)"
	$(INSTALL) --editable ".[docs]"
	@touch $@

test-autogluon: .venv-autogluon/.ready
	.venv-autogluon/bin/python -m pytest -p no:cacheprovider tests/adapters/test_autogluon.py
	.venv-autogluon/bin/python -m pytest -p no:cacheprovider tests/automl/test_predictors.py -k autogluon

.venv-autogluon/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-autogluon
	@echo "Installing AutoGluon into .venv-autogluon (it pins pandas, so it has an environment of its own)"
	.venv-autogluon/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt autogluon.tabular pytest --editable .
	@touch $@

test-pytabkit: .venv-pytabkit/.ready
	.venv-pytabkit/bin/python -m pytest -p no:cacheprovider tests/adapters/test_pytabkit.py
	.venv-pytabkit/bin/python -m pytest -p no:cacheprovider tests/automl/test_predictors.py -k pytabkit

.venv-pytabkit/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-pytabkit
	@echo "Installing pytabkit into .venv-pytabkit (it pins pandas, so it has an environment of its own)"
	.venv-pytabkit/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "pytabkit[models]" pytest --editable .
	@touch $@

test-dashboard: .venv-dashboard/.ready
	.venv-dashboard/bin/python -m pytest -p no:cacheprovider tests/ecosystems/test_explainerdashboard.py

.venv-dashboard/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-dashboard
	@echo "Installing explainerdashboard into .venv-dashboard (it pins numpy, so it has an environment of its own)"
	.venv-dashboard/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt explainerdashboard pytest --editable .
	@touch $@

test-mlflow: .venv-mlflow/.ready
	.venv-mlflow/bin/python -m pytest -p no:cacheprovider tests/ecosystems/test_mlflow.py

.venv-mlflow/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-mlflow
	@echo "Installing MLflow into .venv-mlflow (it pins pandas and pyarrow, so it has an environment of its own)"
	.venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt mlflow pytest --editable ".[report]"
	@touch $@
