"""The paths, the numbers and the answers to wrong requests."""
import itertools
import json
import re
import struct
import subprocess
import time
import unittest

from service import BUILD, MODEL, PAGES, PATIENCE, ServiceCase


def single(value):
    """A number as 32-bit floating point."""
    return None if value is None else struct.unpack("f", struct.pack("f", value))[0]


class PathTest(ServiceCase):
    def test_the_description_is_well_formed(self):
        self.service.description.check_schemas()

    def test_each_path_answers_as_described(self):
        for path in self.service.description.document["paths"]:
            if path == "/predict":
                continue
            answer = self.service.ask("GET", path)
            self.assertEqual(answer.status, 200, path)
            self.assertEqual(self.service.ask("GET", path + "?a=b", check=False).status, 200, path)
            head = self.service.ask("HEAD", path)
            self.assertEqual(head.status, 200, path)
            self.assertEqual(head.headers["Content-Type"], answer.headers["Content-Type"])

    def test_serves_the_shared_files(self):
        self.assertEqual(self.service.ask("GET", "/").body, (PAGES / "index.html").read_bytes())
        self.assertEqual(self.service.ask("GET", "/openapi.json").body, (PAGES / "openapi.json").read_bytes())

    def test_other_paths_are_not_found(self):
        for path in ("/absent", "/predict/", "/predict/x", "/index.html", "/%00"):
            for method in ("GET", "POST"):
                answer = self.service.ask(method, path, check=path != "/%00")
                self.assertIn(answer.status, (404, 400) if path == "/%00" else (404,), path)
        for path in ("/../service.py", "/../../../../../../../etc/passwd", "/..%2ftests/service.py", "//etc/passwd"):
            # Or a redirection to the path without dots.
            self.assertIn(self.service.ask("GET", path, check=False).status, (301, 307, 308, 400, 404), path)

    def test_other_methods_are_not_allowed(self):
        for path in self.service.description.document["paths"]:
            allowed = {"POST"} if path == "/predict" else {"GET", "HEAD"}
            for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} - allowed:
                answer = self.service.ask(method, path, check=method != "BREW")
                self.assertEqual(answer.status, 405, f"{method} {path}")
                self.assertEqual(set(answer.headers["Allow"].split(", ")), allowed)

    def test_the_model_is_that_of_the_file(self):
        model = self.service.ask("GET", "/model").json()
        schema = json.loads(subprocess.check_output([BUILD / "bin" / "casd", "info", MODEL, "--json"]))["schema"]
        self.assertEqual((model["task"], model["outputs"]), (schema["task"], schema["outputs"]))
        self.assertEqual(model["modalities"], schema["modalities"])

    def test_metrics_count_the_answers(self):
        before = self.metrics()
        self.service.predict(self.request())
        self.service.predict("{")
        end = time.monotonic() + PATIENCE  # An answer is counted after it was sent.
        while True:
            after = self.metrics()
            if after["casd_predict_seconds_count"] >= before["casd_predict_seconds_count"] + 2:
                break
            self.assertLess(time.monotonic(), end)
        for code, n in ((200, 1), (400, 1)):
            name = f'casd_requests_total{{path="/predict",code="{code}"}}'
            self.assertEqual(after[name] - before.get(name, 0), n, name)
        self.assertEqual(after["casd_predict_seconds_count"] - before["casd_predict_seconds_count"], 2)
        self.assertEqual(after['casd_predict_seconds_bucket{le="+Inf"}'], after["casd_predict_seconds_count"])
        self.assertEqual(after["casd_requests_in_progress"], 0)
        self.assertGreater(after["casd_live_objects"], 0)

    def metrics(self):
        """Name and labels -> value; each line has to be one of the text format."""
        text = self.service.ask("GET", "/metrics").body.decode()
        self.assertTrue(text.endswith("\n"))
        values, described = {}, set()
        for line in text.splitlines():
            comment = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) .+", line)
            if comment:
                described.add((comment[1], comment[2]))
                continue
            sample = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? ([-+.eE0-9]+)', line)
            self.assertTrue(sample, line)
            family = re.sub("_(bucket|sum|count)$", "", sample[1])
            self.assertTrue({("HELP", family), ("TYPE", family)} <= described, line)
            values[line.rsplit(" ", 1)[0]] = float(sample[4])
        return values


class NumbersTest(ServiceCase):
    def test_are_those_of_the_program_under_each_mask(self):
        names = [modality["name"] for modality in self.service.ask("GET", "/model").json()["modalities"]]
        count = len(self.examples)
        self.assertGreater(count, 3)
        for size in range(1, len(names) + 1):
            for present in itertools.combinations(names, size):
                lines = subprocess.check_output(
                    [BUILD / "bin" / "casd", "predict", MODEL, "synthetic", "--split", "test", "--json",
                     "--count", str(count), "--mask", ",".join(present)], text=True).splitlines()
                for i, expected in enumerate(map(json.loads, lines)):
                    answer = self.service.predict(self.request(*present, example=i))
                    self.assertEqual(answer.status, 200)
                    self.compare(answer.json(), expected, names, present)
                    self.assertEqual(self.examples[i]["label"], expected["label"])

    def compare(self, result, expected, names, present):
        self.assertEqual({o["name"]: single(o["probability"]) for o in result["outputs"]},
                         {name: single(p) for name, p in expected["probabilities"].items()})
        for field in ("confidence", "uncertainty"):
            self.assertEqual(single(result[field]), single(expected[field]))
        self.assertEqual([m["name"] for m in result["modalities"]], names)
        for modality in result["modalities"]:
            wanted = expected["modalities"].get(modality["name"]) or {}
            self.assertEqual(modality["frames"] > 0, modality["name"] in present)
            self.assertEqual(single(modality["uncertainty"]), single(wanted.get("variance")))
            self.assertEqual(single(modality["weight"]), single(wanted.get("weight")))

    def test_null_and_empty_are_missing(self):
        alone = self.request("audio")
        expected = self.service.predict(alone).body
        for missing in (None, []):
            alone["modalities"]["language"] = missing
            self.assertEqual(self.service.predict(alone).body, expected)

    def test_a_noisy_modality_changes_the_answer(self):
        request = self.request()
        before = self.service.predict(request).json()
        request["modalities"]["audio"] = [[x + 3 for x in frame] for frame in request["modalities"]["audio"]]
        self.assertNotEqual(self.service.predict(request).json(), before)

    def test_examples_are_optional(self):
        service = self.start(examples=None)
        self.assertEqual(service.ask("GET", "/example").json(), {"examples": []})


class WrongContentTest(ServiceCase):
    OPTIONS = ("--max-body", 200_000)

    def refused(self, request, status, *parts, **more):
        answer = self.service.predict(request, **more)
        self.assertEqual(answer.status, status, answer.body)
        for part in parts:
            self.assertIn(part, answer.json()["detail"])

    def test_no_json(self):
        for text in (b"", b"{", b"[1", b"nul", b'{"modalities": {"audio": [[1,]]}}', b'{"modalities": {}} x',
                     b'{"modalities": {"audio": [[NaN]]}}', b'{"modalities": {"audio": [[01]]}}', b"\xff\xfe{}",
                     b'{"modalities": {"audio": [[.5]]}}', b'{"modalities": {"\xff": []}}', b"{'modalities': {}}",
                     b'{"modalities": {"audio": [[1]]}, /* */ "x": 1}', b"\x00", b'{"modalities": {"a\nb": null}}'):
            with self.subTest(text=text):
                self.refused(text, 400)

    def test_json_that_is_no_sample(self):
        for text in ("null", "1", '"text"', "[]", "{}", '{"modalities": null}', '{"modalities": []}',
                     '{"Modalities": {}}', '{"modalities": {"audio": [[1]]}, "more": 1}',
                     '{"modalities": {"audio": 1}}', '{"modalities": {"audio": [1]}}', '{"modalities": {"audio": {}}}',
                     '{"modalities": {"audio": [null]}}', '{"modalities": {"audio": [[]]}}',
                     '{"modalities": {"audio": "text"}}', '{"modalities": {"audio": true}}'):
            with self.subTest(text=text):
                self.refused(text, 422)
        for value in ("null", '"1"', "true", "[1]", "{}"):
            with self.subTest(value=value):
                self.refused('{"modalities": {"audio": [[' + ", ".join([value] * 12) + "]]}}", 422, "audio")

    def test_deep_nesting(self):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            text = opening * 20_000 + "1" + closing * 20_000
            self.assertIn(self.service.predict('{"modalities": {"audio": ' + text + "}}").status, (400, 422))

    def test_samples_that_do_not_fit_the_model(self):
        for features in (1, 11, 13):
            self.refused({"modalities": {"audio": [[0.5] * features]}}, 422, "audio", "12")
        self.refused({"modalities": {"audio": [[0.5] * 12, [0.5] * 11]}}, 422, "audio", "12")
        self.refused({"modalities": {"audio": [[0.5] * 6] * 2}}, 422, "audio", "6", "12")  # 12 in total
        self.refused({"modalities": {"audio": [[0.5] * 24]}}, 422, "audio", "12")
        self.refused({"modalities": {"smell": [[0.5]]}}, 422, "smell")
        self.refused({"modalities": {}}, 422)
        self.refused({"modalities": {"audio": None, "language": []}}, 422)
        self.refused({"modalities": {"audio": [[0] * 12] * 513}}, 422, "513")

    def test_numbers_out_of_range(self):
        for number in ("1e39", "-1e39", "1e999", "1" * 400):
            self.refused('{"modalities": {"audio": [[' + ", ".join([number] * 12) + "]]}}", 422, "audio")
        for number in ("1e-999", "-0", "0.1E+1", "1e38"):
            text = '{"modalities": {"audio": [[' + ", ".join([number] * 12) + "]]}}"
            self.assertEqual(self.service.predict(text).status, 200, number)

    def test_other_kinds_of_content(self):
        body = json.dumps(self.request())
        for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/jsonp"},
                        {"Content-Type": "application/json; charset=latin1"}, {"Content-Type": ";"},
                        {"Content-Type": "application/json", "Content-Encoding": "gzip"}):
            self.refused(body, 415, headers=headers)
        for kind in ("application/json; charset=utf-8", "Application/JSON;charset=UTF-8",
                     'application/json; charset="utf-8"'):
            self.assertEqual(self.service.predict(body, headers={"Content-Type": kind}).status, 200, kind)

    def test_too_long(self):
        for size in (200_001, 5_000_000):
            self.refused(b" " * size, 413, "200000")
        self.refused(b" " * 200_000, 400)

    def test_the_service_goes_on(self):
        self.assertEqual(self.service.predict(self.request()).status, 200)
        self.assertEqual(self.service.ask("GET", "/health").json(), {"status": "ok"})


if __name__ == "__main__":
    unittest.main()
