"""Starts the service under test and sends requests to it. All of them stay on this machine."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

import contract

FOLDER = pathlib.Path(os.environ["CASD_SERVICE_FOLDER"])
BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"])
LANGUAGE = os.environ["CASD_SERVICE_LANGUAGE"]
PAGES = pathlib.Path(__file__).resolve().parents[1]
MODEL = FOLDER / "test.casd"
PATIENCE = 60  # seconds; only an error needs them


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)


class Service:
    """A running service."""

    def __init__(self, *options, examples="synthetic"):
        command = [FOLDER / "program" / "service", MODEL, "--address", "127.0.0.1:0", "--pages", PAGES]
        command += ["--examples", examples] if examples else []
        self.log = open(FOLDER / "service.log", "w+")
        self.process = subprocess.Popen(
            [*map(str, command), *map(str, options)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=FOLDER)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the service does not listen: {line!r}; {self.messages()}")
        self.port = int(found.group(1))
        self.description = contract.Description(PAGES / "openapi.json")

    def messages(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, connection=None, check=True):
        """One request. The answer has to be as openapi.json describes it."""
        own = connection or self.connect()
        try:
            if body is not None and headers is None:
                headers = {"Content-Type": "application/json"}
            own.request(method, path, body, headers or {})
            answer = Answer(own.getresponse())
        finally:
            if connection is None:
                own.close()
        if check:
            self.description.check(method, path, answer)
        return answer

    def predict(self, request, **more):
        body = request if isinstance(request, (bytes, str)) else json.dumps(request)
        return self.ask("POST", "/predict", body.encode() if isinstance(body, str) else body, **more)

    def raw(self, data=b"", half_close=False):
        """A socket that sent these bytes."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        plain.sendall(data)
        if half_close:
            plain.shutdown(socket.SHUT_WR)
        return plain

    def answer_on(self, plain, method="POST", path="/predict", check=True):
        """The answer that arrives on a socket; None if the service closed it without one."""
        response = http.client.HTTPResponse(plain, method=method)
        try:
            response.begin()
            answer = Answer(response)
        except (http.client.BadStatusLine, ConnectionResetError):
            return None
        if check:
            self.description.check(method, path, answer)
        return answer

    def stop(self):
        """SIGTERM; returns the number of requests that the service accepted."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        code = self.process.wait(PATIENCE)
        messages = self.messages()
        if code != 0:
            raise AssertionError(f"exit status {code}: {messages}")
        return int(re.search(r"^stopped: (\d+) requests accepted$", messages, re.M).group(1))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


class ServiceCase(unittest.TestCase):
    """Tests that share one service."""

    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.service = Service(*cls.OPTIONS)
        cls.addClassCleanup(cls.service.close)
        cls.examples = cls.service.ask("GET", "/example").json()["examples"]

    def start(self, *options, **more):
        """A service of this test alone."""
        service = Service(*options, **more)
        self.addCleanup(service.close)
        return service

    def request(self, *present, example=0):
        """The request of an example with these modalities, or with all."""
        frames = self.examples[example]["modalities"]
        return {"modalities": {name: frames[name] for name in (present or frames)}}


def head(length, path="/predict", more=""):
    """The head of a POST request for /predict."""
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n{more}\r\n").encode()
