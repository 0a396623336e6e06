# The project's commands; `make` alone lists them. Variables: PYTHON, TORCH_INDEX, ARGS (given to pytest or the benchmark).
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-slow check fmt phrases bench bench-compare audit screenshots

venv := .venv
# On Linux the default torch brings gigabytes of GPU libraries. If TORCH_INDEX is not set (an empty value is a setting), the
# index of CPU builds is used, provided that it answers within 3 s; it is requested just before pip runs.
cpu_index := https://download.pytorch.org/whl/cpu
ask := import signal, sys, urllib.request as web; url = sys.argv[1]; assert sys.platform == "linux"; signal.alarm(3); \
  web.urlopen(web.Request(url + "/torch/", headers={"User-Agent": "pip"})).close(); print("--extra-index-url", url)
ifneq ($(origin TORCH_INDEX),undefined)
index := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
else
index := $$({ $(venv)/bin/python -c '$(ask)' $(cpu_index); } 2>/dev/null)
endif
pip_install := $(venv)/bin/python -m pip install --disable-pip-version-check $(index)
# Marker files named after the checksum of the requirements: file times differ between clones and branches.
runtime := $(venv)/.installed-$(shell cksum <requirements.txt | tr ' ' -)
tools := $(venv)/.installed-dev-$(shell cat requirements.txt requirements-dev.txt | cksum | tr ' ' -)
# The packages of the comparison, in an environment of their own that also sees those of the site.
rivals := .venv-bench
compared := $(rivals)/.installed-$(shell cat requirements.txt benchmarks/requirements.txt | cksum | tr ' ' -)

# Flask-Babel loads compiled catalogues, which are not committed. Babel takes a catalogue without a header for fuzzy, and
# skips it without --use-fuzzy.
catalogues := $(patsubst %.po,%.mo,$(wildcard app/translations/*/LC_MESSAGES/*.po))

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s  %s\n", $$1, $$2}' Makefile

setup: $(runtime) $(catalogues) ## prepare .venv to run the site

run: $(runtime) $(catalogues) ## serve the site on http://127.0.0.1:8000
	@exec $(venv)/bin/gunicorn -c gunicorn.conf.py wsgi:app

demo: $(runtime) $(catalogues) ## serve the site with well-known movies and reviews in it
	@DEMO=1 exec $(venv)/bin/gunicorn -c gunicorn.conf.py wsgi:app

test: $(tools) $(catalogues) ## run all tests but the slow ones
	@$(venv)/bin/python -m pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

test-slow: $(tools) $(catalogues) ## run the slow tests
	@$(venv)/bin/python -m pytest -m slow $(ARGS)

check: $(tools) ## lint, formatting and types
	$(venv)/bin/ruff check .
	$(venv)/bin/ruff format --check .
	$(venv)/bin/mypy

fmt: $(tools) ## format the code and fix what the linter can
	$(venv)/bin/ruff check --fix --exit-zero .
	$(venv)/bin/ruff format .

$(catalogues): %.mo: %.po | $(runtime)
	$(venv)/bin/pybabel -q compile --use-fuzzy -i $< -o $@

phrases: $(tools) ## collect the pages' texts for translation
	$(venv)/bin/pybabel -q extract -F babel.cfg -k lazy_gettext --no-location --sort-output --omit-header -o $(venv)/messages.pot app templates
	$(venv)/bin/pybabel -q update -i $(venv)/messages.pot -d app/translations -l en --no-fuzzy-matching --ignore-obsolete --omit-header --no-wrap

bench: $(runtime) $(catalogues) ## measure the running site: speed, memory, time to start
	@$(venv)/bin/python -m benchmarks.load $(ARGS)

bench-compare: $(compared) ## measure the site against the design it replaces
	@$(rivals)/bin/python -m benchmarks.load --compare $(ARGS)

audit: ## check the pinned versions for known vulnerabilities (needs the network)
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --disable-pip-version-check 'pip-audit>=2.9,<3'
	.venv-audit/bin/pip-audit --requirement requirements-dev.txt --no-deps --disable-pip

$(compared): $(runtime)
	$(venv)/bin/python -m venv $(rivals)
	$(venv)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  >"$$($(rivals)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/site-of-gampyeong.pth"
	$(rivals)/bin/python -m pip install --disable-pip-version-check --no-deps -r benchmarks/requirements.txt
	@touch $@

screenshots: $(tools) ## update the pictures in docs/ from the demo
	@$(venv)/bin/python -m benchmarks.screenshots

$(venv)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is not one. Name it: make PYTHON=python3.11 setup" >&2; exit 1; }
	$(PYTHON) -m venv $(venv)

$(runtime): | $(venv)/bin/pip
	$(pip_install) -r requirements.txt
	@touch $@

$(tools): | $(venv)/bin/pip
	$(pip_install) -r requirements-dev.txt
	@touch $(runtime) $@
