# Every target does its own set-up; see README.md.
VENV := .venv
PYTHON := $(VENV)/bin/python
BASE_PYTHON ?= python3
INSTALLED := $(VENV)/.installed
DEMO_INSTALLED := $(VENV)/.demo-installed
PACKAGES := keyserver lockagent mobile_sdk policies firmware_stubs
CHECKED := $(PACKAGES) tests
# A home that cannot be written to is no reason to fail: pip's cache is a help, not a need.
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check bench campaign mutation format vectors clean

demo: $(DEMO_INSTALLED)
	@$(PYTHON) -m firmware_stubs.town run $(if $(ONCE),--once)

test: $(INSTALLED)
	@$(PYTHON) -m pytest $(TESTS)

check: $(INSTALLED)
	@$(PYTHON) -m ruff format --check $(CHECKED)
	@$(PYTHON) -m ruff check $(CHECKED)
	@$(PYTHON) -m mypy
	@$(PYTHON) -m pytest tests/architecture

bench: $(INSTALLED)
	@$(PYTHON) -m tests.bench --write bench.json

format: $(INSTALLED)
	@$(PYTHON) -m ruff format $(CHECKED)
	@$(PYTHON) -m ruff check --fix $(CHECKED)

campaign: $(INSTALLED)
	@HYPOTHESIS_PROFILE=long $(PYTHON) -m pytest $(TESTS)

mutation: $(INSTALLED)
	@$(PYTHON) -m tests.mutation

vectors: $(INSTALLED)
	@$(PYTHON) -m tests.vectors.make_vectors

clean:
	rm -rf .town bench.json mutants build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(PYTHON):
	@$(BASE_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "expected Python 3.11 or newer as '$(BASE_PYTHON)'; on Debian or Ubuntu: apt-get install -y git make python3-venv"; exit 2; }
	@echo "making $(VENV) …"
	@$(BASE_PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); echo "expected python3-venv; on Debian or Ubuntu: apt-get install -y git make python3-venv"; exit 2; }

$(DEMO_INSTALLED): $(PYTHON) pyproject.toml constraints.txt
	@echo "installing what the demo needs (about half a minute) …"
	@$(PIP) --editable '.[server,door,phone,policies]'
	@touch $@

$(INSTALLED): $(PYTHON) pyproject.toml constraints.txt
	@echo "installing what the tests need (about a minute) …"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(DEMO_INSTALLED)
