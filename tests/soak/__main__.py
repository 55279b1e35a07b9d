"""`python -m tests.soak`: run for a long time, tell what happened, exit 1 if anything is wrong."""

import argparse
import asyncio
import random
import sys

from tests.soak.products import PRODUCTS
from tests.soak.soak import Run, soak
from tests.support.tools import find_tool


def main() -> int:
    """Run as the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="of faults (default: 300)")
    parser.add_argument("--seed", default="", help="same seed, same faults (default: random)")
    parser.add_argument(
        "--product", choices=("all", *PRODUCTS), default="all", help="whose servers (default: all)"
    )
    options = parser.parse_args()
    if find_tool("prometheus") is None:
        sys.exit("Prometheus is needed; Debian's package prometheus brings it.")
    seed = options.seed or str(random.SystemRandom().randrange(10**6))
    chosen = [one for name, one in PRODUCTS.items() if options.product in ("all", name)]
    report = asyncio.run(soak(Run(chosen, seed, options.seconds)))
    print("\n".join(report.lines()))
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
