# Every door of the project. A machine with Python 3.11 or later, make and git is enough: the first target that needs
# the virtual environment makes it. `make help` lists the doors.

SHELL = /bin/sh
.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check format bench docs schemas lock clean

BIN = .venv/bin
READY = .venv/ready
WORKFLOWS = $(wildcard .github/workflows/*.yml examples/github/*.yml)
ACTIONS = $(wildcard .github/actions/*/action.yml)
CHECKS = check-types check-lint check-floors check-workflows check-image
# The tests, which wait now and then, run beside the checks; what fails is named, and the others end all the same.
TOGETHER = $(MAKE) --no-print-directory --jobs=2 --keep-going
.PHONY: suite $(CHECKS)
# Arguments of pytest that name a part of the tests, for example: make test TESTS=tests/unit/core, or TESTS="-k limits".
TESTS =

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

help: ## list the targets
	@echo "reconciler: GitOps for fleets of edge devices"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: $(READY) ## make or refresh .venv (the other targets do it by themselves)

$(READY): pyproject.toml .github/constraints.txt .github/constraints-dev.txt .github/find-python
	@echo "setup: the first time, and after a change of dependencies, this takes a minute"
	@python=$$(.github/find-python "$(PYTHON)") || exit 1; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "setup: creating .venv with $$python"; "$$python" -m venv --clear .venv || exit 1; \
	fi
	@echo "setup: installing what reconciler needs, at the versions and hashes of .github/constraints.txt"
	@$(BIN)/python -m pip install --quiet --require-hashes -r .github/constraints.txt
	@echo "setup: installing reconciler and its tools, at the versions of .github/constraints-dev.txt"
	@$(BIN)/python -m pip install --quiet -c .github/constraints-dev.txt editables
	@$(BIN)/python -m pip install --quiet -c .github/constraints-dev.txt --no-build-isolation -e '.[dev]'
	@touch $@

demo: $(READY) ## see it work, against the simulated platforms
	@$(BIN)/reconciler demo --platform all

test: $(READY) ## run every check and every test, and hold the coverage gates
	+@$(TOGETHER) suite $(CHECKS)

suite:
ifeq ($(strip $(TESTS)),)
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=
	$(BIN)/python tests/house/coverage_gate.py
else
	$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)
	@echo "coverage: not measured, because TESTS names a part of the tests"
endif

check: $(READY) ## format, lint, types, floors, workflow lint
	+@$(TOGETHER) $(CHECKS)

check-types:
	$(BIN)/mypy --no-error-summary

check-lint:
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

check-floors:
	$(BIN)/lint-imports --no-logo

check-workflows:
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(wildcard .github/ISSUE_TEMPLATE/*.yml)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --no-progress --quiet $(WORKFLOWS) $(ACTIONS) .github/dependabot.yml

check-image:
	$(BIN)/hadolint Containerfile

format: $(READY) ## rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

bench: $(READY) ## measure the speeds that are promised
	$(BIN)/python -m tests.benchmarks

docs: $(READY) ## draw the pictures of the README from what runs
	$(BIN)/python -m tests.docs.picture
	$(BIN)/python -m tests.docs.screenshots

schemas: $(READY) ## write schemas/ from the types
	$(BIN)/reconciler schema --out schemas

lock: $(READY) ## write the hashes of .github/constraints.txt anew, after a change of dependencies
	@$(BIN)/python -m pip install --quiet -c .github/constraints-dev.txt uv
	@echo 'hatchling>=1.25' | $(BIN)/uv pip compile pyproject.toml - --extra web --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --output-file .github/constraints.txt

clean: ## remove what the other targets made
	rm -rf .venv .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.* htmlcov build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
