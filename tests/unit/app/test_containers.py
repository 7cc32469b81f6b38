"""What is shipped for containers says only what the code knows."""

import json
import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml

from antiphon.app import serve
from antiphon.app.http import Application
from antiphon.app.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OURS = {name: s for name, s in COMPOSE["services"].items() if s["image"].startswith("antiphon:")}
SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor/compose-spec.json"


def faults(compose: dict[str, Any]) -> list[str]:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    return [fault.message for fault in validator.iter_errors(compose)]


def test_the_compose_file_keeps_the_specification() -> None:
    assert faults(COMPOSE) == []


def test_the_specification_refuses_what_is_misspelt() -> None:
    wrong = deepcopy(COMPOSE)
    wrong["services"]["music"]["enviroment"] = {}
    assert faults(wrong)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_that_loads(name: str) -> None:
    environment = OURS[name]["environment"]
    known = {f"ANTIPHON_{field.upper()}" for field in Settings.__struct_fields__}
    assert set(environment) <= known
    loaded = load_settings(env=environment)
    for variable, value in environment.items():
        if variable not in {"ANTIPHON_ROLES", "ANTIPHON_MUSIC"}:
            assert getattr(loaded, variable.removeprefix("ANTIPHON_").lower()) == value


def test_the_services_run_every_role_once_and_share_all_engines() -> None:
    cluster = {name: load_settings(env=s["environment"]) for name, s in OURS.items()}
    embedded = cluster.pop("embedded")
    assert sorted(role for s in cluster.values() for role in s.roles) == sorted(Settings().roles)
    assert embedded.roles == Settings().roles
    engines = ("tables", "objects", "cache", "events")
    urls = {tuple(getattr(s, engine) for engine in engines) for s in cluster.values()}
    [[*urls]] = urls
    hosts = [re.search(r"(?:endpoint=http|^\w+)://([\w-]+):\d+", url) for url in urls]
    assert {host and host[1] for host in hosts} <= set(COMPOSE["services"])
    assert [getattr(embedded, engine) for engine in engines] == [""] * 4


def test_every_service_is_checked_and_what_answers_is_asked_where_it_answers(
    tmp_path: Path,
) -> None:
    assert [name for name, s in COMPOSE["services"].items() if "healthcheck" not in s] == []
    application = Application(Settings(data=str(tmp_path)))
    for name in ("music", "embedded"):
        url = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", OURS[name]["healthcheck"]["test"][-1])
        assert url is not None
        assert int(url[1]) == Settings().port
        assert application._route({"path": url[2]})[0] == "health"


def test_roles_are_given_time_to_end() -> None:
    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > serve._GRACE_SECONDS


def test_no_secret_stands_in_the_compose_file() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in COMPOSE["services"].values():
        named = [n for n in service.get("environment", {}) if re.search("SECRET|PASSWORD|TOKEN", n)]
        assert named == []


def test_the_image_is_built_from_files_that_exist_by_hashes_and_runs_without_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    words = [line.split() for line in lines if line.strip()]
    sources = [w[1:-1] for w in words if w[0] == "COPY" and not w[1].startswith("--from")]
    assert sources
    assert [s for each in sources for s in each if not (ROOT / s).exists()] == []
    installs = [line for line in lines for line in line.split("&&") if "pip install" in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    last = max(n for n, w in enumerate(words) if w[0] == "FROM")
    assert ["USER", "10001:10001"] in words[last:]
    variables = re.findall(r"\bANTIPHON_([A-Z_]+)=", "\n".join(lines))
    assert {name.lower() for name in variables} <= set(Settings.__struct_fields__)


def test_images_are_named_without_a_registry() -> None:
    images = [s["image"] for s in COMPOSE["services"].values()]
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    images += re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert [image for image in images if "." in image.partition(":")[0]] == []
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []


def doctor(secrets: Path, data: Path) -> dict[str, dict[str, Any]]:
    """Run the real command as the image runs it; return its findings by subject."""
    done = subprocess.run(
        ["sh", DEPLOY / "entrypoint.sh", "doctor", "--json"],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SECRETS_FOLDER": str(secrets),
            "ANTIPHON_DATA": str(data),
        },
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout, done.stderr
    return {finding["subject"]: finding for finding in json.loads(done.stdout)}


def test_secrets_come_from_files_and_are_never_replaced(tmp_path: Path) -> None:
    secrets, data = tmp_path / "secrets", tmp_path / "data"
    secrets.mkdir()
    (secrets / "ANTIPHON_WORKSPACE").write_text(f"file:{tmp_path}/a 'b' $c\n")
    (secrets / "installation-secret").write_bytes(bytes(range(32)))
    found = doctor(secrets, data)
    assert found["data"]["ok"], found["data"]
    assert found["workspace"]["detail"].startswith(f"file:{tmp_path}/a 'b' $c (")
    assert (data / "secret").read_bytes() == bytes(range(32))
    (secrets / "installation-secret").write_bytes(bytes(32))
    assert doctor(secrets, data)["data"]["ok"]
    assert (data / "secret").read_bytes() == bytes(range(32))
    assert [f.name for f in data.glob("secret*")] == ["secret"]


def test_the_schema_of_the_charts_values_knows_every_setting_and_no_other() -> None:
    schema = json.loads((DEPLOY / "helm" / "antiphon" / "values.schema.json").read_text("utf-8"))
    fixed = {"data", "host", "port", "roles", "music", "audio_workers", "openid", "demo"}
    named = set(schema["properties"]["settings"]["properties"])
    assert named == set(Settings.__struct_fields__) - fixed
