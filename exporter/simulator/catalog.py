"""The simulated products by name."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.simulator.enterprise_manager import EnterpriseManager
from exporter.simulator.enterprise_manager_profile import PROFILE as ENTERPRISE_MANAGER_PROFILE
from exporter.simulator.exchange import SimulatedProduct
from exporter.simulator.profile import Profile
from exporter.simulator.vb365 import Vb365
from exporter.simulator.vb365_profile import PROFILE as VB365_PROFILE
from exporter.simulator.world import World


@dataclass(frozen=True, slots=True)
class Simulator:
    """What it takes to simulate a product: its world's profile, and its API over a world.

    `create` gets the world, the newest API version to serve (None: the newest known; ValueError if
    unknown) and the password of the one account.
    """

    profile: Profile
    create: Callable[[World, str | None, str], SimulatedProduct]


SIMULATORS = {
    "vb365": Simulator(VB365_PROFILE, Vb365),
    "enterprise_manager": Simulator(ENTERPRISE_MANAGER_PROFILE, EnterpriseManager),
}
