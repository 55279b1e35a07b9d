"""Writes the reference page of the metrics: `python -m exporter.metrics > docs/metrics.md`."""

import sys

from exporter.metrics.reference import metrics_reference

sys.stdout.write(metrics_reference())
