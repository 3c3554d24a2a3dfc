# Two commands do everything on a fresh Debian 12 with Rust: `make run` and `make test`.
.PHONY: run test lint bench pentest fuzz kills

run:
	./scripts/run

test:
	./scripts/test

lint:
	./scripts/lint

bench:
	./scripts/bench

pentest:
	./scripts/pentest

# Five minutes for each door through which strangers' bytes come in.
fuzz:
	./scripts/fuzz

# The figures of docs/reliability.md.
kills:
	./scripts/kills
