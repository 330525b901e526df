"""Reads a model file (docs/model-file.md) for the peers: options, schema and tensors."""
import json
import pathlib

import numpy as np


class ModelFile:
    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + length])
        metadata = header.pop("__metadata__")
        schema = json.loads(metadata["casd.schema"])
        self.options = json.loads(metadata["casd.options"])
        expected = {"pooling": "last", "weights": "excess_degrees_of_freedom",
                    "fused_variance": "weighted"}
        for name, value in expected.items():
            if self.options[name] != value:
                raise ValueError(f"the peers compute only {name} = {value}, not {self.options[name]}")
        if schema["task"] != "classes" or "casd.calibration" in metadata:
            raise ValueError("the peers compute only classes without calibration")
        self.modalities = [(each["name"], each["features"]) for each in schema["modalities"]]
        self.outputs = len(schema["outputs"])
        body = data[8 + length:]
        self.tensors = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            values = np.frombuffer(body[start:end], np.float32)
            self.tensors[name] = values.reshape(entry["shape"])

    def __getitem__(self, name):
        return self.tensors[name]

    def linear(self, name):
        """The weight [outputs, inputs] and the bias of a linear map."""
        return self[name + ".weight"], self[name + ".bias"]

    def convolution(self, name):
        """Weight [hidden, features, 3] and bias with the factor sqrt(hidden) of the embedding."""
        scale = np.float32(np.sqrt(self.options["hidden"]))
        return self[name + ".conv.weight"] * scale, self[name + ".conv.bias"] * scale

    def position_code(self, steps):
        """[steps, hidden]: even columns sin, odd columns cos."""
        width = self.options["hidden"]
        column = np.arange(width)
        angle = np.arange(steps)[:, None] / 10000.0 ** ((column - column % 2) / width)
        return np.where(column % 2, np.cos(angle), np.sin(angle)).astype(np.float32)


def inputs(modalities, samples, steps):
    """The same frames [samples, steps, features] for every contender."""
    random = np.random.default_rng(1)
    out = []
    for _, features in modalities:
        values = random.standard_normal((samples, steps, features), dtype=np.float32)
        values *= np.float32(1.7)
        values += np.float32(0.3)
        out.append(values)
    return out
