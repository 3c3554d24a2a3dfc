# Two commands do everything on a fresh Debian 12 with Rust: `make run` and `make test`.
.PHONY: run test lint bench attack pentest fuzz kills screenshots

run:
	./scripts/run

test:
	./scripts/test

lint:
	./scripts/lint

bench:
	./scripts/bench

# The table of docs/attacks.md.
attack:
	./scripts/attack

# schemathesis, wapiti and sqlmap against a server on loopback.
pentest:
	./scripts/pentest

# Five minutes for each door through which strangers' bytes come in.
fuzz:
	./scripts/fuzz

# The main pages of the demo semester as pictures, in target/screenshots.
screenshots:
	./scripts/screenshots

# The figures of docs/reliability.md.
kills:
	./scripts/kills
