"""Hand-timed benchmarks: ratios and bounds that hold on machines of different speed.

`python -m bench` runs them all, `python -m bench NAME…` some of them.
"""
