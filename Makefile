# The two commands of the README. Everything happens in .venv; nothing is installed outside of it.
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test slow lint types verify benchmark clean

# torch comes first and pinned: a CPU build of exactly that version is enough, any other brings gigabytes of CUDA.
.venv/installed: pyproject.toml constraints.txt
	@echo "Preparing .venv (torch is large: a few minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP_INSTALL) -c constraints.txt torch
	@$(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@

demo: .venv/installed
	@echo "Grading examples/sample_submission with: pytest --lm-chapter 4"
	@cd examples/sample_submission && ../../$(BIN)/python -m pytest --lm-chapter 4 -p no:randomly; \
	status=$$?; \
	if [ $$status -gt 1 ]; then exit $$status; fi; \
	echo "This submission is partly wrong on purpose. Next: $(BIN)/lmworkbook new my-workbook"

test: .venv/installed
	$(BIN)/python -m pytest -n 2 -m "not slow"

slow: .venv/installed
	$(BIN)/python -m pytest -n 2 -m slow

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/installed
	$(BIN)/mypy

verify: .venv/installed
	$(BIN)/lmworkbook verify

benchmark: .venv/installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv
