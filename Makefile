# make test | test-lowest | demo | lint | clean: each sets up the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOWEST := build/lowest

export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: test test-lowest demo lint clean

$(INSTALLED): pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[video,test]'
	touch $@

test: lint
	OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

# The lowest versions that pyproject.toml allows, on the lowest Python: make test-lowest PYTHON=python3.10
test-lowest:
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --constraint constraints-lowest.txt --editable '.[video,test]'
	OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 $(LOWEST)/bin/python -m pytest -m "not slow" --numprocesses=2

demo: $(INSTALLED)
	$(BIN)/deephar demo --out demo

lint: $(INSTALLED)
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) demo build *.egg-info
