"""The production deployment: compose file, Dockerfile, .env.example and the scripts of config/docker."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, inspect, select

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yaml"
INIT = ROOT / "config" / "docker" / "init.py"
NEW_ENV = ROOT / "config" / "docker" / "new_env.sh"
SANDBOX_STORE = ROOT / "config" / "docker" / "sandbox_store.py"
SANDBOX_ENV = ROOT / "config" / "docker" / "sandbox.env"

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:?[-?+])([^}]*))?\}")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$")


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def airflow_services() -> dict[str, dict[str, Any]]:
    return {name: s for name, s in services().items() if name.startswith("airflow-")}


def outside_sandbox() -> dict[str, dict[str, Any]]:
    return {name: s for name, s in services().items() if s.get("profiles") != ["sandbox"]}


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node


def variables(node: Any) -> set[tuple[str, str, str]]:
    """Name, operator and default or message of each ${...} below a node."""
    return {found.groups(default="") for text in strings(node) for found in VARIABLE.finditer(text)}  # type: ignore[misc]


def passed_through() -> set[str]:
    """Variables that are handed on under their own name when .env has them."""
    return {n for s in services().values() for n, v in s.get("environment", {}).items() if v is None}


def assignments(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE))


def test_the_file_follows_the_compose_specification() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_names_exactly_the_variables_that_are_used() -> None:
    used = {name for name, _, _ in variables(yaml.safe_load(COMPOSE.read_text()))} | passed_through()
    assert used == set(assignments(ROOT / ".env.example"))


def test_defaults_of_the_example_are_those_of_the_compose_file() -> None:
    example = assignments(ROOT / ".env.example")
    defaults = {name: default for name, operator, default in variables(services()) if operator == ":-"}
    differing = {n: (example[n], d) for n, d in defaults.items() if example[n] and example[n] != d}
    assert not differing


def test_no_secret_has_a_default_outside_the_sandbox() -> None:
    for name, service in outside_sandbox().items():
        for variable, operator, text in variables(service):
            if SECRET_NAME.search(variable) or variable in {
                "AIRFLOW_CONN_COUNTERPOINT",
                "AIRFLOW_CONN_WEBDAV",
            }:
                assert operator == ":?", f"{name}: {variable} must be required"
                assert text, f"{name}: {variable} must say where it is explained"
        for key, value in service.get("environment", {}).items():
            if SECRET_NAME.search(key):
                assert VARIABLE.fullmatch(value or ""), f"{name}: {key} must come from .env"


def test_the_example_holds_no_working_secret() -> None:
    for name, value in assignments(ROOT / ".env.example").items():
        if SECRET_NAME.search(name):
            assert value == "", f"{name} has a value"
        elif name.startswith("AIRFLOW_CONN_"):
            fields = json.loads(value.strip("'"))
            assert fields.get("password", "CHANGE_ME") in {
                "CHANGE_ME",
                "${STORE_DB_PASSWORD}",
                "${WAREHOUSE_PASSWORD}",
            }


def test_every_airflow_service_shares_image_secrets_volumes_and_connections() -> None:
    own = {
        "airflow-apiserver": {"FORWARDED_ALLOW_IPS"},
        "airflow-worker": {"DUMB_INIT_SETSID"},
        "airflow-init": {"CONNECTION_CHECK_MAX_COUNT"},
    }
    scheduler = services()["airflow-scheduler"]
    common = scheduler["environment"]
    assert {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY", "PYTHONPATH"} <= set(common)
    for name, service in airflow_services().items():
        environment = service["environment"]
        assert {k: environment[k] for k in common} == common, name
        more = {k for k in set(environment) - set(common) if not k.startswith("AIRFLOW_ADMIN_")}
        assert more == own.get(name, set()), name
        for key in ("image", "build", "user", "volumes"):
            assert service[key] == scheduler[key], f"{name}: {key}"
        assert not service["user"].startswith(("0", "root")), f"{name} runs as root"


def test_only_the_init_service_learns_the_administrators_password() -> None:
    knowing = {n for n, s in services().items() if "AIRFLOW_ADMIN_PASSWORD" in s.get("environment", {})}
    assert knowing == {"airflow-init"}


def test_airflow_starts_only_after_init_has_succeeded() -> None:
    for name, service in airflow_services().items():
        if name != "airflow-init":
            wanted = {"condition": "service_completed_successfully"}
            assert service["depends_on"]["airflow-init"] == wanted, name


def test_long_running_services_are_restarted_checked_and_limited_in_their_logs() -> None:
    for name, service in services().items():
        assert service["logging"]["options"]["max-size"], f"{name} may fill the disk with its log"
        if name in {"airflow-init", "sandbox-seed"}:
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped", name
        check = service["healthcheck"]
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check), name


def test_workers_can_be_scaled() -> None:
    worker = services()["airflow-worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)
    assert worker["environment"]["AIRFLOW__CORE__EXECUTOR"].endswith(":-CeleryExecutor}")


def test_nothing_is_open_to_other_machines_by_default() -> None:
    published = {n: s["ports"] for n, s in services().items() if s.get("ports")}
    assert set(published) == {"airflow-apiserver", "inbound", "sandbox-vendors"}
    for ports in published.values():
        assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in ports)


def test_the_service_that_the_internet_reaches_knows_only_what_it_needs() -> None:
    inbound = services()["inbound"]
    assert set(inbound["environment"]) == {
        "AIRFLOW_CONN_STORE_DB",
        "AIRFLOW_CONN_TWILIO",
        "AIRFLOW_CONN_WEB_FORMS",
        "CONNECTION_CHECK_MAX_COUNT",
        "FORWARDED_ALLOW_IPS",
        "RETAIL_OPS_SETTINGS",
    }
    assert all(volume.endswith(":ro") for volume in inbound["volumes"])
    assert not inbound["user"].startswith(("0", "root"))
    # Its tables are made by the migrations.
    assert inbound["depends_on"]["airflow-init"] == {"condition": "service_completed_successfully"}
    module = re.match(r"python -m ([\w.]+)", inbound["command"])
    assert module
    assert importlib.util.find_spec(module[1])


def test_the_callback_in_the_example_is_one_that_the_service_knows() -> None:
    from include.inbound.connections import signature_of
    from include.inbound.signature import Signature

    example = assignments(ROOT / ".env.example")["AIRFLOW_CONN_TWILIO"].strip("'")
    assert isinstance(signature_of({"AIRFLOW_CONN_TWILIO": example}, ""), Signature)


def test_images_of_others_are_pinned_to_a_release() -> None:
    images = {s["image"] for s in services().values() if "build" not in s}
    for image in images:
        tag = image.rpartition(":")[2]
        assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-\w+)?|\d{4}-CU\d+-ubuntu-[\d.]+", tag), image


def test_named_volumes_are_declared_and_used() -> None:
    declared = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    mounted = {
        re.sub(r"^\$\{\w+:-([^}]+)\}", r"\1", volume).split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    }
    assert mounted == declared


def test_airflow_options_exist_in_the_locked_airflow() -> None:
    airflow = importlib.util.find_spec("airflow")
    assert airflow
    assert airflow.submodule_search_locations
    home = Path(airflow.submodule_search_locations[0])
    known = yaml.safe_load((home / "config_templates" / "config.yml").read_text())
    celery = importlib.util.spec_from_file_location("c", home / "providers/celery/get_provider_info.py")
    assert celery
    assert celery.loader
    module = importlib.util.module_from_spec(celery)
    celery.loader.exec_module(module)
    known |= module.get_provider_info()["config"]
    options = {
        (section.lower(), option.lower())
        for service in airflow_services().values()
        for section, option in re.findall(r"AIRFLOW__(\w+?)__(\w+)", " ".join(service["environment"]))
    }
    assert len(options) > 15
    assert not {(s, o) for s, o in options if o not in known.get(s, {}).get("options", {})}


def test_pools_can_be_imported_and_say_what_they_protect() -> None:
    pools = json.loads((ROOT / "config" / "pools.json").read_text())
    assert set(pools) == {"counterpoint", "bigcommerce", "twilio", "webdav", "browser", "forecast"}
    for name, pool in pools.items():
        assert set(pool) == {"slots", "description", "include_deferred"}, name
        assert 1 <= pool["slots"] <= 16, name
        assert len(pool["description"]) > 30, name


def test_the_image_and_the_lock_have_the_same_airflow() -> None:
    image = re.search(r"^FROM apache/airflow:([\d.]+)-python3\.\d+$", (ROOT / "Dockerfile").read_text(), re.M)
    locked = re.search(r"^apache-airflow==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.M)
    assert image
    assert locked
    assert image[1] == locked[1]


def test_the_image_gets_the_code_and_nothing_private() -> None:
    rules = [r for r in (ROOT / ".dockerignore").read_text().splitlines() if r and not r.startswith("#")]
    assert rules[0] == "*", "everything must be left out unless it is named"
    admitted = {rule[1:] for rule in rules if rule.startswith("!")}
    needed = {"requirements.txt", "pyproject.toml", "README.md", ".airflowignore"}
    needed |= {"config", "dags", "include", "plugins"}
    assert needed <= admitted
    assert admitted <= needed | {"templates"}
    for source in re.findall(r"^COPY (?:--\S+ )*(\S+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert source == "." or source in admitted
    assert not [name for name in needed if not (ROOT / name).exists()]


def test_commands_run_scripts_that_exist() -> None:
    for service in services().values():
        script = re.match(r"(?:python|sh) (\S+\.(?:py|sh))", str(service.get("command", "")))
        assert not script or (ROOT / script[1]).is_file()


def test_the_sandbox_file_has_the_logins_of_the_stand_ins() -> None:
    from include.sandbox.standins import cli, credentials
    from include.sandbox.standins.server import StandIns

    class Vendors(StandIns):
        """Stand-ins that were not started, at the addresses that the containers have."""

        http_url = f"http://sandbox-vendors:{cli.DEFAULT_PORTS.http}"
        webdav_url = f"http://sandbox-vendors:{cli.DEFAULT_PORTS.webdav}/dav"
        smtp_port = cli.DEFAULT_PORTS.smtp

    vendors = Vendors(Path("unused"), host="0.0.0.0", advertised_host="sandbox-vendors")
    given = assignments(SANDBOX_ENV)
    for conn_id, fields in credentials.connections(vendors).items():
        assert json.loads(given[f"AIRFLOW_CONN_{conn_id.upper()}"].strip("'")) == fields


# --- config/docker/new_env.sh and init.py -------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    target = tmp_path_factory.mktemp("env") / ".env"
    done = subprocess.run(["sh", str(NEW_ENV), str(target)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "AIRFLOW_CONN_COUNTERPOINT" in done.stdout
    return target


def container(env_file: Path, tmp_path: Path) -> dict[str, str]:
    """What the init container is given for an .env whose connections have been filled in."""
    values = assignments(env_file)
    filled = {k: v.replace("CHANGE_ME", "filled-in").strip("'") for k, v in values.items()}
    environment = {
        key: VARIABLE.sub(lambda m: filled[m[1]] or m[3], value) if value else filled[key]
        for key, value in services()["airflow-init"]["environment"].items()
    }
    environment["AIRFLOW_CONN_LGS_WAREHOUSE"] = '{"conn_type": "postgres", "host": "warehouse"}'
    store_db = {"conn_type": "sqlite", "host": str(tmp_path / "store.db")}
    return environment | {"AIRFLOW_CONN_STORE_DB": json.dumps(store_db)}


def run_init(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    outer = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, str(INIT), *arguments],
        env=environment | outer | {k: v for k, v in environment.items() if k == "PATH"},
        capture_output=True,
        text=True,
    )


def test_a_new_env_file_has_secrets_that_pass_the_check(generated: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(generated.stat().st_mode) == 0o600
    done = run_init(container(generated, tmp_path), "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    values = assignments(generated)
    secrets = [
        v for name, v in values.items() if SECRET_NAME.search(name) and not name.startswith("SANDBOX_")
    ]
    assert len(secrets) == len(set(secrets)) == 9


def test_an_existing_env_file_is_left_alone(generated: Path) -> None:
    before = generated.read_bytes()
    done = subprocess.run(["sh", str(NEW_ENV), str(generated)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert generated.read_bytes() == before


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AIRFLOW__CORE__FERNET_KEY", None, "AIRFLOW_FERNET_KEY is missing"),
        ("AIRFLOW__CORE__FERNET_KEY", "x" * 44, "AIRFLOW_FERNET_KEY is no Fernet key"),
        ("AIRFLOW__API_AUTH__JWT_SECRET", "short", "AIRFLOW_JWT_SECRET is too short"),
        ("AIRFLOW_ADMIN_EMAIL", "CHANGE_ME@example.com", "AIRFLOW_ADMIN_EMAIL still has the placeholder"),
        ("AIRFLOW__CELERY__BROKER_URL", "redis://:p@ss@redis:6379/0", "REDIS_PASSWORD may have letters"),
        ("AIRFLOW_CONN_WEBDAV", None, "AIRFLOW_CONN_WEBDAV is missing"),
        ("AIRFLOW_CONN_TWILIO", '{"login": "CHANGE_ME"}', "AIRFLOW_CONN_TWILIO still has the placeholder"),
        ("AIRFLOW_CONN_TWILIO", "'{}'", "AIRFLOW_CONN_TWILIO is no JSON"),
        ("AIRFLOW_CONN_TWILIO", '{"login": "AC1"}', "AIRFLOW_CONN_TWILIO has no conn_type"),
        ("AIRFLOW_CONN_COUNTERPOINT", '{"conn_type": "mssql", "host": "pos"}', "COUNTERPOINT has no port"),
        ("AIRFLOW_CONN_STORE_DB", '{"conn_type": "mysql", "host": "db"}', "mysql-connector-python"),
    ],
)
def test_init_refuses_a_wrong_variable_and_names_it(
    generated: Path, tmp_path: Path, variable: str, value: str | None, words: str
) -> None:
    environment = container(generated, tmp_path)
    environment.pop(variable)
    if value is not None:
        environment[variable] = value
    done = run_init(environment)
    assert done.returncode == 2
    assert words in done.stdout
    assert done.stdout.count("\n  - ") == 1, "only what is wrong is named"
    assert not (tmp_path / "store.db").exists(), "nothing may be touched"
    assert not value or len(value) < 30 or value not in done.stdout, "values do not belong into a log"


STAND_IN_FOR_AIRFLOW = """#!/bin/sh
read -r typed
echo "$*|$typed" >> "$CALLS"
[ "$1" != "$FAILING" ]
"""


@pytest.mark.parametrize("failing", ["", "pools"])
def test_init_prepares_everything_in_order_and_stops_at_a_failure(
    generated: Path, tmp_path: Path, failing: str
) -> None:
    (tmp_path / "airflow").write_text(STAND_IN_FOR_AIRFLOW)
    (tmp_path / "airflow").chmod(0o755)
    calls = tmp_path / "calls"
    environment = container(generated, tmp_path) | {"CALLS": str(calls), "FAILING": failing}
    done = run_init(environment | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    lines = calls.read_text().splitlines()
    assert lines[0] == "db migrate|"
    assert lines[1] == f"pools import {ROOT / 'config' / 'pools.json'}|"
    assert {"ledger", "audit", "journal"} <= set(
        inspect(create_engine(f"sqlite:///{tmp_path / 'store.db'}")).get_table_names()
    )
    if failing:
        assert done.returncode == 1
        assert "'pools' failed with exit code 1" in done.stdout
        assert len(lines) == 2
        return
    assert done.returncode == 0, done.stdout + done.stderr
    command, typed = lines[2].split("|")
    assert command.startswith("users create --role=Admin --username=admin ")
    assert typed == environment["AIRFLOW_ADMIN_PASSWORD"]
    assert typed not in command, "a password on the command line can be read by every process"


def test_the_sandbox_store_is_filled_and_a_filled_photo_folder_stays(tmp_path: Path) -> None:
    from include.sandbox import photo_folder
    from include.sandbox.standins.state import open_state, products

    url, photos = f"sqlite:///{tmp_path / 'counterpoint.db'}", tmp_path / "photos"
    photos.mkdir()
    # Drawing the photos takes long; a folder that says it was filled is left as it is.
    (photos / photo_folder._MANIFEST).write_text("{}")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SANDBOX_URL": url}
    environment |= {"SANDBOX_SCALE": "0.01", "SANDBOX_STATE": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, str(SANDBOX_STORE)],
        env=environment | {"RETAIL_OPS_PHOTO_FOLDER": str(photos)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"IM_ITEM", "PS_TKT_HIST"} <= set(inspect(create_engine(url)).get_table_names())
    assert [file.name for file in photos.iterdir()] == [photo_folder._MANIFEST]
    with open_state(tmp_path / "state").connect() as connection:
        assert connection.execute(select(products.c.id)).first()


# --- docker compose itself ----------------------------------------------------------------------------------


def compose_command() -> list[str]:
    """Docker's own reader of compose files; it needs no engine for `config`."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    docker, alone = shutil.which("docker"), shutil.which("docker-compose", path=folders)
    candidates = [[docker, "compose"]] * bool(docker) + [[alone]] * bool(alone)
    for command in candidates:
        done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)  # type: ignore[list-item]
        if done.returncode == 0 and re.match(r"v?[2-9]", done.stdout):
            return command  # type: ignore[return-value]
    pytest.skip("neither `docker compose` nor docker-compose 2 is installed")


def composed(*env_files: Path) -> subprocess.CompletedProcess[str]:
    files = [argument for file in env_files for argument in ("--env-file", str(file))]
    return subprocess.run(
        [*compose_command(), "--file", str(COMPOSE), *files, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
    )


def test_compose_reads_a_new_env_file(generated: Path) -> None:
    done = composed(generated)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["services"]
    assert set(found) == set(outside_sandbox())
    values = assignments(generated)
    environment = found["airflow-worker"]["environment"]
    assert json.loads(environment["AIRFLOW_CONN_STORE_DB"])["password"] == values["STORE_DB_PASSWORD"]
    assert json.loads(environment["AIRFLOW_CONN_WEBDAV"])["conn_type"] == "webdav"
    assert environment["RETAIL_OPS_STORE_FILES"] == "file:///opt/airflow/store_files"


def test_compose_names_the_variable_that_is_missing(generated: Path, tmp_path: Path) -> None:
    partial = tmp_path / ".env"
    partial.write_text(re.sub(r"^POSTGRES_PASSWORD=.*$", "", generated.read_text(), flags=re.MULTILINE))
    done = composed(partial)
    assert "POSTGRES_PASSWORD is missing a value: see .env.example" in done.stderr
    assert not done.stdout


def test_an_optional_connection_may_be_left_out(generated: Path, tmp_path: Path) -> None:
    partial = tmp_path / ".env"
    partial.write_text(re.sub(r"^AIRFLOW_CONN_TWILIO=.*$", "", generated.read_text(), flags=re.MULTILINE))
    found = json.loads(composed(partial).stdout)["services"]["airflow-worker"]["environment"]
    assert found["AIRFLOW_CONN_TWILIO"] is None, "an empty value would hide the connection made in the UI"


def test_the_sandbox_is_a_project_of_its_own_and_needs_no_account(generated: Path) -> None:
    done = composed(generated, SANDBOX_ENV)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["name"] == "retail-ops-sandbox"
    assert set(found["services"]) == set(services())
    assert "CHANGE_ME" not in json.dumps(found["services"]["airflow-init"]["environment"])
