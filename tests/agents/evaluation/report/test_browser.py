"""The page in a real browser: without errors, sorted by a click, readable without its script."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from roadworthy.agents.evaluation.report import Driven, Report, write_report
from roadworthy.agents.evaluation.report.script import SCRIPT, policy
from roadworthy.agents.evaluation.results import Incident, Record

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
# Runs after the page's own script: clicks a head twice, filters, follows a link into a folded box.
PROBE = """
const table = document.querySelector("table.sortable");
const order = () => [...table.tBodies].map(b => b.rows[0].cells[0].textContent).join(" ");
const head = [...table.tHead.rows[0].cells].find(c => c.textContent.includes("driving score"));
const seen = { errors: window.told, before: order() };
head.querySelector("button").click();
seen.up = order(); seen.sort = head.getAttribute("aria-sort");
head.querySelector("button").click();
seen.down = order();
const choice = document.querySelector("select");
choice.value = "failed"; choice.dispatchEvent(new Event("change"));
seen.failed = [...table.tBodies].filter(b => !b.hidden).length;
choice.value = ""; choice.dispatchEvent(new Event("change"));
location.hash = "#route-2";
setTimeout(() => {
  seen.open = [...document.querySelectorAll("details[open]")].map(d => d.id).join(" ");
  seen.wide = document.documentElement.scrollWidth > innerWidth;
  document.title = JSON.stringify(seen);
}, 200);
"""


def browse(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open a page without a screen and without a network."""
    assert CHROMIUM is not None
    return subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.fixture
def many(
    report: Report, record: Callable[..., Record], incident: Callable[..., Incident]
) -> Report:
    """Nine routes, of which route 2 failed; in the order 5, 6, 7, 8, 9, 1, 2, 3, 4."""
    order = [5, 6, 7, 8, 9, 1, 2, 3, 4]
    hit = incident("collisions_vehicle", 3.0, 10.0, 10.0, "Agent collided against a vehicle")
    records = [
        record(f"r{k}", 0, 10.0 * k, hit, status="Failed - Agent timed out" if k == 2 else "")
        for k in order
    ]
    return Report("many", [Driven("me", records)], report.routes, report.networks)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_sorts_filters_unfolds_and_logs_no_error(
    many: Report, tmp_path: Path, width: int
) -> None:
    page = tmp_path / "report.html"
    listen = "window.told = []; addEventListener('error', e => told.push(e.message));"
    html = write_report(many).replace(policy(), "")  # which would not let the probe run
    html = html.replace("<style>", f"<script>{listen}</script><style>", 1)
    page.write_text(html.replace("</body>", f"<script>{PROBE}</script></body>"), "utf-8")
    run = browse(page, tmp_path / "profile", f"--window-size={width},900", "--dump-dom")
    title = re.search(r"<title>(.*?)</title>", run.stdout)
    assert title is not None
    assert "CONSOLE" not in run.stderr
    told = title[1].replace("&quot;", '"')
    ids = "r{0}Marlow, 500 m"
    up = " ".join(ids.format(k) for k in range(1, 10))
    down = " ".join(ids.format(k) for k in range(9, 0, -1))
    given = " ".join(ids.format(k) for k in (5, 6, 7, 8, 9, 1, 2, 3, 4))
    for expected in (
        '"errors":[]',
        f'"before":"{given}"',
        f'"up":"{up}"',
        '"sort":"ascending"',
        f'"down":"{down}"',
        '"failed":1',
        '"open":"route-2"',
        '"wide":false',  # nothing is cut off or has to be scrolled sideways, but tables in boxes
    ):
        assert expected in told


def test_the_browser_runs_the_pages_own_script_and_no_other(many: Report, tmp_path: Path) -> None:
    html = write_report(many)
    page = tmp_path / "report.html"
    page.write_text(html, "utf-8")
    run = browse(page, tmp_path / "profile", "--dump-dom")
    assert run.stdout.count("<button") == 7  # the script's
    assert "CONSOLE" not in run.stderr
    page.write_text(html.replace("</main>", "</main><script>document.title = 'x'</script>"))
    run = browse(page, tmp_path / "profile", "--dump-dom")
    assert "<title>many</title>" in run.stdout
    assert "Content Security Policy" in run.stderr


def test_without_its_script_everything_is_still_there_to_be_read(
    many: Report, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(write_report(many).replace(SCRIPT, ""), "utf-8")
    run = browse(page, tmp_path / "profile", "--dump-dom")
    assert "<button" not in run.stdout
    for told in ("r7", "Agent collided against a vehicle", 'class="tools" hidden'):
        assert told in run.stdout


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_drawn_light_or_dark_as_the_reader_likes_it(
    report: Report, tmp_path: Path, dark: bool
) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "page.png"
    page.write_text(write_report(report), "utf-8")
    options = ["--blink-settings=preferredColorScheme=0"] if dark else []
    browse(
        page, tmp_path / "profile", f"--screenshot={picture}", "--window-size=1000,900", *options
    )
    seen = cv2.imread(str(picture))
    assert seen is not None
    ground = int(seen[5, 5].mean())
    assert ground < 40 if dark else ground > 240
    assert seen.std() > 10.0  # there is something on it
