"""An upgrade never asks Kubernetes to change what it lets nobody change."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import chart
from tests.deploy.test_chart import need, rendered, the

CHANGEABLE = {
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "revisionHistoryLimit",
}
"""Of a StatefulSet; https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/."""


def fixed(values: dict[str, Any]) -> dict[str, Any]:
    """What of the StatefulSet stays as it was first made."""
    spec = the(rendered(values), "StatefulSet")["spec"]
    return {key: value for key, value in spec.items() if key not in CHANGEABLE}


@pytest.mark.parametrize(
    "changed",
    [
        {"shards": 4},
        {"commonLabels": {"team": "backup"}},
        {"image": {"tag": "9.9.9"}},
        {"web": {"existingSecret": "exporter-web", "tls": True}},
        {"existingSecret": "backup-passwords"},
        {"podLabels": {"tier": "monitoring"}},
        {"networkPolicy": {"enabled": True}, "serviceMonitor": {"enabled": True}},
        {"service": {"type": "LoadBalancer", "port": 443}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_values_change_nothing_that_is_fixed(changed: dict[str, Any]) -> None:
    """Shards, labels, images, guards and ways of scraping may come later."""
    assert fixed(changed) == fixed({})


def test_the_next_version_changes_nothing_that_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the selector nor the claims carry a version."""
    need("helm_python")
    before = fixed({})
    copy = tmp_path / chart.CHART.name
    shutil.copytree(chart.CHART, copy)
    facts = yaml.safe_load((copy / "Chart.yaml").read_text(encoding="utf-8"))
    facts |= {"version": "9.9.9", "appVersion": "9.9.9"}
    (copy / "Chart.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    monkeypatch.setattr(chart, "CHART", copy)
    image = the(rendered({}), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":9.9.9")
    assert fixed({}) == before


def test_another_volume_is_such_a_change() -> None:
    """The comparison can fail; values.yaml says what to do then."""
    assert fixed({"persistence": {"size": "9Gi"}}) != fixed({})
    said = (chart.CHART / "values.yaml").read_text(encoding="utf-8")
    assert "--cascade=orphan" in said
