"""Knowledge of products, one file each, and the only list of them."""

from collections.abc import Mapping

from exporter.sources import vb365
from exporter.sources.base import Product

SOURCES: Mapping[str, Product] = {
    "vb365": vb365.PRODUCT,
}
