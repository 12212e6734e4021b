"""Every road out of the page and of a worker in it ends at the browser; a listening server hears nothing."""

from __future__ import annotations

import socket
import threading

import pytest
from tests.builders.site_page import SitePage

# each is tried inside the page's frame; AIM is the listening server
MADE = "{{const e = document.createElement('{0}'); {1}; document.{2}.append(e); {3}}}".format
ROADS = {
    "fetch": "fetch(AIM).catch(() => 0)",
    "fetch without cors": "fetch(AIM, {mode: 'no-cors', method: 'POST', body: 'x'}).catch(() => 0)",
    "request": "{const r = new XMLHttpRequest(); r.open('GET', AIM); r.send()}",
    "beacon": "navigator.sendBeacon(AIM, 'x')",
    "socket": "new WebSocket(AIM.replace('http', 'ws'))",
    "event source": "new EventSource(AIM)",
    "transport": "new WebTransport(AIM.replace('http', 'https'))",
    "image": "new Image().src = AIM",
    "picture": MADE("img", "e.srcset = AIM + ' 1x'", "body", ""),
    "video": MADE("video", "e.src = AIM", "body", "e.load()"),
    "script": MADE("script", "e.src = AIM", "head", ""),
    "module": "import(AIM).catch(() => 0)",
    "style": MADE("link", "e.rel = 'stylesheet'; e.href = AIM", "head", ""),
    "style rule": "document.body.style.background = `url(${AIM})`",
    "font": "new FontFace('x', `url(${AIM})`).load().catch(() => 0)",
    "prefetch": MADE("link", "e.rel = 'prefetch'; e.href = AIM", "head", ""),
    "preconnect": MADE("link", "e.rel = 'preconnect'; e.href = AIM", "head", ""),
    "dns": MADE("link", "e.rel = 'dns-prefetch'; e.href = AIM", "head", ""),
    "preload": MADE("link", "e.rel = 'preload'; e.as = 'image'; e.href = AIM", "head", ""),
    "icon": MADE("link", "e.rel = 'icon'; e.href = AIM", "head", ""),
    "manifest": MADE("link", "e.rel = 'manifest'; e.href = AIM", "head", ""),
    "frame": MADE("iframe", "e.src = AIM", "body", ""),
    "object": MADE("object", "e.data = AIM", "body", ""),
    "embed": MADE("embed", "e.src = AIM", "body", ""),
    "form": MADE("form", "e.action = AIM", "body", "e.submit()"),
    "ping": MADE("a", "e.href = '#x'; e.ping = AIM", "body", "e.click()"),
    "window": "window.open(AIM)",
    "link in a new window": MADE("a", "e.href = AIM; e.target = '_blank'", "body", "e.click()"),
    "page above": "top.location = AIM",
    "worker": "new Worker(AIM)",
    "shared worker": "new SharedWorker(AIM)",
    "peer": "new RTCPeerConnection({iceServers: [{urls: 'stun:' + AIM.slice(7, -5)}]}).createOffer()",
    "refresh": MADE("meta", "e.httpEquiv = 'refresh'; e.content = '0;url=' + AIM", "head", ""),
    "own place": "location.href = AIM",
}
# Chromium opens a connection before its policy refuses a navigation; nothing may be said over it
NAVIGATIONS = ("frame", "refresh", "own place")
IN_WORKER = ["fetch", "request", "socket", "event source", "transport", "module"]
START = """(code) => new Promise(done => {
  const worker = new Worker(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
  worker.onmessage = event => done(event.data);
  worker.onerror = event => done(event.message);
})"""


class Listener:
    """Hears every connection on one port of this computer, TCP and UDP, and what comes over it."""

    def __init__(self):
        self.heard = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for work in (self.accept, self.receive):
            threading.Thread(target=work, daemon=True).start()

    def accept(self):
        while True:
            try:
                caller, _ = self.tcp.accept()
            except OSError:
                return
            caller.settimeout(1)
            try:
                said = caller.recv(4096)
                caller.sendall(b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
            except OSError:
                said = b""
            self.heard.append(said)
            caller.close()

    def receive(self):
        while True:
            try:
                self.heard.append(self.udp.recv(4096))
            except OSError:
                return

    def close(self):
        self.tcp.close()
        self.udp.close()


@pytest.fixture
def listener():
    made = Listener()
    yield f"http://127.0.0.1:{made.port}/", made.heard
    made.close()


def attempt(frame, aim, script):
    """Try one road; whether it throws does not matter."""
    frame.evaluate(f"(AIM) => {{ try {{ {script} }} catch (error) {{}} }}", aim)


def test_no_road_leads_out_of_the_page(browser, page_file, listener):
    aim, heard = listener
    site = SitePage(browser, page_file).open()
    assert site.inside != site.page.main_frame
    for road, script in ROADS.items():
        if road not in NAVIGATIONS:
            attempt(site.inside, f"{aim}leak", script)
    site.page.wait_for_timeout(3000)
    assert heard == []
    assert site.click('[data-sample="clean"]').ready == "true"
    site.context.close()  # what the browser refused is among the page's errors


@pytest.mark.parametrize("road", NAVIGATIONS)
def test_no_navigation_says_anything(browser, page_file, listener, road):
    aim, heard = listener
    site = SitePage(browser, page_file).open()
    attempt(site.inside, f"{aim}leak", ROADS[road])
    site.page.wait_for_timeout(1500)
    assert b"".join(heard) == b""
    site.context.close()


def test_no_road_leads_out_of_a_worker(browser, page_file, listener):
    aim, heard = listener
    site = SitePage(browser, page_file).open()
    roads = [ROADS[road] for road in IN_WORKER] + ["importScripts(AIM)"]
    body = "".join(f"try {{ {road} }} catch (error) {{}}\n" for road in roads)
    script = f"const AIM = {aim + 'leak'!r};\n{body}postMessage('tried');"
    assert site.inside.evaluate(START, script) == "tried"
    site.page.wait_for_timeout(1500)
    assert heard == []
    site.close()


def test_the_listener_hears_a_page_without_a_policy(browser, listener):
    aim, heard = listener
    page = browser.new_page()
    attempt(page.main_frame, aim + "leak", ROADS["fetch without cors"])
    page.wait_for_timeout(1000)
    assert any(b"/leak" in said for said in heard)
    page.close()


def test_the_page_works_with_the_network_off(browser, page_file):
    site = SitePage(browser, page_file, offline=True).open()
    assert site.click('[data-sample="clean"]').ready == "true"
    assert set(site.upload()) >= {"participants.csv", "assessments.csv", "study.yaml"}
    site.close()


def test_the_page_asks_for_nothing_but_its_own_parts(browser, page_file):
    site = SitePage(browser, page_file)
    asked = []
    site.page.on("request", lambda request: asked.append(request.url))
    site.open()
    site.click('[data-sample="faulty"]')
    assert {url.split(":")[0] for url in asked} <= {"file", "blob", "about", "data"}
    site.close()
