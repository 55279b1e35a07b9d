"""Knowledge of products, one package each, and the only list of them."""

from collections.abc import Mapping

from exporter.sources.azure import source as azure
from exporter.sources.base import Product
from exporter.sources.enterprise_manager import source as enterprise_manager
from exporter.sources.vb365 import source as vb365

SOURCES: Mapping[str, Product] = {
    "azure": azure.PRODUCT,
    "enterprise_manager": enterprise_manager.PRODUCT,
    "vb365": vb365.PRODUCT,
}
