# make test | demo | lint | clean: each sets up the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

export TF_CPP_MIN_LOG_LEVEL ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: test demo lint clean

$(INSTALLED): pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[video,test]'
	touch $@

test: lint
	OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

demo: $(INSTALLED)
	$(BIN)/deephar demo --out demo

lint: $(INSTALLED)
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) demo build *.egg-info
