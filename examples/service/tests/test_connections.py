"""Malformed, slow, half-closed and too many requests, byte by byte."""
import contextlib
import json
import os
import socket
import threading
import time

from service import LANGUAGE, PATIENCE, ServiceCase, head


class MalformedTest(ServiceCase):
    def test_heads_that_are_no_http(self):
        for data in (b"\r\n\r\n\r\n", b"nonsense\r\n\r\n", b"POST\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
                     b"POST /predict HTTP/9.9\r\n\r\n", b"POST /predict HTTP/1.1\r\nno colon\r\n\r\n",
                     b"GET / HTTP/1.1\r\n\x00: \xff\r\n\r\n", b"\xff" * 100 + b"\r\n\r\n",
                     head("ten"), head("-1"), head("1e3"), head(str(10**30))):
            with self.subTest(data=data), self.service.raw(data, half_close=True) as plain:
                answer = self.service.answer_on(plain, check=False)
                if answer is not None:  # else the connection was closed
                    self.assertTrue(400 <= answer.status < 600, answer.status)
        self.alive()

    def test_random_bytes(self):
        for _ in range(50):
            with self.service.raw(os.urandom(300) + b"\r\n\r\n", half_close=True) as plain:
                answer = self.service.answer_on(plain, check=False)
                self.assertTrue(answer is None or answer.status >= 400)
        self.alive()

    def test_a_large_head_is_refused(self):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError), \
                self.service.raw(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n") as plain:
            for _ in range(64):
                plain.sendall(b"X-Large: " + b"x" * 16_000 + b"\r\n")
            plain.sendall(b"\r\n")
            answer = self.service.answer_on(plain, "GET", "/health", check=False)
            self.assertTrue(answer is None or 400 <= answer.status < 500, answer)
        self.alive()

    def test_a_request_without_length(self):
        lines = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        for more in ("", "Transfer-Encoding: chunked\r\n"):
            body = b"2\r\n{}\r\n0\r\n\r\n" if more else b""
            with self.service.raw((lines + more + "\r\n").encode() + body) as plain:
                answer = self.service.answer_on(plain, check=False)
                self.assertEqual(answer.status, 411)
                # The HTTP server of .NET answers one of the two itself.
                if LANGUAGE != "csharp" or more:
                    self.service.description.check("POST", "/predict", answer)
        self.alive()

    def test_a_request_that_is_too_long_is_answered_before_its_body(self):
        with self.service.raw(head(10**12)) as plain:
            self.assertEqual(self.service.answer_on(plain).status, 413)
        self.alive()

    def test_several_requests_on_one_connection(self):
        connection = self.service.connect()
        for example in (0, 1, 0):
            answer = self.service.predict(self.request(example=example), connection=connection)
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.service.predict('{"modalities": {}}', connection=connection).status, 422)
        self.assertEqual(self.service.predict(self.request(), connection=connection).status, 200)
        connection.close()

    def alive(self):
        self.assertEqual(self.service.ask("GET", "/health").json(), {"status": "ok"})


class HalfClosedTest(ServiceCase):
    def test_a_client_that_closes_its_side_gets_the_answer(self):
        body = json.dumps(self.request()).encode()
        expected = self.service.predict(body).body
        with self.service.raw(head(len(body)) + body, half_close=True) as plain:
            answer = self.service.answer_on(plain)
            self.assertEqual((answer.status, answer.body), (200, expected))

    def test_a_body_that_ends_early(self):
        with self.service.raw(head(100) + b'{"modalities"', half_close=True) as plain:
            self.assertEqual(self.service.answer_on(plain).status, 400)

    def test_a_head_that_ends_early(self):
        with self.service.raw(head(100)[:-4], half_close=True) as plain:
            answer = self.service.answer_on(plain, check=False)
            self.assertTrue(answer is None or answer.status == 400)

    def test_clients_that_leave(self):
        body = json.dumps(self.request()).encode()
        for length in (0, 10, len(head(1000)), len(head(1000)) + len(body)):
            for _ in range(10):
                self.service.raw((head(len(body)) + body)[:length]).close()
        self.assertEqual(self.service.predict(body).status, 200)


class SlowTest(ServiceCase):
    OPTIONS = ("--seconds", 1)

    def test_a_slow_body(self):
        with self.service.raw(head(100) + b"{") as plain:
            answer = self.service.answer_on(plain)
            self.assertEqual((answer.status, answer.headers["Connection"]), (408, "close"))
            self.assertEqual(plain.recv(1), b"")

    def test_a_body_that_comes_after_the_answer(self):
        """A client that sends before it reads gets the answer: the connection is not closed at once."""
        with self.service.raw(head(100) + b"{") as plain:
            plain.recv(1, socket.MSG_PEEK)
            for _ in range(20):  # the first packet on a closed connection has no error, the next one has
                plain.sendall(b" ")
                time.sleep(0.01)
            self.assertEqual(self.service.answer_on(plain).status, 408)

    def test_a_head_that_comes_after_the_answer(self):
        if LANGUAGE != "go":
            return  # the HTTP servers of the other languages close the connection without an answer
        for begin in (b"", head(2)[:20]):
            with self.subTest(begin=begin), self.service.raw(begin) as plain:
                plain.recv(1, socket.MSG_PEEK)
                for _ in range(20):
                    plain.sendall(b"x")
                    time.sleep(0.01)
                answer = self.service.answer_on(plain)
                self.assertEqual((answer.status, answer.headers["Connection"]), (408, "close"))
                self.assertEqual(plain.recv(1), b"")

    def test_a_late_second_head(self):
        if LANGUAGE != "go":
            return
        with self.service.raw(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as plain:
            self.assertEqual(self.service.answer_on(plain, "GET", "/health").status, 200)
            plain.sendall(head(2)[:20])
            self.assertEqual(self.service.answer_on(plain).status, 408)

    def test_a_body_that_trickles(self):
        with self.service.raw(head(100_000)) as plain:
            plain.settimeout(0.05)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:  # the service has to end it
                try:
                    plain.sendall(b" ")
                    if plain.recv(1, socket.MSG_PEEK) is not None:
                        break
                except TimeoutError:
                    pass
            plain.settimeout(PATIENCE)
            self.assertEqual(self.service.answer_on(plain).status, 408)

    def test_slow_heads_do_not_keep_others_waiting(self):
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(self.service.raw(head(10)[:20])) for _ in range(100)]
            for _ in range(5):
                self.assertEqual(self.service.predict(self.request()).status, 200)
            if LANGUAGE == "csharp":
                return  # .NET's HTTP server closes them after 90 seconds, which cannot be changed
            for plain in slow:
                plain.settimeout(PATIENCE)
                with contextlib.suppress(ConnectionResetError):
                    while plain.recv(1000):  # perhaps an answer with 408
                        pass

    def test_slow_bodies_do_not_keep_others_waiting(self):
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(self.service.raw(head(10)))
            for _ in range(5):
                self.assertEqual(self.service.predict(self.request()).status, 200)

    def test_clients_that_do_not_read(self):
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                plain = stack.enter_context(self.service.raw())
                plain.setblocking(False)
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    for _ in range(500):
                        plain.send(b"GET /example HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            self.assertEqual(self.service.predict(self.request()).status, 200)


class TooManyTest(ServiceCase):
    OPTIONS = ("--requests", 2, "--workers", 1)

    def test_more_requests_than_allowed(self):
        body = json.dumps(self.request()).encode()
        with self.service.raw(head(len(body)) + body[:10]) as one, \
                self.service.raw(head(len(body)) + body[:10]) as two:
            end = time.monotonic() + PATIENCE
            while b"casd_requests_in_progress 2" not in self.service.ask("GET", "/metrics").body:
                self.assertLess(time.monotonic(), end)
            answer = self.service.predict(body)
            self.assertEqual(answer.status, 503)
            self.assertIn("2 requests", answer.json()["detail"])
            self.assertEqual(self.service.ask("GET", "/health").status, 200)
            for plain in (one, two):
                plain.sendall(body[10:])
                self.assertEqual(self.service.answer_on(plain).status, 200)
        while b"casd_requests_in_progress 0" not in self.service.ask("GET", "/metrics").body:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.service.predict(body).status, 200)


class BusyTest(ServiceCase):
    OPTIONS = ("--workers", 1, "--seconds", 0.05)

    def test_requests_that_no_worker_is_free_for(self):
        """Long requests, more than can be computed in time: each is answered, late ones with 503."""
        frames = self.examples[0]["modalities"]
        body = json.dumps({"modalities": {name: (value * 512)[:512] for name, value in frames.items()}}).encode()
        answers, errors = [], []
        end = time.monotonic() + PATIENCE

        def late():
            return any(answer.status == 503 for answer in answers)

        def client():
            try:
                for _ in range(3):
                    answers.append(self.service.predict(body))
                while not late() and time.monotonic() < end:  # on a fast machine
                    answers.append(self.service.predict(body))
            except Exception as error:  # of a thread: unittest would not see it
                errors.append(error)

        clients = [threading.Thread(target=client) for _ in range(16)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join(2 * PATIENCE)
        self.assertEqual(errors, [])
        statuses = [answer.status for answer in answers]
        self.assertGreaterEqual(len(statuses), 48)
        self.assertLessEqual(set(statuses), {200, 408, 503})  # 408: the head or body came late, on a slow machine
        print(", ".join(f"{statuses.count(code)} times {code}" for code in sorted(set(statuses))), end=" ... ")
        self.assertTrue(late())
        for answer in answers:
            if answer.status == 503:
                self.assertEqual(answer.headers["Retry-After"], "1")
                self.assertIn("no worker was free within", answer.json()["detail"])
        while self.service.predict(self.request()).status != 200:
            self.assertLess(time.monotonic(), end)
