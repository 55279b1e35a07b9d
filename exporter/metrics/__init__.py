"""Every metric of this exporter, as one table.

Adding a metric means adding one row to one of the tables here; the exposition, the
reference page, the golden files and the lint of names follow from `FAMILIES`.
"""

from exporter.metrics.exporter import EXPORTER_FAMILIES
from exporter.metrics.family import AnyFamily
from exporter.metrics.job import JOB_FAMILIES
from exporter.metrics.listed_job import LISTED_JOB_FAMILIES
from exporter.metrics.server import SERVER_FAMILIES

VIEW_FAMILIES: tuple[AnyFamily, ...] = LISTED_JOB_FAMILIES + JOB_FAMILIES + SERVER_FAMILIES
"""What is said of each server, in the order of the page."""

FAMILIES: tuple[AnyFamily, ...] = VIEW_FAMILIES + EXPORTER_FAMILIES
"""Every family, in the order of the page."""
