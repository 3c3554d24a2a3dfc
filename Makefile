# Two commands do everything on a fresh Debian 12 with Rust: `make run` and `make test`.
.PHONY: run test lint bench attack

run:
	./scripts/run

test:
	./scripts/test

lint:
	./scripts/lint

bench:
	./scripts/bench

attack:
	./scripts/attack
