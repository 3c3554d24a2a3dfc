"""Command line: ``python3 -m testat try DIR`` at home, ``python3 -m testat serve DIR`` in a grading."""

import argparse
import sys


def main() -> int:
    """Parses the command line and does what it says."""
    parser = argparse.ArgumentParser(prog="testat", description="Tries a solution.py, or serves it to the grader.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("try", help="run the functions on the kit's samples and compare")
    command.add_argument("folder", nargs="?", default=".", help="the folder that holds solution.py (here)")
    command = commands.add_parser("serve", help="answer requests on standard input and output")
    command.add_argument("folder", help="the folder that holds solution.py")
    arguments = parser.parse_args()
    try:
        import numpy  # noqa: F401
    except ImportError:
        print("numpy is missing: install it with `python3 -m pip install numpy`", file=sys.stderr)
        return 1
    if arguments.command == "try":
        from testat import try_

        return try_.main(arguments.folder)
    from testat import service

    return service.serve(arguments.folder)


if __name__ == "__main__":
    sys.exit(main())
