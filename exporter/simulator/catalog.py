"""The simulated products by name."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.simulator import azure_profile, enterprise_manager_profile, vb365_profile
from exporter.simulator.azure import Azure
from exporter.simulator.enterprise_manager import EnterpriseManager
from exporter.simulator.exchange import SimulatedProduct
from exporter.simulator.profile import Profile
from exporter.simulator.vb365 import Vb365
from exporter.simulator.world import World


@dataclass(frozen=True, slots=True)
class Simulator:
    """What it takes to simulate a product: its world's profile, and its API over a world.

    Both get the newest API version to serve (None: the newest known; ValueError if unknown).
    `create` also gets the world and the password of the one account.
    """

    profile: Callable[[str | None], Profile]
    create: Callable[[World, str | None, str], SimulatedProduct]


SIMULATORS = {
    "vb365": Simulator(lambda _version: vb365_profile.PROFILE, Vb365),
    "azure": Simulator(azure_profile.profile_of, Azure),
    "enterprise_manager": Simulator(
        lambda _version: enterprise_manager_profile.PROFILE, EnterpriseManager
    ),
}
