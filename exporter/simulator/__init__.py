"""Simulated backup servers, written from the vendors' documents.

They share no code with what reads them: a fake that shares code with what it checks proves
nothing.
"""

from exporter.simulator.catalog import SIMULATORS
from exporter.simulator.faults import Fault
from exporter.simulator.runs import Figures
from exporter.simulator.server import (
    SimulatedServer,
    SimulatorOptions,
    serve_forever,
    simulate,
)

__all__ = [
    "SIMULATORS",
    "Fault",
    "Figures",
    "SimulatedServer",
    "SimulatorOptions",
    "serve_forever",
    "simulate",
]
