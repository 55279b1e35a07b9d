"""From views and the table of families to the bytes that scrapers read."""

from exporter.exposition.format import Format, negotiate
from exporter.exposition.pages import Exposition
from exporter.exposition.request import Options

__all__ = ["Exposition", "Format", "Options", "negotiate"]
