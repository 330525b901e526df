"""The page in a browser: what a person does, and what the page then shows."""
import os
import time
import unittest

import browser
from service import PATIENCE, ServiceCase

if browser.PROGRAM is None:
    print("not there: chromium; the page is not tested")


@unittest.skipIf(browser.PROGRAM is None, "not there: chromium")
class PageTest(ServiceCase):
    def setUp(self):
        self.page = browser.Browser(1120, 900)
        self.addCleanup(self.page.close)
        self.page.open(f"http://127.0.0.1:{self.service.port}/")
        self.wait()

    def tearDown(self):
        self.assertEqual(self.page.errors, [])
        # Nothing is loaded from elsewhere.
        own = (f"http://127.0.0.1:{self.service.port}/", "data:", "about:")
        self.assertEqual([url for url in self.page.requests if not url.startswith(own)], [])

    def wait(self):
        """Until the page shows the answer to the last change."""
        end = time.monotonic() + PATIENCE
        while not self.page.run("document.body && typeof sent === 'number' && sent > 0 && "
                                "document.body.dataset.shown === String(sent)"):
            self.assertLess(time.monotonic(), end, "the page shows nothing")
            time.sleep(0.02)

    def click(self, selector):
        self.page.run(f"document.querySelector({selector!r}).click()")
        self.wait()

    def slide(self, name, value):
        self.page.run(f"(s => {{ s.value = {value}; s.dispatchEvent(new Event('input')); }})"
                      f"(document.getElementById('noise {name}'))")
        self.wait()

    def text(self, name):
        return self.page.run(f"document.getElementById({name!r}).innerText").replace("\u00a0", " ")

    def shown(self):
        """The numbers of the page: probabilities, uncertainty, and per modality what stands there."""
        return (self.text("outputs"), self.text("uncertainty"),
                {m: self.text("part " + m) for m in ("language", "audio", "visual")})

    def check(self, result):
        """What the page shows are these numbers."""
        outputs, uncertainty, parts = self.shown()
        for output in result["outputs"]:
            self.assertIn(f"{output['name']}\n{100 * output['probability']:.1f} %", outputs)
        self.assertIn(f"confidence {100 * result['confidence']:.1f} %", self.text("answer"))
        self.assertIn(f"{result['uncertainty']:.3f}", uncertainty)
        for modality in result["modalities"]:
            part = parts[modality["name"]]
            if modality["weight"] is None:
                self.assertIn("missing", part)
                self.assertNotIn("weight", part)
            else:
                self.assertIn(f"{modality['uncertainty']:.3f}", part)
                self.assertIn(f"{100 * modality['weight']:.1f} %", part)

    def test_shows_the_prediction_of_each_example(self):
        for i in range(len(self.examples)):
            self.click(f"#examples button:nth-child({i + 1})")
            self.check(self.service.predict(self.request(example=i)).json())
            self.assertIn(self.examples[i]["label"], self.text("truth"))

    def test_switches_modalities(self):
        self.click("[id='present audio']")
        self.check(self.service.predict(self.request("language", "visual")).json())
        self.click("[id='present language']")
        self.check(self.service.predict(self.request("visual")).json())
        before = self.shown()
        self.click("[id='present visual']")
        self.assertIn("at least one", self.text("message"))
        self.click("[id='present visual']")
        self.assertEqual(self.page.run("document.getElementById('message').hidden"), True)
        self.assertEqual(self.shown(), before)
        self.click("#reset")
        self.check(self.service.predict(self.request()).json())

    def test_adds_noise(self):
        before = self.shown()
        self.slide("audio", 2)
        after = self.shown()
        self.assertNotEqual(after, before)
        self.assertIn("with noise", after[2]["audio"])
        self.assertEqual([after[2][m].split("weight")[0] for m in ("language", "visual")],
                         [before[2][m].split("weight")[0] for m in ("language", "visual")])
        self.slide("audio", 0)
        self.assertEqual(self.shown(), before)

    def test_fits_small_and_large_screens(self):
        for width in (360, 800, 1120):
            self.page.resize(width, 900)
            self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), width)

    def test_screenshot(self):
        self.click("[id='present visual']")
        self.slide("audio", 2.5)
        path = os.environ.get("CASD_SERVICE_SCREENSHOT")
        if path:
            self.page.screenshot(path)
            self.page.resize(400, 900)
            self.page.screenshot(path + ".small.png")
