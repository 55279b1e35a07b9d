"""The Helm chart, rendered by Helm itself, and its manifests against Kubernetes' own schemas.

What no schema here can judge is how a cluster behaves with them.
"""

import argparse
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli import serve
from exporter.config.load import load_config
from exporter.metrics import EXPORTER_FAMILIES
from exporter.metrics.process import PROCESS_FAMILIES
from scripts import chart
from tests.support.dockerfile import DOCKERFILE, parse
from tests.support.tools import tools_are_required

CASES = sorted((chart.CHART / "ci").glob("*-values.yaml"))
KUBERNETES = ("1.27", "1.31", "1.37")
"""The oldest with every field that is used, one in between, the newest schema there is."""

Manifest = dict[str, Any]


def need(module: str) -> Any:
    """A module of the development lock that is not there for every system."""
    try:
        return importlib.import_module(module)
    except ImportError:
        message = f"{module} is not installed; the development lock has it for Linux on x86-64"
        pytest.fail(message) if tools_are_required() else pytest.skip(message)


def values(case: Path) -> dict[str, Any]:
    """A set of values."""
    read: dict[str, Any] = yaml.safe_load(case.read_text(encoding="utf-8"))
    return read


def rendered(values: dict[str, Any]) -> list[Manifest]:
    """Every object that Helm would create."""
    need("helm_python")
    texts = chart.render(values, "backup")
    yamls = (text for name, text in texts.items() if name.endswith(".yaml"))
    return [one for text in yamls for one in yaml.safe_load_all(text) if one]


def of_kind(manifests: list[Manifest], kind: str) -> Iterator[Manifest]:
    """The objects of a kind."""
    return (one for one in manifests if one["kind"] == kind)


def belongs_to_tests(manifest: Manifest) -> bool:
    """Whether Helm creates it for `helm test` only."""
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})


def the(manifests: list[Manifest], kind: str) -> Manifest:
    """The only object of a kind, those left out that belong to `helm test`."""
    own = [one for one in of_kind(manifests, kind) if kind == "Pod" or not belongs_to_tests(one)]
    (found,) = own
    return found


def exporter(manifests: list[Manifest]) -> Manifest:
    """The container of the exporter."""
    (container,) = the(manifests, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """The objects of each case in turn."""
    return rendered(values(request.param))


@pytest.fixture(scope="module")
def full() -> list[Manifest]:
    """The objects with everything switched on."""
    return rendered(values(chart.CHART / "ci" / "full-values.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_helm_lints_the_chart_strictly(case: Path) -> None:
    """No message of any severity, the schema of the values included."""
    report = need("helm_python.chart").lint(chart.CHART, values(case), strict=True)
    assert (report["messages"], report["errors"]) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"shardz": 2}, "shardz"),
        ({"shards": 0}, "shards"),
        ({"persistence": {"sise": "1Gi"}}, "sise"),
        ({"web": {"probeMethod": "guess"}}, "probeMethod"),
        ({"config": {"servers": [{"name": "one"}]}}, "product"),
        (
            {
                "config": {
                    "servers": [
                        {
                            "name": "o",
                            "product": "vb365",
                            "url": "https://x",
                            "username": "u",
                            "password": "in the clear",
                        }
                    ]
                }
            },
            "password",
        ),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, Any], named: str) -> None:
    """Misspelt names, impossible numbers, and a password where everybody can read it."""
    helm = need("helm_python")
    with helm.Chart.load(chart.CHART) as loaded, pytest.raises(helm.HelmError, match=named):
        loaded.render(wrong)


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_would_take_every_object(manifests: list[Manifest], version: str) -> None:
    """No unknown field and no wrong type, by the API's own schemas."""
    validate = need("kubernetes_validate").validate
    own = [one for one in manifests if not one["apiVersion"].startswith("monitoring.coreos.com")]
    assert len(own) >= 4
    for manifest in own:
        validate(manifest, version, strict=True)


def test_a_wrong_field_would_be_noticed(full: list[Manifest]) -> None:
    """The check can fail."""
    kubernetes = need("kubernetes_validate")
    wrong = json.loads(json.dumps(the(full, "NetworkPolicy")))
    wrong["spec"]["ingres"] = wrong["spec"].pop("ingress")
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(wrong, KUBERNETES[-1], strict=True)


def unknown_fields(read: Any) -> list[str]:
    """Fields that the types keep without knowing them, at any depth."""
    if isinstance(read, list | tuple):
        return [name for one in read for name in unknown_fields(one)]
    if not hasattr(read, "model_fields_set"):
        return []
    inner = [getattr(read, name) for name in type(read).model_fields]
    return [*(read.model_extra or ()), *unknown_fields(inner)]


def test_an_unknown_field_of_the_operator_would_be_noticed(full: list[Manifest]) -> None:
    """The next check can fail, at any depth."""
    types = need("cloudcoil.models.prometheus_operator.v1")
    wrong = json.loads(json.dumps(the(full, "ServiceMonitor")))
    wrong["spec"]["endpoints"][0]["tlsConfig"]["ca"]["secret"]["kee"] = "x"
    read = types.ServiceMonitor.model_validate(wrong)
    given_back = json.loads(read.model_dump_json(by_alias=True, exclude_none=True))
    assert given_back["spec"] != wrong["spec"] or unknown_fields(read) == ["kee"]


@pytest.mark.parametrize(
    ("kind", "module"),
    [("ServiceMonitor", "v1"), ("PrometheusRule", "v1"), ("ScrapeConfig", "v1alpha1")],
)
def test_the_prometheus_operator_would_take_its_objects(kind: str, module: str) -> None:
    """The types of its resources read each object, and give all of it back: no field is unknown."""
    types = need(f"cloudcoil.models.prometheus_operator.{module}")
    case = {**values(chart.CHART / "ci" / "full-values.yaml"), "scrapeConfig": {"enabled": True}}
    manifest = the(rendered(case), kind)
    read = getattr(types, kind).model_validate(manifest)
    given_back = json.loads(read.model_dump_json(by_alias=True, exclude_none=True))
    assert given_back["spec"] == manifest["spec"]
    assert unknown_fields(read) == []


def test_pods_meet_the_restricted_security_standard(manifests: list[Manifest]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    pods = [
        the(manifests, "StatefulSet")["spec"]["template"]["spec"],
        the(manifests, "Pod")["spec"],
    ]
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_user_and_paths_are_those_of_the_image(full: list[Manifest]) -> None:
    """The ledger is mounted where the image expects it, for the user that the image has."""
    image = {one.keyword: one.arguments for one in parse(DOCKERFILE.read_text(encoding="utf-8"))}
    (volume,) = json.loads(image["VOLUME"])
    pod = the(full, "StatefulSet")["spec"]["template"]["spec"]
    user = int(image["USER"].partition(":")[0])
    context = pod["securityContext"]
    assert {context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {user}
    mounts = {mount["name"]: mount["mountPath"] for mount in exporter(full)["volumeMounts"]}
    assert mounts["ledger"] == volume
    assert set(json.loads(image["CMD"])) <= set(exporter(full)["args"])


def test_every_flag_is_known_to_the_exporter(manifests: list[Manifest]) -> None:
    """What the chart passes, `serve` accepts."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    serve.add_flags(parser)
    command, *flags = exporter(manifests)["args"]
    assert command == "serve"
    parser.parse_args(flags)


def test_names_fit_with_all_that_is_added_to_them(manifests: list[Manifest]) -> None:
    """A pod's and a service's name is a DNS label of at most 63 characters."""
    names = [one["metadata"]["name"] for one in manifests]
    names.append(the(manifests, "StatefulSet")["metadata"]["name"] + "-1000")
    assert [name for name in names if len(name) > 63] == []


def test_every_object_is_in_the_namespace(manifests: list[Manifest]) -> None:
    """Nothing falls into whatever namespace is current."""
    assert {one["metadata"]["namespace"] for one in manifests} == {chart.NAMESPACE}


def test_the_configuration_is_the_exporters(full: list[Manifest], tmp_path: Path) -> None:
    """What the ConfigMap holds loads, once its secrets are there."""
    config = next(
        one["data"]["config.yaml"]
        for one in of_kind(full, "ConfigMap")
        if "config.yaml" in one["data"]
    )
    (tmp_path / "m365").write_text("secret")
    place = "/run/secrets/backup-session-exporter"
    (tmp_path / "config.yaml").write_text(config.replace(place, str(tmp_path)))
    environ = {"AZURE_PASSWORD": "secret"}
    assert len(load_config(tmp_path / "config.yaml", serve.PRODUCTS, environ).servers) == 2


def test_a_changed_configuration_is_a_changed_pod() -> None:
    """The pod carries a fingerprint of what it was started with."""
    prints = set()
    for name in ("one", "two"):
        server = {"name": name, "product": "vb365", "url": "https://x", "username": "u"}
        pod = the(rendered({"config": {"servers": [server]}}), "StatefulSet")["spec"]["template"]
        prints.add(pod["metadata"]["annotations"]["checksum/config"])
    assert len(prints) == 2


@pytest.mark.parametrize(
    ("case", "probe"),
    [
        ("default", {"httpGet": {"path": "/-/ready", "port": "http"}}),
        ("client-certificates", {"tcpSocket": {"port": "http"}}),
        ("password", ["--url=http://127.0.0.1:19741/-/ready", "--accept-status=401"]),
        (
            "full",
            [
                "--url=https://127.0.0.1:19741/-/ready",
                "--username=probe",
                "--password-file=/run/secrets/backup-session-exporter-web/probe-password",
            ],
        ),
    ],
)
def test_probes_work_with_a_password_and_tls(case: str, probe: Any) -> None:
    """The kubelet asks where it can; where it cannot log on, the exporter's own command does."""
    container = exporter(rendered(values(chart.CHART / "ci" / f"{case}-values.yaml")))
    found = container["readinessProbe"]
    if isinstance(probe, list):
        command = ["backup-session-exporter", "healthcheck", *probe]
        assert found["exec"]["command"] == command
    else:
        assert probe.items() <= found.items()


def test_each_shard_has_a_volume_and_knows_their_number(full: list[Manifest]) -> None:
    """Replicas are shards; the headless service gives each a name."""
    spec = the(full, "StatefulSet")["spec"]
    assert spec["replicas"] == 3
    args = exporter(full)["args"]
    assert "--shard.total=3" in args
    host = f"{the(full, 'StatefulSet')['metadata']['name']}-{{ordinal}}.{spec['serviceName']}"
    assert f"--shard.address={host}.{chart.NAMESPACE}.svc:19741" in args
    assert [one["metadata"]["name"] for one in spec["volumeClaimTemplates"]] == ["ledger"]
    headless = [one for one in of_kind(full, "Service") if one["spec"].get("clusterIP") == "None"]
    assert [one["metadata"]["name"] for one in headless] == [spec["serviceName"]]


def test_selectors_find_the_pods_and_one_service(full: list[Manifest]) -> None:
    """Services, policies and budgets select the pods; the ServiceMonitor exactly one service."""
    pod = the(full, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    selectors = [one["spec"]["selector"] for one in of_kind(full, "Service")]
    selectors.append(the(full, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    selectors.append(the(full, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"])
    assert all(selector.items() <= pod.items() for selector in selectors)
    wanted = the(full, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
    assert sum(wanted <= one["metadata"]["labels"].items() for one in of_kind(full, "Service")) == 1


def test_the_rules_are_the_shipped_ones(full: list[Manifest]) -> None:
    """Every group of both files, unchanged by templates."""
    folder = chart.ROOT / "deploy" / "prometheus" / "rules"
    files = sorted(folder.glob("*.yml"))
    shipped = [
        group
        for file in files
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    ]
    assert len(files) == 2
    assert the(full, "PrometheusRule")["spec"]["groups"] == shipped


def test_the_dashboards_are_the_shipped_ones(full: list[Manifest]) -> None:
    """Each in a ConfigMap of its own that Grafana's sidecar finds."""
    maps = [
        one
        for one in of_kind(full, "ConfigMap")
        if one["metadata"]["labels"].get("grafana_dashboard") == "1"
    ]
    found = {name: json.loads(text) for one in maps for name, text in one["data"].items()}
    folder = chart.ROOT / "grafana" / "dashboards"
    shipped = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
    assert shipped
    assert found == shipped


def test_scraped_by_server_nothing_is_stored_twice() -> None:
    """Beside the scrapes of servers only the exporter's own families are asked for, all of them."""
    manifests = rendered(values(chart.CHART / "ci" / "probe-values.yaml"))
    (endpoint,) = the(manifests, "ServiceMonitor")["spec"]["endpoints"]
    own = {family.name for family in EXPORTER_FAMILIES}
    process = {family.name for family in PROCESS_FAMILIES}
    assert set(endpoint["params"]["name[]"]) == own | process
    spec = the(manifests, "ScrapeConfig")["spec"]
    (discovery,) = spec["httpSDConfigs"]
    service = next(
        one["metadata"]["name"]
        for one in of_kind(manifests, "Service")
        if "clusterIP" not in one["spec"]
    )
    assert discovery["url"] == f"http://{service}.{chart.NAMESPACE}.svc:19741/sd"
    assert (spec["metricsPath"], spec["honorLabels"]) == ("/probe", True)


def test_chart_and_exporter_have_one_version() -> None:
    """Image tag, chart and package belong together."""
    facts = yaml.safe_load((chart.CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (
        facts["version"] == facts["appVersion"] == importlib.import_module("exporter").__version__
    )


def test_copies_are_up_to_date() -> None:
    """`make chart` would change no file inside the chart."""
    folders = {chart.CHART / folder: "*" for folder in chart.COPIES}
    assert chart.stale(chart.copies(), folders) == []


def test_plain_manifests_are_a_fresh_rendering() -> None:
    """`make chart` would change no plain manifest."""
    need("helm_python")
    assert chart.stale(chart.plain(), {chart.PLAIN: "[!v]*.yaml"}) == []


def test_plain_manifests_do_not_claim_to_be_helms() -> None:
    """They are for those who do without it."""
    for file in chart.PLAIN.glob("[!v]*.yaml"):
        text = file.read_text(encoding="utf-8")
        assert "managed-by" not in text
        assert "helm.sh" not in text


def test_staleness_is_noticed(tmp_path: Path) -> None:
    """Missing, different and superfluous files are found."""
    for name, text in (("same", "x"), ("other", "old"), ("left", "over")):
        (tmp_path / name).write_text(text)
    wanted = {tmp_path / "same": "x", tmp_path / "other": "new", tmp_path / "absent": ""}
    found = chart.stale(wanted, {tmp_path: "*"})
    assert [path.name for path in found] == ["absent", "left", "other"]
