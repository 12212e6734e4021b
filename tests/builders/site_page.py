"""Drives the page `ipdma-site.html` as a person does: choose files, read what it says, save."""

from __future__ import annotations

import io
import time
import zipfile

DONE = ("idle", "draft", "checked", "failed")


class SitePage:
    """One open page; everything stands inside its frame."""

    def __init__(self, browser, path, width=1280, **context):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, accept_downloads=True, locale="en-GB", **context
        )
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.path = path

    def open(self):
        self.page.goto(self.path.as_uri())
        self.frame = self.page.frame_locator("iframe")
        self.wait()
        return self

    @property
    def inside(self):
        """The frame, for scripts."""
        return self.page.frames[-1]

    def find(self, selector):
        return self.frame.locator(selector)

    @property
    def state(self):
        return self.find("#state").get_attribute("data-state")

    @property
    def ready(self):
        return self.find("#state").get_attribute("data-ready")

    @property
    def said(self):
        return self.find("#state").inner_text()

    def wait(self, seconds=90):
        """Until the page is done with what it does; it starts by working or loading."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.state in DONE:
                return self
            time.sleep(0.05)
        raise AssertionError(f"still {self.state} after {seconds} seconds: {self.said}")

    def choose(self, *paths):
        self.find("#files").set_input_files([str(path) for path in paths])
        time.sleep(0.1)
        return self.wait()

    def click(self, selector):
        self.find(selector).click()
        time.sleep(0.1)
        return self.wait()

    def unfold(self):
        """Open the form, which a check folds."""
        if not self.find("#check").is_visible():
            self.find("#fold > summary").click()
        return self

    def findings(self):
        """Code, grade, variable and column of every finding, in no order."""
        script = "all => all.map(e => ['code', 'grade', 'variable', 'column'].map(k => e.dataset[k]))"
        return sorted(map(tuple, self.find("#findings [data-code]").evaluate_all(script)))

    def save(self, what):
        """Click a button and return the bytes that are downloaded."""
        with self.page.expect_download() as waiting:
            self.find(f"#save-{what}").click()
        return open(waiting.value.path(), "rb").read()

    def upload(self):
        with zipfile.ZipFile(io.BytesIO(self.save("upload"))) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def close(self):
        self.context.close()
        assert self.errors == []
