"""The files that make Grafana load data source and dashboards on its own."""

from pathlib import PurePosixPath
from typing import Any

import yaml

from tests.dashboards.checks import WINDOW, data_source
from tests.support.dashboards import FOLDER, ROOT, UIDS, load, panels

PROVISIONING = ROOT / "grafana" / "provisioning"


def read(name: str) -> Any:
    """A YAML file below `grafana/`."""
    return yaml.safe_load((ROOT / "grafana" / name).read_text(encoding="utf-8"))


def test_the_data_source_is_a_prometheus_without_secrets() -> None:
    """The data source has a fixed uid and shows the alerts of Prometheus."""
    (source,) = read("provisioning/datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["uid"], source["isDefault"]) == (
        "prometheus",
        "prometheus",
        True,
    )
    assert source["jsonData"]["manageAlerts"] is True
    assert not {"secureJsonData", "password", "basicAuth"} & set(source)


def test_dashboards_cannot_be_deleted_or_edited_where_they_are_provisioned() -> None:
    """The files are the truth: what is changed in the browser would be lost."""
    (provider,) = read("provisioning/dashboards/backup.yml")["providers"]
    assert provider["disableDeletion"] is True
    assert provider["allowUiUpdates"] is False
    assert PurePosixPath(provider["options"]["path"]).is_absolute()


def test_the_default_data_source_fits_the_variable() -> None:
    """No dashboard needs the provisioned data source's name."""
    for uid in UIDS:
        assert data_source(load(uid)) == []


def test_what_the_linter_passes_over_exists() -> None:
    """Each exclusion has a reason; panels are named whose window does not follow the zoom."""
    text = (FOLDER / ".lint").read_text(encoding="utf-8")
    exclusions = yaml.safe_load(text)["exclusions"]
    assert all(each["reason"] for each in exclusions.values())
    entries = exclusions["target-rate-interval-rule"]["entries"]
    fixed = [
        {"dashboard": dashboard["title"], "panel": panel["title"]}
        for dashboard in map(load, UIDS)
        for panel in panels(dashboard)
        for target in panel["targets"]
        for function, window in WINDOW.findall(target["expr"])
        if function in ("rate", "increase") and window != "$__rate_interval"
    ]
    assert entries == fixed
