# make demo   label the example conversations and write an HTML report
# make quick  lint, types, import contracts and the tests that bear no mark: no process, no training, no browser
# make test   lint, types, import contracts and all tests but the slow ones (pytest -m slow)
# make attack attack a server and kill processes that write; its figures go to out/attack.json
# make clean  remove what the others leave behind
#
# All make their own .venv. PYTHON picks the interpreter it is made from (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INPUTS := pyproject.toml constraints.txt
DEMO_REPORT := out/demo/report.html
EXAMPLES := $(sort $(wildcard examples/conversations/*.txt))
# Two workers, each with models of its own; one that has nothing left to do takes tests over from the other.
PARALLEL := -n 2 --dist worksteal
# Marks of tests that take longer than the others; pyproject.toml says what they mean.
LONGER := slow or process or trains or browser or corpora or results
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Several processes read the same modules; without this each compiles them again where the variable is set.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test check attack clean

demo: $(VENV)/.installed
	$(BIN)/erckit label $(EXAMPLES) --history all --report $(DEMO_REPORT)
	@echo "The report is at $(CURDIR)/$(DEMO_REPORT)"

quick: check
	$(BIN)/python -m pytest $(PARALLEL) -m "not ($(LONGER))"

test: check
	$(BIN)/python -m pytest $(PARALLEL)

attack: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/attack.py --out out/attack.json

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A stamp per extra: nothing is installed again until what was installed from changes.
$(VENV)/.installed: $(VENV)/.made $(INPUTS)
	@echo "Installing erckit into $(VENV); the first time takes a few minutes ..."
	$(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made $(INPUTS)
	@echo "Installing erckit and its developer tools into $(VENV); the first time takes a few minutes ..."
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "erckit needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) out/demo build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
