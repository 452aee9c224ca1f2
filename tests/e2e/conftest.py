"""A real JupyterLab in a real Chromium, both on this machine only."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
]
PATIENCE = 60  # seconds; a busy machine is slow, not wrong


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(address) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Address of a JupyterLab on a copy of what a class is given."""
    home = tmp_path_factory.mktemp("lab")
    for name in ("data", "notebooks"):
        shutil.copytree(
            ROOT / name, home / "class" / name,
            ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
        )  # fmt: skip
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8"
    )
    # The debugger talks to every kernel, and complains when one is ended.
    pages = home / "config" / "labconfig"
    pages.mkdir(parents=True)
    (pages / "page_config.json").write_text(
        '{"disabledExtensions": {"@jupyterlab/debugger-extension": true}}',
        encoding="utf-8",
    )
    port = free_port()
    here = {
        f"JUPYTER_{name}_DIR": str(home / name.lower())
        for name in ("CONFIG", "DATA", "RUNTIME")
    }
    here |= {
        f"JUPYTERLAB_{name}_DIR": str(home / name.lower())
        for name in ("SETTINGS", "WORKSPACES")
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={home / 'class'}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--KernelManager.transport=ipc",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
    log = (home / "lab.log").open("w", encoding="utf-8")
    server = subprocess.Popen(
        command, cwd=home, env=environment | here, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while True:
            if answers(f"{address}/api"):
                break
            assert server.poll() is None, (home / "lab.log").read_text("utf-8")
            assert time.monotonic() < end, (home / "lab.log").read_text("utf-8")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


# A module's, not the session's: while it lives an event loop is running in this
# process, and the other tests of the same worker may want one of their own.
@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(browser, lab):
    """One JupyterLab in one tab: to load it takes longer than most notebooks."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.wrong, page.asked = [], set()
    page.on("pageerror", lambda error: page.wrong.append(f"page: {error}"))
    page.on(
        "console",
        lambda m: page.wrong.append(m.text) if m.type == "error" else None,
    )
    page.on("request", lambda request: page.asked.add(request.url))
    page.goto(f"{lab}/lab?reset")
    page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell")
    page.evaluate("() => window.jupyterapp.restored.then(() => true)")
    yield page
    context.close()


@pytest.fixture
def page(tab, lab):
    """The tab, with no notebook open; what went wrong in it fails the test."""
    tab.wrong.clear()
    yield tab
    # What comes of a kernel that is ended half way is ours, not the page's.
    wrong = list(tab.wrong)
    tab.evaluate(
        """async () => {
          const app = window.jupyterapp
          for (const widget of [...app.shell.widgets('main')]) {
            // Else it asks whether to save.
            if (widget.context) widget.context.model.dirty = false
            widget.close()
          }
          await app.serviceManager.sessions.shutdownAll()
        }"""
    )
    assert not [u for u in tab.asked if not u.startswith((lab, "data:", "blob:"))]
    assert wrong == []
