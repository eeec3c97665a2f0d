# Two commands do everything: `make demo` and `make test`. Each sets .venv up on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.roadworthy-stamp

.PHONY: demo test lint types setup clean

demo: $(STAMP)
	$(BIN)/roadworthy demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/sim/carla
	$(BIN)/python -m pytest tests/sim/carla

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (two minutes, 3 GB) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
