"""Knowledge of products, one file each, and the only list of them."""

from collections.abc import Mapping

from exporter.sources.azure import source as azure
from exporter.sources.base import Product
from exporter.sources.vb365 import source as vb365

SOURCES: Mapping[str, Product] = {
    "vb365": vb365.PRODUCT,
    "azure": azure.PRODUCT,
}
