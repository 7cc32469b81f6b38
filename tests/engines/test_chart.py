"""The Helm chart, rendered by Helm and held against Kubernetes' own schemas."""

import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from antiphon.app import serve
from antiphon.app.http import Application
from antiphon.app.settings import Settings, load_settings
from antiphon.testing.engines import CannotInstall
from antiphon.testing.engines.helm import run_helm

CACHE = Path(__file__).parents[2] / ".cache" / "engines"
CHART = Path(__file__).parents[2] / "deploy" / "helm" / "antiphon"
FULL = {
    "secrets": {"values": {"ANTIPHON_CACHE": "redis://:word@redis:6379/0"}},
    "music": [{"claim": "a", "path": "/music/a"}, {"claim": "b", "path": "/music/b"}],
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "roles": {"music": {"autoscaling": {"enabled": False}}},
    "shared": {"existingClaim": "mine"},
    "nodeSelector": {"kind": "music"},
    "tolerations": [{"key": "music", "operator": "Exists"}],
    "imagePullSecrets": [{"name": "pull"}],
    "settings": {
        "keep_events_days": 30,
        "clear_key": False,
        "protect": "everything",
        "objects_cold": "s3://cold",
        "cold_rungs": "aac-128,flac",
        "hot_days": 14,
    },
}
VALUES = {"defaults": {}, "full": FULL, "secrets": {"secrets": {"existing": "theirs"}}}


def helm(tmp_path: Path, *command: str, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    try:
        return run_helm(CACHE, *command, str(CHART), "--values", str(file))
    except CannotInstall as lack:
        pytest.skip(str(lack))


def rendered(tmp_path: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    done = helm(tmp_path, "template", "here", "--kube-version", "1.37", values=values)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(documents: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_no_fault(tmp_path: Path, name: str) -> None:
    done = helm(tmp_path, "lint", "--strict", values=VALUES[name])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["1.29.0", "1.37.0"])
@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_every_document(tmp_path: Path, name: str, version: str) -> None:
    documents = rendered(tmp_path, VALUES[name])
    assert len(of_kind(documents, "Deployment")) == 3
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


def test_kubernetes_schemas_refuse_what_is_misspelt(tmp_path: Path) -> None:
    [deployment, *_] = of_kind(rendered(tmp_path, {}), "Deployment").values()
    deployment["spec"]["template"]["spec"]["terminationGracePeriodSecond"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, "1.37.0", strict=True)


@pytest.mark.parametrize("name", VALUES)
def test_every_variable_is_a_setting_that_loads(tmp_path: Path, name: str) -> None:
    documents = rendered(tmp_path, VALUES[name])
    [config] = of_kind(documents, "ConfigMap").values()
    known = {f"ANTIPHON_{field.upper()}" for field in Settings.__struct_fields__}
    roles = []
    for deployment in of_kind(documents, "Deployment").values():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        environment = config["data"] | {v["name"]: v["value"] for v in container["env"]}
        assert set(environment) <= known
        loaded = load_settings(env=environment)
        assert loaded.tables.startswith("cassandra://")
        roles += loaded.roles
    assert sorted(roles) == sorted(Settings().roles)
    if name == "full":
        assert loaded.music == ("/music/a", "/music/b")
        assert (loaded.keep_events_days, loaded.clear_key) == (30, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"settings": {"tabels": "cassandra://c:9042/a"}},
        {"settings": {"tables": "lmdb:/data/tables"}},
        {"roles": {"events": {"replicas": 2}}},
        {"roles": {"voice": {}}},
        {"secrets": {"values": {"not-a-variable": "x"}}},
        {"image": {"repositry": "x"}},
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    done = helm(tmp_path, "template", "here", "--kube-version", "1.37", values=wrong)
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_probes_ask_where_the_server_answers(tmp_path: Path) -> None:
    application = Application(Settings(data=str(tmp_path)))
    music = of_kind(rendered(tmp_path, {}), "Deployment")["here-antiphon-music"]
    [container] = music["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert application._route({"path": container[probe]["httpGet"]["path"]})[0] == "health"
    assert container["ports"][0]["containerPort"] == Settings().port


def test_a_pod_is_drained_before_it_is_killed_and_replaced_before_it_is_drained(
    tmp_path: Path,
) -> None:
    for drain in (1, 60):
        documents = rendered(tmp_path, {"drainSeconds": drain})
        for deployment in of_kind(documents, "Deployment").values():
            assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
            grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert grace > drain + serve._GRACE_SECONDS


def test_no_pod_has_more_rights_than_it_needs(tmp_path: Path) -> None:
    for deployment in of_kind(rendered(tmp_path, FULL), "Deployment").values():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        [container] = pod["containers"]
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"] == {"drop": ["ALL"]}


def test_everything_selects_pods_that_exist(tmp_path: Path) -> None:
    documents = rendered(tmp_path, FULL)
    pods = [
        d["spec"]["template"]["metadata"]["labels"].items()
        for d in of_kind(documents, "Deployment").values()
    ]
    selectors = [d["spec"]["selector"] for d in of_kind(documents, "Service").values()]
    for kind in ("PodDisruptionBudget", "Deployment"):
        selectors += [
            d["spec"]["selector"]["matchLabels"] for d in of_kind(documents, kind).values()
        ]
    policies = of_kind(documents, "NetworkPolicy").values()
    selectors += [d["spec"]["podSelector"]["matchLabels"] for d in policies]
    assert len(selectors) == 9
    for selector in selectors:
        assert any(selector.items() <= labels for labels in pods)
    scaled = [
        d["spec"]["scaleTargetRef"] for d in of_kind(documents, "HorizontalPodAutoscaler").values()
    ]
    assert {target["name"] for target in scaled} <= set(of_kind(documents, "Deployment"))
