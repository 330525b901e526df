"""Holds answers to openapi.json."""
import json

import jsonschema

HEADERS = {"content-length", "content-type", "connection", "date", "allow", "retry-after", "server",
           "transfer-encoding", "keep-alive"}


class Description:
    def __init__(self, path):
        self.document = json.loads(path.read_text())
        assert self.document["openapi"].startswith("3.1")

    def resolve(self, item):
        while "$ref" in item:
            target = self.document
            for part in item["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            item = target
        return item

    def validate(self, value, schema):
        # The dialect of OpenAPI 3.1 is that of JSON Schema 2020-12; references are to the document.
        resolver = jsonschema.RefResolver("", self.document)
        jsonschema.Draft202012Validator(schema, resolver=resolver).validate(value)

    def check_schemas(self):
        """The schemas are schemas, and the examples of requests match them."""
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        media = self.document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        self.validate(media["example"], media["schema"])

    def responses(self, method, path):
        """The described responses by status; for another path or method those that any path has."""
        operations = self.document["paths"].get(path.split("?")[0])
        problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        if operations is None:
            return {"404": problem}
        operation = operations.get("get" if method == "HEAD" else method.lower())
        if operation is None:
            return {"405": self.document["components"]["responses"]["MethodNotAllowed"]}
        return operation["responses"]

    def check(self, method, path, answer):
        """Raises an AssertionError or a ValidationError if the answer is not described."""
        where = f"{method} {path}: {answer.status}"
        responses = self.responses(method, path)
        assert str(answer.status) in responses, f"{where} is not described, only {sorted(responses)}"
        response = self.resolve(responses[str(answer.status)])
        kind, _, parameters = answer.headers.get("Content-Type", "").partition(";")
        assert list(response["content"]) == [kind], f"{where}: {kind}, not {list(response['content'])}"
        assert kind not in ("text/html", "text/plain") or "charset=utf-8" in parameters, f"{where}: {parameters}"
        unknown = {name.lower() for name in answer.headers} - HEADERS
        assert not unknown, f"{where}: headers {unknown}"
        for name, header in response.get("headers", {}).items():
            assert name in answer.headers, f"{where}: no {name}"
            if header["schema"]["type"] == "integer":
                self.validate(int(answer.headers[name]), header["schema"])
        if method == "HEAD":
            assert answer.body == b"", f"{where}: a body"
            return
        assert int(answer.headers["Content-Length"]) == len(answer.body), f"{where}: Content-Length"
        if "json" in kind:
            value = answer.json()
            self.validate(value, response["content"][kind]["schema"])
            if kind == "application/problem+json":
                assert value["status"] == answer.status, f"{where}: {value}"
