# Every target installs what it needs into .venv by itself.
PYTHON ?= python3
SEEDS ?= 1000
SECONDS ?= 300
DAYS ?= 90
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin

.PHONY: help demo dashboard screenshots test test-at check proto docs simulate chaos mutate bench scale fuzz truth test-compose audit sbom pin-images release lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: .venv/run.stamp ## the whole platform on this machine, embedded; ARGS="--plants 1 --keep --data DIR"
	@mkdir -p build  # the page is built beside the start; without it, its address names the remedy
	@(nice -n 10 $(BIN)/python deploy/build_dashboard.py > build/dashboard.log 2>&1 &) ; $(BIN)/werknetz demo $(ARGS)

test: .venv/dev.stamp ## every test; WORKERS=n at once; ARGS passes on to pytest
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

test-at: .venv/dev.stamp build/shifted_clock.so ## tests at another time: AT="2027-03-28 01:30" (UTC) ARGS=tests/e2e; needs a C compiler
	CLOCK_SHIFT_S=$$(( $$(date -u -d "$(AT)" +%s) - $$(date +%s) )) LD_PRELOAD=$(CURDIR)/build/shifted_clock.so \
	  $(BIN)/python -m pytest -n0 $(ARGS)

build/shifted_clock.so: tests/plumbing/shifted_clock.c
	@mkdir -p build && $(CC) -O2 -shared -fPIC -o $@ $< -ldl

dashboard: ## build the web page into the core, unless it is up to date; needs Node >= 20.19 or installs it
	$(PYTHON) deploy/build_dashboard.py $(ARGS)

screenshots: .venv/dev.stamp ## pictures of all screens for README and docs, of a demo; ARGS="--url URL --key KEY" of one that runs
	$(BIN)/python deploy/screenshots.py $(ARGS)

check: .venv/dev.stamp ## lint, types, layers; the same of the web page and its unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/build_dashboard.py --test

proto: .venv/dev.stamp ## generate code from the .proto files
	cd libs && ../$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. werknetz/protocols/*.proto

docs: .venv/dev.stamp ## build the documentation into build/docs; dead links and missing pages fail
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f docs/site/mkdocs.yml

simulate: .venv/dev.stamp ## SEEDS=n runs of the delivery against a world that loses and crashes
	cd tests && ../$(BIN)/python -m simulation.run --seeds $(SEEDS)

chaos: .venv/dev.stamp ## SECONDS=n of real processes that are killed, stopped and wiped; ARGS="--scenario all", "--list"
	cd tests && ../$(BIN)/python -m chaos.run --seconds $(SECONDS) $(ARGS)

mutate: .venv/dev.stamp ## change the code in small ways: tests must notice 90 %; ARGS="--short" or "--target kpi --sample 0 --resume FILE"
	cd tests && ../$(BIN)/python -m mutation.run $(ARGS)

bench: .venv/dev.stamp ## ratios side by side; ARGS=--short for the short form
	cd tests && ../$(BIN)/python -m bench.run $(ARGS)

scale: .venv/dev.stamp ## how costs grow: connectors, edges, OPC UA items, history; writers, workers, API processes
	cd tests && ../$(BIN)/python -m bench.run --only scale $(ARGS)

fuzz: .venv/dev.stamp ## invented requests for every operation of the API; ARGS="--short", "--only PATH --seed N"
	cd tests && ../$(BIN)/python -m fuzz.run $(ARGS)

test-compose: .venv/dev.stamp ## build, start and break the compose stack; ARGS=--short
	$(BIN)/python deploy/compose_test.py $(ARGS)

truth: .venv/dev.stamp ## DAYS=n of six plants with late, doubled, missing and corrected data: truth against platform
	TRUTH_DAYS=$(DAYS) $(BIN)/python -m pytest -q -s -n0 tests/e2e/test_truth_six_plants.py

audit: ## known vulnerabilities of what is locked (OSV); 1: some, 3: the database cannot be reached
	$(PYTHON) deploy/audit.py $(ARGS)

sbom: .venv/dev.stamp ## CycloneDX of each service in build/sbom, of its images where Docker runs
	$(BIN)/python deploy/sbom.py $(ARGS)

pin-images: ## write the digests of the public images to .env; 3: no image registry can be reached
	$(PYTHON) deploy/pin_images.py

release: .venv/dev.stamp sbom dashboard ## wheel, SBOM and checksums in dist, after an audit; UNAUDITED=yes where none is possible
	@$(PYTHON) deploy/audit.py || [ "$(UNAUDITED)" = yes ]
	@rm -rf dist && $(BIN)/uv build --quiet --wheel -o dist && cp build/sbom/*.json dist/
	@cd dist && sha256sum *.whl *.json > SHA256SUMS && cat SHA256SUMS

lock: .venv/uv.stamp ## pin every requirement with its hashes
	@for extra in demo edge core worker simulator dev; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	    --python-version 3.11 --extra $$extra pyproject.toml \
	    $$([ $$extra = dev ] || echo --constraint requirements/dev.txt) -o requirements/$$extra.txt; done

clean: ## what can be made again
	rm -rf .venv build services/dashboard/node_modules services/werknetz_core/dashboard/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Byte-compiled at install: the first start is then 4 s faster.
.venv/uv.stamp:
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet uv && touch $@

.venv/run.stamp: .venv/uv.stamp requirements/demo.txt pyproject.toml
	@test .venv/dev.stamp -nt requirements/demo.txt || PYTHONDONTWRITEBYTECODE= $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/demo.txt
	@$(BIN)/uv pip install --quiet --no-deps -e . && touch $@

.venv/dev.stamp: .venv/uv.stamp requirements/dev.txt pyproject.toml
	@PYTHONDONTWRITEBYTECODE= $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --no-deps -e . && touch $@
