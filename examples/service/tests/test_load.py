"""Many clients at once, and SIGTERM while they send. Everything is bounded in requests and time."""
import http.client
import json
import os
import threading
import time

from service import PATIENCE, Answer, ServiceCase, head

CLIENTS = 64
SECONDS = float(os.environ.get("CASD_SERVICE_SECONDS", 5))
REQUESTS = 200_000  # of all clients together, at most


class Client(threading.Thread):
    """Sends requests until an event, its limit or the end of the service."""

    def __init__(self, service, pairs, stop, keep_alive=True):
        super().__init__()
        self.service, self.pairs, self.stop, self.keep_alive = service, pairs, stop, keep_alive
        self.answered, self.wrong, self.cut, self.refused = 0, [], [], 0

    def run(self):
        connection = self.service.connect()
        for i in range(REQUESTS // CLIENTS):
            if self.stop.is_set():
                break
            body, expected = self.pairs[i % len(self.pairs)]
            response = None
            try:
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"} | (
                    {} if self.keep_alive else {"Connection": "close"}))
                response = connection.getresponse()
                answer = Answer(response)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if response is None and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                    self.refused += 1  # not a byte of an answer
                    if isinstance(error, ConnectionRefusedError):
                        break
                else:
                    self.cut.append(repr(error))
                continue
            if answer.status == 503 and b"the service stops" in answer.body:
                self.refused += 1
                break
            self.answered += 1
            if (answer.status, answer.body) != (200, expected):
                self.wrong.append((answer.status, answer.body))
        connection.close()


class LoadTest(ServiceCase):
    def pairs(self):
        """Requests of several samples and masks with the right answers."""
        out = []
        for example in range(4):
            for present in ((), ("audio",), ("language", "visual")):
                body = json.dumps(self.request(*present, example=example)).encode()
                out.append((body, self.service.predict(body).body))
        return out

    def run_clients(self, service, pairs, seconds, keep_alive=True, at_end=None):
        stop = threading.Event()
        clients = [Client(service, pairs[i % len(pairs):] + pairs[:i % len(pairs)], stop, keep_alive)
                   for i in range(CLIENTS)]
        for client in clients:
            client.start()
        stop.wait(seconds)
        result = at_end() if at_end else None
        if at_end is None:
            stop.set()
        for client in clients:
            client.join(PATIENCE)
            self.assertFalse(client.is_alive(), "a client still waits for its answer")
        self.assertEqual([client.wrong[0] for client in clients if client.wrong], [])
        self.assertEqual([client.cut[0] for client in clients if client.cut], [])
        return clients, result

    def test_64_clients_at_once(self):
        for keep_alive in (True, False):
            begin = time.monotonic()
            clients, _ = self.run_clients(self.service, self.pairs(), SECONDS / 2, keep_alive)
            self.assertEqual(sum(client.refused for client in clients), 0)
            total = sum(client.answered for client in clients)
            self.assertTrue(all(client.answered for client in clients))
            print(f"{total} answers for {CLIENTS} clients in {time.monotonic() - begin:.1f} s,",
                  "connections kept" if keep_alive else "a connection for each request", end=" ... ", flush=True)

    def test_sigterm_under_load(self):
        pairs = self.pairs()
        for keep_alive in (True, False):
            service = self.start()
            clients, accepted = self.run_clients(service, pairs, 1, keep_alive, at_end=service.stop)
            # Each request that the service accepted was answered, to its end.
            answered = sum(client.answered for client in clients)
            self.assertEqual(accepted, answered)
            self.assertGreater(answered, 0)

    def test_requests_that_are_in_progress_at_sigterm(self):
        service = self.start()
        body = json.dumps(self.request()).encode()
        expected = self.service.predict(body).body
        start = head(len(body)) + body[:10]
        with service.raw(start) as first, service.raw(start) as second, service.raw():
            end = time.monotonic() + PATIENCE
            while b"casd_requests_in_progress 2" not in service.ask("GET", "/metrics").body:
                self.assertLess(time.monotonic(), end)
            service.process.terminate()
            self.until_refused(service, end)
            for plain in (first, second):
                time.sleep(0.5)  # a service that does not wait has ended by then
                self.assertIsNone(service.process.poll())
                plain.sendall(body[10:])
                answer = service.answer_on(plain)
                self.assertEqual((answer.status, answer.body, answer.headers["Connection"]),
                                 (200, expected, "close"))
        service.ended()

    def until_refused(self, service, end):
        """Waits until no request is accepted: there is no connection, or the answer is 503."""
        while time.monotonic() < end:
            try:
                if service.predict(b"{}").status == 503:
                    self.assertEqual(service.ask("GET", "/health").json(), {"status": "stopping"})
                    return
            except (ConnectionError, http.client.RemoteDisconnected):
                return
        self.fail("the service still accepts requests")

    def test_sigterm_without_requests(self):
        service = self.start()
        begin = time.monotonic()
        service.stop()
        self.assertLess(time.monotonic() - begin, PATIENCE / 2)
