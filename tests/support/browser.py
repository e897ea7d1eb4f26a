"""A browser without a window, for tests of pages; they are skipped with a word where there is none."""

import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

PATHS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "driver": ("chromedriver",)}
"""Names of the programs."""

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


def found(names):
    return next((path for path in map(shutil.which, names) if path), None)


@contextmanager
def browser(width=1280, height=900):
    """Context with a browser that keeps a record of its console and of what it loads."""
    chromium, driver = found(PATHS["chromium"]), found(PATHS["driver"])
    if chromium is None or driver is None:
        pytest.skip("there is no chromium with its chromedriver (apt-get install chromium chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="the package selenium is not installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in (*ARGUMENTS, f"--user-data-dir={folder}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            opened.get("about:blank")
            opened.get_log("performance")  # of the browser's own first page
            yield opened
        finally:
            opened.quit()


def loaded(opened):
    """Addresses that the browser asked for since it was last asked, without those inside of the page itself."""
    messages = [json.loads(line["message"])["message"] for line in opened.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if not address.startswith("data:")]


def address(path):
    return Path(path).resolve().as_uri()
