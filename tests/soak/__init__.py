"""Exactly once: the real exporter under faults, judged by the samples in a real Prometheus."""
