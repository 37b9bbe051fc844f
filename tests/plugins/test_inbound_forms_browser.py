"""The web forms in a real browser, without scripts: what people see, and what their keyboard reaches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of, title_contains
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import Engine

from include.database.engines import engine_for
from include.storedb.leads import Leads
from include.storedb.migrate import upgrade
from include.storedb.newsletter import Newsletter
from include.storedb.runs import moment
from include.storedb.stock_requests import StockRequests
from tests.databases import fresh_database
from tests.plugins.inbound_forms import LINKS, PUBLIC, Visitor, sell, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="chromium and chromedriver are not installed"
)
PATHS = ("/forms/design", "/forms/stock?sku=TR-100", "/forms/newsletter")

# WCAG 2: the contrast of a text with the first background behind it that is not transparent.
CONTRASTS = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
const behind = (one) => {
  for (; one; one = one.parentElement) {
    const found = rgb(getComputedStyle(one).backgroundColor);
    if (found.length < 4 || found[3] > 0) return found;
  }
  return [255, 255, 255];
};
return [...document.querySelectorAll('h1, h2, p, label, legend, span, a, button, input, select, textarea')]
  .filter((one) => one.offsetParent && !one.closest('.trap'))
  .map((one) => {
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    return [one.outerHTML.slice(0, 80), (a + 0.05) / (b + 0.05)];
  });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER or ""))
    yield driver
    driver.quit()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        sell(engine_for(url), "TR-100")
        yield engine_for(url)
        engine_for(url).dispose()


@pytest.fixture
def visitor(store: Engine) -> Iterator[Visitor]:
    with served(store, views_per_minute=1000) as found:
        yield found


def field(browser: webdriver.Chrome, name: str) -> WebElement:
    return browser.find_element(By.NAME, name)


def active(browser: webdriver.Chrome) -> Any:
    script = (
        "const one = document.activeElement; return one.name || one.className || one.tagName.toLowerCase()"
    )
    return browser.execute_script(script)


def tell(browser: webdriver.Chrome, **texts: str) -> None:
    for name, text in texts.items():
        field(browser, name).clear()
        field(browser, name).send_keys(text)


def submit(browser: webdriver.Chrome) -> None:
    page = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.CSS_SELECTOR, "button").click()
    # While pages change places the driver may find its old page in neither.
    WebDriverWait(browser, 20, ignored_exceptions=[WebDriverException]).until(staleness_of(page))


def thanked(browser: webdriver.Chrome) -> bool:
    return bool(WebDriverWait(browser, 20).until(title_contains("Thank you")))


def test_a_design_request_is_filled_in_and_sent(
    store: Engine, visitor: Visitor, browser: webdriver.Chrome
) -> None:
    browser.get(f"{visitor.base}/forms/design")
    tell(browser, first_name="Ann", last_name="Lee", email="ann@example.com", comments="A wall\nand a pond")
    for label in browser.find_elements(By.CSS_SELECTOR, "label.tick"):
        if label.text in ("Patio", "Delivery & placement"):
            label.click()
    submit(browser)
    assert thanked(browser)
    (lead,) = Leads(store).new()
    assert (lead.interested_in, lead.comments) == (("Delivery & placement", "Patio"), "A wall\nand a pond")
    browser.refresh()
    assert len(Leads(store).new()) == 1


def test_the_keyboard_reaches_every_field_in_order_and_never_the_trap(
    store: Engine, visitor: Visitor, browser: webdriver.Chrome
) -> None:
    browser.get(f"{visitor.base}/forms/stock?sku=TR-100")
    reached = []
    keys = webdriver.ActionChains(browser)
    for _ in range(6):
        keys.send_keys(Keys.TAB).perform()
        reached.append(active(browser))
    assert reached == ["sku", "name", "email", "phone", "text_consent", "button"]
    field(browser, "name").send_keys("Ann")
    field(browser, "email").send_keys("ann@example.com" + Keys.ENTER)
    assert thanked(browser)
    assert [wish.item_key for wish in StockRequests(store).open()] == ["TR-100"]


def test_an_error_is_at_its_field_and_the_page_begins_with_it(
    store: Engine, visitor: Visitor, browser: webdriver.Chrome
) -> None:
    browser.get(f"{visitor.base}/forms/stock?sku=TR-100")
    tell(browser, name="Ann", email="ann@example.com", phone="12")
    field(browser, "text_consent").click()
    submit(browser)
    summary = browser.find_element(By.CSS_SELECTOR, "[role=alert]")
    assert "area code" in summary.text
    assert active(browser) == "summary"
    phone = field(browser, "phone")
    assert phone.get_attribute("aria-invalid") == "true"
    described = browser.find_element(By.ID, phone.get_attribute("aria-describedby") or "")
    assert "area code" in described.text
    assert described.is_displayed()
    assert field(browser, "text_consent").is_selected()
    summary.find_element(By.TAG_NAME, "a").click()
    tell(browser, phone="518-234-5601")
    submit(browser)
    assert thanked(browser)
    assert [wish.phone for wish in StockRequests(store).open()] == ["+15182345601"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_a_form_is_readable_fits_a_telephone_and_names_its_fields(
    visitor: Visitor, browser: webdriver.Chrome, path: str, dark: bool
) -> None:
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for page in (path, f"{path.partition('?')[0]}/thanks"):
            browser.get(visitor.base + page)
            contrasts = browser.execute_script(CONTRASTS)
            assert contrasts
            assert [(what, ratio) for what, ratio in contrasts if ratio < 4.5] == []
            assert browser.execute_script("return document.documentElement.scrollWidth") == 360
            assert browser.execute_script("return document.documentElement.lang") == "en"
        browser.get(visitor.base + path)
        for one in browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), select, textarea"):
            name = one.get_attribute("name")
            assert browser.execute_script("return arguments[0].labels.length", one) == 1, name
            if name != "leave_empty":
                assert one.size["height"] >= 20, name
            if one.get_attribute("type") in ("text", "email", "tel"):
                assert one.get_attribute("autocomplete"), name
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("embeds", [True, False])
def test_a_form_works_in_a_frame_of_a_listed_site_only(
    store: Engine, browser: webdriver.Chrome, embeds: bool
) -> None:
    with served(store) as shop:
        # The other name of this machine makes it another web site.
        other = shop.base.replace("127.0.0.1", "localhost")
        with served(store, sites=[other] if embeds else []) as visitor:
            browser.get(f"{other}/health")
            browser.execute_script(
                "document.body.innerHTML = ''; const f = document.createElement('iframe');"
                "f.src = arguments[0]; document.body.append(f); f.style = 'width: 40rem; height: 40rem'",
                f"{visitor.base}/forms/newsletter",
            )
            browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
            waiting = WebDriverWait(browser, 20)
            if not embeds:
                waiting.until(
                    lambda driver: driver.execute_script("return document.readyState") == "complete"
                )
                assert browser.find_elements(By.NAME, "email") == []
                return
            waiting.until(lambda driver: driver.find_elements(By.NAME, "email"))
            field(browser, "email").send_keys("zoe@example.com" + Keys.ENTER)
            waiting.until(lambda driver: "Thank you" in driver.find_element(By.TAG_NAME, "h1").text)
    assert [one.email for one in Newsletter(store).subscribers()] == ["zoe@example.com"]


def test_a_list_is_left_by_the_button_of_the_links_page(
    store: Engine, visitor: Visitor, browser: webdriver.Chrome
) -> None:
    Newsletter(store).subscribe("ann@example.com", moment())
    browser.get(visitor.base + LINKS.unsubscribe("ann@example.com", "newsletter").removeprefix(PUBLIC))
    assert len(Newsletter(store).subscribers()) == 1
    submit(browser)
    WebDriverWait(browser, 20).until(title_contains("off the list"))
    assert Newsletter(store).subscribers() == []
