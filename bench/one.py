"""Runs one measurement in a process of its own, so that none finds the heap of another."""

import importlib
import json
import sys


def main() -> None:
    """Print the lines of the measurement whose module is named, as JSON."""
    module = importlib.import_module(f"bench.{sys.argv[1]}")
    print(json.dumps(module.measure()))


if __name__ == "__main__":
    main()
