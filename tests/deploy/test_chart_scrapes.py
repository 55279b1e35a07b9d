"""What the chart's ways of scraping make of the labels, and what people are told about them."""

import re
from typing import Any

import pytest

from exporter.metrics import FAMILIES
from scripts import chart
from tests.deploy.test_chart import Manifest, exporter, need, of_kind, rendered, the, values

OPERATORS_LABELS = frozenset(
    {"job", "instance", "namespace", "service", "pod", "container", "endpoint"}
)
"""What the Prometheus Operator gives each target of a ServiceMonitor; its own word wins."""

OWN_LABELS = frozenset(label for family in FAMILIES for label in family.labels)
SCRAPED = {
    "config": values(chart.CHART / "ci" / "probe-values.yaml")["config"],
    "serviceMonitor": {"enabled": True},
}


def relabelings(manifests: list[Manifest]) -> list[dict[str, Any]]:
    """What the ServiceMonitor changes of its targets' labels."""
    (endpoint,) = the(manifests, "ServiceMonitor")["spec"]["endpoints"]
    found: list[dict[str, Any]] = endpoint["relabelings"]
    return found


@pytest.mark.parametrize("by_server", [False, True])
def test_no_label_of_a_target_pushes_aside_one_of_ours(by_server: bool) -> None:
    """`backup_server_endpoint_up` keeps its `endpoint`: the operator's of that name is dropped."""
    manifests = rendered({**SCRAPED, "scrapeConfig": {"enabled": by_server}})
    dropped = [one["regex"] for one in relabelings(manifests) if one["action"] == "labeldrop"]
    left = {name for name in OPERATORS_LABELS if not any(re.fullmatch(d, name) for d in dropped)}
    assert OPERATORS_LABELS - left == {"endpoint"}
    assert left & OWN_LABELS == set()


def test_alerts_stay_the_same_when_a_pod_is_started_anew() -> None:
    """`instance` is the pod's name, which stays, not its address, which does not."""
    named = [one for one in relabelings(rendered(SCRAPED)) if one.get("targetLabel") == "instance"]
    assert named == [
        {
            "sourceLabels": ["__meta_kubernetes_pod_name"],
            "targetLabel": "instance",
            "action": "replace",
        }
    ]


def test_the_test_of_a_release_passes_its_own_policy() -> None:
    """`helm test` may ask, from whatever namespace the release is in."""
    manifests = rendered({**SCRAPED, "networkPolicy": {"enabled": True}})
    policies = list(of_kind(manifests, "NetworkPolicy"))
    hooks = [one for one in policies if "annotations" in one["metadata"]]
    assert (len(policies), len(hooks)) == (2, 1)
    (rule,) = hooks[0]["spec"]["ingress"]
    (peer,) = rule["from"]
    (tester,) = of_kind(manifests, "Pod")
    assert peer["podSelector"]["matchLabels"].items() <= tester["metadata"]["labels"].items()
    pod = the(manifests, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert hooks[0]["spec"]["podSelector"]["matchLabels"].items() <= pod.items()
    assert rule["ports"][0]["port"] in {port["name"] for port in exporter(manifests)["ports"]}


def notes(given: dict[str, Any]) -> str:
    """What Helm tells after an installation."""
    need("helm_python")
    return chart.render(given, "backup")["NOTES.txt"]


@pytest.mark.parametrize(
    ("count", "shards", "sentence"),
    [
        (0, 1, "polls 0 servers in 1 process."),
        (1, 1, "polls 1 server in 1 process."),
        (2, 3, "polls 2 servers in 3 processes."),
    ],
)
def test_the_notes_count_as_people_do(count: int, shards: int, sentence: str) -> None:
    """One server, two servers."""
    (server,) = SCRAPED["config"]["servers"]
    given = {"config": {"servers": [server] * count}, "shards": shards}
    assert sentence in notes(given)


def test_the_notes_say_what_a_guarded_exporter_needs_of_prometheus() -> None:
    """With a certificate and no word of whom to trust, no scrape would succeed."""
    web = {"web": {"existingSecret": "exporter-web", "tls": True}}
    assert "serviceMonitor.tlsConfig" in notes({**SCRAPED, **web})
    monitor = {"enabled": True, "tlsConfig": {"serverName": "x"}}
    assert "serviceMonitor.tlsConfig" not in notes({**SCRAPED, **web, "serviceMonitor": monitor})
    assert "serviceMonitor.tlsConfig" not in notes(SCRAPED)
