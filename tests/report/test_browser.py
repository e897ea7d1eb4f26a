"""The report in a browser: sorted, searched, filtered and unfolded by clicks and by keyboard; nothing is loaded."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support.browser import address, browser, loaded
from support.quick import quick

from agop_tabular import AGOPExplainer
from agop_tabular.results.cells import signed_text

OPENS, SIZE = 2.0, 5_000_000
"""Seconds and bytes that a report of 10,000 rows may take."""


@pytest.fixture(scope="module")
def opened():
    with browser() as page:
        yield page


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def report(files, explainer, table, labels):
    return explainer.report(table[0], labels, files / "report.html")


@pytest.fixture
def page(opened, report):
    return shown(opened, report)


def shown(opened, path):
    """The browser with a file open, and nothing on record but that."""
    for kind in ("browser", "performance"):
        opened.get_log(kind)
    opened.get(address(path))
    return opened


def one(page, selector):
    return page.find_element("css selector", selector)


def column(page, name):
    return [cell.text for cell in page.find_elements("css selector", f"#rows tbody > tr:not(.details) > td.{name}")]


def rows(page):
    return [cell.text.lstrip("▸▾ ") for cell in page.find_elements("css selector", "#rows button.unfold")]


def head(page, text):
    return next(b for b in page.find_elements("css selector", "#rows thead button") if b.text.startswith(text))


def press(page, *keys):
    """Press keys of selenium's by their names, or type text."""
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(*[getattr(Keys, key, key) for key in keys])


def focused_text(page):
    return page.switch_to.active_element.text


def quiet(page):
    """Whether the console has no error, and nothing but the file was asked for."""
    asked = loaded(page)
    return page.get_log("browser") == [] and all(each.startswith("file:") for each in asked) and len(set(asked)) <= 1


def test_sorting_by_clicks(page, explainer, table):
    head(page, "Probability").click()
    probability = explainer(table[0]).probabilities
    assert rows(page)[:5] == [table[0].index[i] for i in np.argsort(probability, kind="stable")[:5]]
    assert head(page, "Probability").find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    head(page, "Probability").click()
    assert rows(page)[0] == table[0].index[np.argmax(probability)]
    assert head(page, "Probability").find_element("xpath", "..").get_attribute("aria-sort") == "descending"
    assert quiet(page)


def test_searching(page, table):
    one(page, "#rows-search").send_keys("CITY = rome")
    wanted = (table[0]["city"] == "Rome").sum()
    assert one(page, "#rows-status").text == f"Rows 1 to 25 of {wanted} found, of 600 listed"
    one(page, "#rows-search").send_keys(" and nothing like it")
    assert one(page, "#rows-status").text == "No rows of 600"
    assert "No row has all that is asked for." in one(page, "#rows").text
    assert quiet(page)


def test_filtering_by_class_and_by_error(page, explainer, table, labels):
    predicted = explainer.predict(table[0])
    one(page, "#rows-class").send_keys("yes")
    assert set(column(page, "prediction")) == {"yes"}
    assert f"of {(predicted == 'yes').sum()} found" in one(page, "#rows-status").text
    one(page, "#rows-right").send_keys("wrong")
    wrong = ((predicted == "yes") & (labels == "no")).sum()
    assert f"of {wrong} found" in one(page, "#rows-status").text
    assert set(column(page, "truth")) == {"no"}


def test_pages(page, table):
    assert not one(page, "#rows-back").is_enabled()
    one(page, "#rows-next").click()
    assert rows(page)[0] == table[0].index[25]
    one(page, "#rows-size").send_keys("500")
    assert len(rows(page)) == 500
    one(page, "#rows-next").click()
    assert len(rows(page)) == 100
    assert not one(page, "#rows-next").is_enabled()


def test_unfolding(page, explainer, table):
    button = one(page, "#rows button.unfold")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    details = one(page, f"#{button.get_attribute('aria-controls')}")
    explanation = explainer(table[0][:1])
    for name, value in zip(explanation.feature_names, explanation.values[0], strict=True):
        line = next(r for r in details.find_elements("css selector", "tbody tr") if r.text.startswith(f"{name} "))
        assert line.text.endswith(signed_text(float(value)))
        bar = line.find_element("css selector", ".bar i")
        assert ("up" in bar.get_attribute("class")) == (value >= 0)
    assert f"The bars explain the log-odds of {explanation.row_targets()[0]}." in details.text
    button.click()
    assert page.find_elements("css selector", "tr.details") == []
    assert quiet(page)


def test_all_of_it_by_keyboard(page, table):
    """From the search on, with Tab, Space and Enter alone."""
    page.execute_script("document.getElementById('rows-search').focus()")
    press(page, "oslo")
    oslo = list(table[0].index[table[0]["city"] == "Oslo"])
    assert rows(page)[:3] == oslo[:3]
    for _ in range(20):
        press(page, "TAB")
        if focused_text(page) == "Row":
            break
    press(page, "ENTER")
    press(page, "SPACE")
    assert rows(page)[:3] == oslo[::-1][:3]
    for _ in range(20):
        press(page, "TAB")
        if focused_text(page).endswith(oslo[-1]):
            break
    press(page, "ENTER")
    assert page.switch_to.active_element.get_attribute("aria-expanded") == "true"
    assert "Oslo" in one(page, "tr.details").text
    assert focused_text(page).endswith(oslo[-1]), "the focus stays"


def test_names_of_all_that_is_operated(page):
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('button, input, select, [role=img], [role=region]')].filter(e => "
        "!(e.textContent.trim() && e.tagName !== 'SELECT') && !e.getAttribute('aria-label') && !e.labels?.length)"
        ".length"
    )
    assert unnamed == 0
    levels = page.execute_script("return [...document.querySelectorAll('h1, h2, h3')].map(e => e.tagName)")
    assert levels[0] == "H1"
    assert set(levels[1:]) == {"H2"}


def test_text_can_be_read(page):
    """The contrast of all text with what is behind it is that of WCAG's level AA, 4.5 to 1."""
    one(page, "#rows button.unfold").click()
    faint = page.execute_script(CONTRAST)
    assert faint == []


CONTRAST = """
const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
  .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
return [...document.querySelectorAll("body *")].filter((e) => !e.closest("svg, script, noscript") && !e.disabled
  && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
  const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), e.tagName, e.textContent.slice(0, 40)]; }).filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("width", [500, 1280, 1920])
def test_nothing_is_wider_than_the_window(page, width):
    page.set_window_size(width, 900)
    one(page, "#rows button.unfold").click()
    wide, window = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    page.set_window_size(1280, 900)
    assert wide <= window


def test_a_print_cuts_no_table(page):
    """On a page of A4, whose text is 186 mm wide."""
    one(page, "#rows button.unfold").click()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.set_window_size(720, 900)
    too_wide = page.execute_script(
        "return [...document.querySelectorAll('table, svg')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    hidden = one(page, ".controls").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.set_window_size(1280, 900)
    assert too_wide == 0
    assert not hidden


def test_no_name_is_run(opened, files, hostile):
    explainer, X, y = hostile
    evil = X.columns[1]
    path = explainer.report(X, y, files / "hostile.html", title=evil, date=evil, groups=evil)
    shown(opened, path)
    for button in opened.find_elements("css selector", "#rows button.unfold")[:3]:
        button.click()
    one(opened, "#rows-search").send_keys("level 1")
    one(opened, "#rows-class").send_keys("yes")
    time.sleep(0.2)
    assert opened.execute_script("return window.hit") is None
    assert opened.execute_script("return document.querySelectorAll('img, script').length") == 2
    assert opened.title == " ".join(evil.split())
    assert quiet(opened)


def test_ten_thousand_rows(opened, files):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(10_000, 20)), columns=[f"a column of numbers, the {j}th" for j in range(20)])
    X["kind"] = rng.choice(["one kind", "another kind"], len(X))
    y = (X.iloc[:, 0] + X.iloc[:, 1] > 0).map({True: "large", False: "small"})
    numbers = X.drop(columns="kind")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(numbers, y)
    path = AGOPExplainer(model, max_samples=500).fit(numbers).report(numbers, y, files / "large.html")
    assert path.stat().st_size < SIZE
    quick(OPENS, lambda: shown(opened, path))
    assert one(opened, "#rows-status").text == "Rows 1 to 25 of 10,000"

    def search_and_sort():
        one(opened, "#rows-search").clear()
        one(opened, "#rows-search").send_keys("the 3th")
        head(opened, "Probability").click()

    quick(2 * OPENS, search_and_sort)
    assert quiet(opened)
