PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
# Idle OpenMP threads sleep instead of spinning, as processes share few cores.
export OMP_WAIT_POLICY = PASSIVE
export GOMP_SPINCOUNT = 0
# Threads do not speed up small arrays, and slow them down where cores are shared.
export OPENBLAS_NUM_THREADS = 1
BIN := .venv/bin

.PHONY: install dev run examples test matrix check audit bench load chaos evidence experiments

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --upgrade "pip==26.3"
	$(BIN)/pip install -q -r requirements.txt
	touch $@

.venv/dev: .venv/installed pyproject.toml
	$(BIN)/pip install -q --group dev
	touch $@

install: .venv/installed ## install what the product needs

dev: .venv/dev ## install what tests and checks need as well

run: .venv/installed ## run the demo on PORT
	$(BIN)/python manage.py demo --port $(PORT)

examples: ## build the demo's gridstack and React examples with npm (node 20 or later)
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

audit: .venv/dev ## list known vulnerabilities of pinned packages; says so without a database
	@found=$$($(BIN)/pip-audit --progress-spinner off --timeout 10 --no-deps --disable-pip \
	  -r requirements.txt 2>&1); code=$$?; \
	if echo "$$found" | grep -q '^Found'; then echo "$$found"; exit 1; \
	elif [ $$code != 0 ] || echo "$$found" | grep -q 'could not be audited'; \
	then echo "Not audited: no database of vulnerabilities can be asked from here."; \
	else echo "No known vulnerabilities in requirements.txt."; fi

matrix: .venv/dev ## test engine and web on each supported Python and Django; CELLS="3.12x6.0" chooses
	@$(BIN)/python -m tests.matrix $(CELLS)

bench: .venv/dev ## measure speed, one JSON line per figure, each beside its floor
	$(BIN)/python -m tests.bench

load: .venv/dev ## load the real server, beside floors: the stack of `make run`, and production
	$(BIN)/python -m tests.load --stack embedded
	$(BIN)/python -m tests.load --stack production

chaos: .venv/dev ## break parts under load: every request gets a layout, no event is lost
	$(BIN)/python -m tests.load.chaos

evidence: .venv/dev ## measure the full-size figures, stored with commit and command
	$(BIN)/python -m tests.evidence

experiments: .venv/dev ## measure the model's ideas and peers: one page in var/experiments
	$(BIN)/python -m ml.experiments
