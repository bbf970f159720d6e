PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
# Idle OpenMP threads sleep instead of spinning: processes share few cores.
export OMP_WAIT_POLICY = PASSIVE
export GOMP_SPINCOUNT = 0
# Small arrays gain nothing from threads, and lose much where cores are shared.
export OPENBLAS_NUM_THREADS = 1
BIN := .venv/bin

.PHONY: install dev run examples test check audit bench load chaos evidence experiments

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --upgrade "pip==26.3"
	$(BIN)/pip install -q -r requirements.txt
	touch $@

.venv/dev: .venv/installed pyproject.toml
	$(BIN)/pip install -q --group dev
	touch $@

install: .venv/installed ## what the product needs

dev: .venv/dev ## what the tests need too

run: .venv/installed ## the demo on PORT
	$(BIN)/python manage.py demo --port $(PORT)

examples: ## gridstack and React in the demo, from npm (node 20 or later)
	cd webapp/examples && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run build
	@echo "Built. Start (or restart) the demo with make run and open /examples/."

test: .venv/dev
	$(BIN)/python -m pytest $(TESTS)

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory audit

audit: .venv/dev ## known vulnerabilities of what is pinned; says so where nobody can be asked
	@found=$$($(BIN)/pip-audit --progress-spinner off --timeout 10 --no-deps --disable-pip \
	  -r requirements.txt 2>&1); code=$$?; \
	if echo "$$found" | grep -q '^Found'; then echo "$$found"; exit 1; \
	elif [ $$code != 0 ] || echo "$$found" | grep -q 'could not be audited'; \
	then echo "Not audited: no database of vulnerabilities can be asked from here."; \
	else echo "No known vulnerabilities in requirements.txt."; fi

bench: .venv/dev ## speed, one JSON line a figure, each beside its floor
	$(BIN)/python -m tests.bench

load: .venv/dev ## the real server under load, beside floors: as `make run` serves, and in production
	$(BIN)/python -m tests.load --stack embedded
	$(BIN)/python -m tests.load --stack production

chaos: .venv/dev ## things break under load: nobody is without a layout, no event is lost
	$(BIN)/python -m tests.load.chaos

evidence: .venv/dev ## the full-size figures, with commit and command
	$(BIN)/python -m tests.evidence

experiments: .venv/dev ## bits, past visits, ablations, peers, lock-in: one page in var/experiments
	$(BIN)/python -m ml.experiments
