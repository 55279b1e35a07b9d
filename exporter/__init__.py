"""Prometheus exporter for the health of backup sessions."""

__version__ = "0.1.0"
