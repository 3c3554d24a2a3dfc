"""Command line: ``python3 -m testat serve DIR``."""

import argparse
import sys

from testat.service import serve


def main() -> int:
    """Parses the command line and serves; the exit code is 0 once the grader closes the pipe."""
    parser = argparse.ArgumentParser(prog="testat", description="Serves a solution.py to the grader.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("serve", help="answer requests on standard input and output")
    command.add_argument("folder", help="the folder that holds solution.py")
    return serve(parser.parse_args().folder)


if __name__ == "__main__":
    sys.exit(main())
