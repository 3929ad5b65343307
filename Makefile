# `make NAME` is `python tools/make.py NAME`, which says what there is and works without make too.

export PYTHON
TARGETS := help setup book test pages pdf execute try remake bench mutants lock clean

.DEFAULT_GOAL := help
.PHONY: $(TARGETS)

$(TARGETS):
	@python=$$(tools/find-python) && "$$python" tools/make.py $@
