"""Which sums an appliance's sessions have depends on what the configuration asks for."""

from exporter.sources import SOURCES
from tests.support.sources import server_config


def test_transferred_bytes_are_seeded_only_where_they_are_asked_for() -> None:
    """So that the first bytes of a job are counted on top of a 0."""
    azure = SOURCES["azure"]
    plain = server_config(product="azure", options={"session_rates": False})
    asked = server_config(product="azure", options={"session_rates": True})
    assert azure.reports_of(plain, "PolicyBackup").totals == frozenset()
    assert azure.reports_of(asked, "PolicyBackup").totals == {"transferred_bytes"}
    assert SOURCES["vb365"].reports_of(plain, "Backup").totals
