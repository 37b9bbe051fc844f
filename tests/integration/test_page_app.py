"""Pages in the browser: who may see them, what is served, and how a task's button leads there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from include.reporting.figures_page import Chart, Section, figures_page
from include.reporting.plotly_script import script_content, script_name

DAG = "sales_forecast"
ROOT = "/retail-ops/pages"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")


def a_page() -> bytes:
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_bar(x=["a", "b"], y=[1, 2])
    return figures_page("Figures", "of a day", [Section("Sales", charts=[Chart("sales", figure)])])


@pytest.fixture(scope="module")
def server(airflow_db: None) -> Any:
    """Airflow's own app, as the api-server runs it."""
    from airflow.api_fastapi.app import create_app

    return create_app("core")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_STORE_FILES", (tmp_path / "store_files").as_uri())
    reports = tmp_path / "store_files" / "reports"
    for folder in (reports, reports / "preview"):
        (folder / DAG / "2026-11-20").mkdir(parents=True)
        (folder / DAG / "latest.html").write_bytes(a_page())
        (folder / script_name()).write_bytes(script_content())
    day = reports / DAG / "2026-11-20"
    (day / "total-1.png").write_bytes(b"\x89PNG")
    (day / "next.csv").write_text("name\n=1+1\n")
    (day / "notes.txt").write_text("not a kind that is served")
    (day / ".half.png.part").write_text("half")
    (reports.parent / "secret.csv").write_text("of nobody's page")
    (reports / DAG / "link.csv").symlink_to(reports.parent / "secret.csv")
    (reports / "another_dag").mkdir()
    (reports / "another_dag" / "latest.html").write_text("for others")
    (reports / DAG / "another").symlink_to(reports / "another_dag")
    return reports


def token(role: str | None = "VIEWER") -> str:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ann", role=role)))


@pytest.fixture
def anonymous(server: Any, files: Path) -> TestClient:
    return TestClient(server)


@pytest.fixture
def viewer(server: Any, files: Path) -> TestClient:
    return TestClient(server, cookies={"_token": token()})


PATHS = (
    f"{DAG}/latest.html",
    f"preview/{DAG}/latest.html",
    f"{DAG}/2026-11-20/total-1.png",
    f"{DAG}/2026-11-20/next.csv",
)


@pytest.mark.parametrize("path", PATHS)
def test_only_who_may_see_the_dag_sees_its_pages(
    anonymous: TestClient, viewer: TestClient, server: Any, path: str
) -> None:
    assert anonymous.get(f"{ROOT}/{path}").status_code == 401
    nobody = TestClient(server, cookies={"_token": token(role=None)})
    assert nobody.get(f"{ROOT}/{path}").status_code == 403
    found = viewer.get(f"{ROOT}/{path}")
    assert found.status_code == 200
    assert found.headers["x-content-type-options"] == "nosniff"
    policy = found.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy
    assert "no-cache" in found.headers["cache-control"]


def test_a_browser_without_a_login_is_sent_there_and_back(anonymous: TestClient) -> None:
    asked = f"{ROOT}/{DAG}/latest.html"
    found = anonymous.get(asked, headers={"Accept": "text/html,*/*"}, follow_redirects=False)
    assert found.status_code == 307
    login = anonymous.get(found.headers["location"], follow_redirects=False)
    assert login.status_code == 307
    assert parse_qs(urlsplit(login.headers["location"]).query)["next"] == [asked]


def test_files_have_their_types(viewer: TestClient) -> None:
    found = [viewer.get(f"{ROOT}/{path}") for path in PATHS]
    types = [one.headers["content-type"] for one in found]
    assert types == ["text/html; charset=utf-8"] * 2 + ["image/png", "text/csv; charset=utf-8"]
    assert found[3].headers["content-disposition"] == 'attachment; filename="next.csv"'


@pytest.mark.parametrize("folder", ["", "preview/"])
def test_the_charts_script_needs_no_login_and_nothing_else_is_served_that_way(
    anonymous: TestClient, files: Path, folder: str
) -> None:
    found = anonymous.get(f"{ROOT}/{folder}{script_name()}")
    assert found.status_code == 200
    assert found.content == script_content()
    assert found.headers["content-type"] == "text/javascript; charset=utf-8"
    (files / folder / "own.js").write_text("alert(1)")
    (files / folder / "summary.html").write_text("a page beside the folders")
    for name in ("own.js", "plotly-9.9.9.min.js", f"plotly-{'9' * 300}.min.js", "summary.html", DAG):
        assert anonymous.get(f"{ROOT}/{folder}{name}").status_code == 404, name
    assert anonymous.get(f"{ROOT}/{folder}..%2f..%2fsecret.csv").status_code == 401


WRONG = (
    f"{DAG}/2026-11-20/../../../secret.csv",
    f"{DAG}/..%2f..%2fsecret.csv",
    f"{DAG}/%2e%2e/%2e%2e/secret.csv",
    f"{DAG}/%2e%2e%2fother%2flatest.html",
    f"{DAG}//etc/hosts.csv",
    f"{DAG}/2026-11-20/..\\..\\secret.csv",
    f"{DAG}/link.csv",
    f"{DAG}/another/latest.html",
    f"{DAG}/2026-11-20/notes.txt",
    f"{DAG}/2026-11-20/.half.png.part",
    f"{DAG}/2026-11-20",
    f"{DAG}/2026-11-20/latest.html/x.png",
    f"{DAG}/other.html",
    f"{DAG}/{'o' * 300}.html",
    f"{DAG}/",
    "no_such_dag/latest.html",
    "~/latest.html",
    "..%2freports/sales_forecast/latest.html",
    "",
)


@pytest.mark.parametrize("path", WRONG)
def test_nothing_else_is_served(viewer: TestClient, path: str) -> None:
    found = viewer.get(f"{ROOT}/{path}", follow_redirects=False)
    assert found.status_code == 404, found.text[:200]
    assert "nobody's" not in found.text


@pytest.mark.parametrize("path", ["docs", "openapi.json", "redoc"])
def test_the_app_tells_nothing_of_itself(viewer: TestClient, path: str) -> None:
    assert viewer.get(f"/retail-ops/{path}").status_code == 404


def test_without_a_folder_for_files_it_says_what_is_missing(
    viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RETAIL_OPS_STORE_FILES")
    found = viewer.get(f"{ROOT}/{DAG}/latest.html")
    assert found.status_code == 503
    assert "RETAIL_OPS_STORE_FILES" in found.text


def test_pages_in_object_storage_are_served(viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import ObjectStoragePath

    monkeypatch.setenv("RETAIL_OPS_STORE_FILES", "memory://store")
    place = ObjectStoragePath("memory://store/reports") / DAG / "latest.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"<p>stored")
    assert viewer.get(f"{ROOT}/{DAG}/latest.html").content == b"<p>stored"
    assert viewer.get(f"{ROOT}/{DAG}/2026-11-20.html").status_code == 404


def test_the_button_leads_to_the_page_of_the_run(
    run_dag: Callable[..., Any], server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_dag("connectivity_watch", dry_run=True)
    client = TestClient(server, cookies={"_token": token("ADMIN")})
    tasks = f"/api/v2/dags/connectivity_watch/dagRuns/{run.run_id}/taskInstances"
    for task in ("connections", "report"):
        (link,) = client.get(f"{tasks}/{task}/links").json()["extra_links"].values()
        assert link == "retail-ops/pages/preview/connectivity_watch/latest.html"
        assert b"internet" in client.get(f"/{link}").content
    # A task that leaves no page shows no button.
    assert client.get(f"{tasks}/internet/links").json()["extra_links"] == {}
    quiet = run_dag("design_lead_followup")
    tasks = f"/api/v2/dags/design_lead_followup/dagRuns/{quiet.run_id}/taskInstances"
    assert client.get(f"{tasks}/mail/links").json()["extra_links"] == {"Page": None}


def test_every_family_whose_doc_names_a_page_has_the_button_and_no_other() -> None:
    from scripts.dag_docs import load_dags

    found = {
        name: (f"reports/{name}/" in dag.doc_md, bool(dag.get_task("report").operator_extra_links))
        for name, dag in load_dags().items()
        if dag.has_task("report")
    }
    assert {name: answers for name, answers in found.items() if len(set(answers)) > 1} == {}
    assert any(has for _, has in found.values())


@pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="chromium and chromedriver are not installed")
def test_a_browser_draws_the_charts_and_keeps_the_page_apart(
    server: Any, files: Path, served: str, browser: Any
) -> None:
    drawn = "return [window.origin, document.querySelectorAll('.main-svg').length > 0]"
    browser.get((files / DAG / "latest.html").as_uri())
    assert browser.execute_script(drawn)[1]
    buttons = "return [...document.querySelectorAll('.modebar-btn')].map((one) => one.dataset.title)"
    assert "Download plot as a PNG" in (titles := browser.execute_script(buttons))
    assert "Share chart..." not in titles, "it would send the data away"
    # A browser keeps cookies for a host that it has seen.
    browser.get(f"{served}{ROOT}/")
    browser.add_cookie({"name": "_token", "value": token(), "sameSite": "Lax", "httpOnly": True})
    for folder in ("", "preview/"):
        browser.get(f"{served}{ROOT}/{folder}{DAG}/latest.html")
        assert browser.execute_script(drawn) == ["null", True]
    asked = (
        "const done = arguments[0]; fetch('/api/v2/dags').then(() => done('answered'), () => done('refused'))"
    )
    assert browser.execute_async_script(asked) == "refused"
    (files / DAG / script_name()).unlink(missing_ok=True)
    (files / script_name()).rename(files / "kept.js")
    browser.get((files / DAG / "latest.html").as_uri())
    said = "return getComputedStyle(document.querySelector('.plotly-graph-div'), '::before').content"
    assert script_name() in browser.execute_script(said)


@pytest.fixture
def served(server: Any) -> Iterator[str]:
    import uvicorn

    one = uvicorn.Server(
        uvicorn.Config(server, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    while not one.started:
        thread.join(0.05)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{one.servers[0].sockets[0].getsockname()[1]}"
    one.should_exit = True
    thread.join(20)


@pytest.fixture
def browser() -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()
