# make test | test-all | test-lowest | demo | docs | lint | clean: each sets up the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOWEST := build/lowest
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: test test-all test-lowest demo docs lint clean

# .venv/video holds what the package needs, .venv/docs the site's tools, .venv/test these, the other backend and the test tools.
$(VENV)/video $(VENV)/docs $(VENV)/test: $(VENV)/%: pyproject.toml setup.py
	@echo "Installing deephar[$*] into $(VENV); the first time takes a few minutes ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

test: lint
	$(ONE_THREAD) $(BIN)/python -m pytest -m "not slow" --numprocesses=3 --dist=worksteal

test-all: lint
	$(ONE_THREAD) $(BIN)/python -m pytest --numprocesses=3 --dist=worksteal

# The lowest versions that pyproject.toml allows, on the lowest Python: make test-lowest PYTHON=python3.10
test-lowest:
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --constraint constraints-lowest.txt --editable '.[test]'
	$(ONE_THREAD) $(LOWEST)/bin/python -m pytest -m "not slow" --numprocesses=2

demo: $(VENV)/video
	$(BIN)/deephar demo --out demo

# The site of docs/, in build/docs/html. A warning is an error.
docs: $(VENV)/docs
	$(BIN)/python -m sphinx -W --keep-going -q -d build/docs/doctrees docs build/docs/html
	@echo build/docs/html/index.html

lint: $(VENV)/test
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) demo build *.egg-info
