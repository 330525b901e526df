"""Writes the network of a model file as ONNX (opset 17), directly as protobuf.

Two forms: `standard` uses only operators of ONNX; `contrib` uses ONNX Runtime's own operators for
attention and for residual with layer norm. Both compute of the last layer only the last frame, as CASD
does.
"""
import struct

import numpy as np

FLOAT, INT64 = 1, 7


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, value):
    """A field of text, bytes or a message."""
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    if isinstance(value, float):
        return message(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return message(1, name) + number(3, value) + number(20, 2)
    return message(1, name) + b"".join(number(8, each) for each in value) + number(20, 7)


class Graph:
    def __init__(self, name):
        self.body = message(2, name)
        self.count = 0
        self.constants = {}

    def fresh(self):
        self.count += 1
        return f"t{self.count}"

    def constant(self, value, name=None):
        value = np.asarray(value, order="C")
        kind = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}[value.dtype]
        key = (kind, value.shape, value.tobytes())
        if key not in self.constants:
            self.constants[key] = name or self.fresh()
            tensor = b"".join(number(1, side) for side in value.shape) + number(2, kind)
            tensor += message(8, self.constants[key]) + message(9, value.tobytes())
            self.body += message(5, tensor)
        return self.constants[key]

    def scalar(self, value):
        return self.constant(np.array(value, np.float32))

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def run(self, kind, *arguments, outputs=None, domain="", **attributes):
        outputs = outputs or [self.fresh()]
        node = b"".join(message(1, each) for each in arguments)
        node += b"".join(message(2, each) for each in outputs)
        node += message(3, f"{kind}_{outputs[0]}") + message(4, kind)
        node += b"".join(message(5, attribute(*each)) for each in attributes.items())
        self.body += message(1, node + (message(7, domain) if domain else b""))
        return outputs[0]

    def value(self, field, name, shape):
        """An input (field 11) or output (field 12)."""
        sides = b"".join(message(1, number(1, side)) for side in shape)
        tensor = number(1, FLOAT) + message(2, sides)
        self.body += message(field, message(1, name) + message(2, message(1, tensor)))

    def save(self, path):
        sets = message(8, message(1, "") + number(2, 17))
        sets += message(8, message(1, "com.microsoft") + number(2, 1))
        with open(path, "wb") as file:
            file.write(number(1, 8) + message(2, "casd") + message(7, self.body) + sets)


class Network:
    def __init__(self, model, samples, steps, form):
        self.model, self.samples, self.steps = model, samples, steps
        self.contrib = form == "contrib"
        self.graph = Graph("casd")
        self.hidden, self.heads = model.options["hidden"], model.options["heads"]

    def linear(self, x, name):
        """x: [rows, inputs]."""
        weight, bias = self.model.linear(name)
        graph = self.graph
        return graph.run("Gemm", x, graph.constant(weight.T), graph.constant(bias))

    def norm(self, x, name):
        weight, bias = self.model.linear(name)
        graph = self.graph
        return graph.run("LayerNormalization", x, graph.constant(weight), graph.constant(bias),
                         axis=-1, epsilon=1e-5)

    def add_and_norm(self, x, change, name):
        """(x + change, its norm)."""
        graph = self.graph
        if not self.contrib:
            total = graph.run("Add", x, change)
            return total, self.norm(total, name)
        weight, bias = self.model.linear(name)
        outputs = [graph.fresh(), "", "", graph.fresh()]
        graph.run("SkipLayerNormalization", x, change, graph.constant(weight), graph.constant(bias),
                  outputs=outputs, domain="com.microsoft", epsilon=1e-5)
        return outputs[3], outputs[0]

    def attend(self, query, key, value, queries):
        """query: [samples * queries, hidden], key and value: [samples * steps, hidden]."""
        graph, size = self.graph, self.hidden // self.heads
        if self.contrib:
            sides = [(query, queries), (key, self.steps), (value, self.steps)]
            parts = [graph.run("Reshape", x, graph.integers(self.samples, t, self.hidden))
                     for x, t in sides]
            mixed = graph.run("MultiHeadAttention", *parts, domain="com.microsoft",
                              num_heads=self.heads, scale=float(size) ** -0.5)
        else:
            def split(x, steps, order):
                shape = graph.integers(self.samples, steps, self.heads, size)
                return graph.run("Transpose", graph.run("Reshape", x, shape), perm=order)
            scaled = graph.run("Mul", split(query, queries, [0, 2, 1, 3]),
                               graph.scalar(float(size) ** -0.5))
            scores = graph.run("MatMul", scaled, split(key, self.steps, [0, 2, 3, 1]))
            weights = graph.run("Softmax", scores, axis=-1)
            mixed = graph.run("MatMul", weights, split(value, self.steps, [0, 2, 1, 3]))
            mixed = graph.run("Transpose", mixed, perm=[0, 2, 1, 3])
        return graph.run("Reshape", mixed, graph.integers(-1, self.hidden))

    def last_frame(self, x):
        """[samples * steps, hidden] -> [samples, hidden]."""
        graph = self.graph
        if self.samples == 1:
            return graph.run("Slice", x, graph.integers(self.steps - 1),
                             graph.integers(self.steps), graph.integers(0))
        cube = graph.run("Reshape", x, graph.integers(self.samples, self.steps, self.hidden))
        index = graph.constant(np.array(self.steps - 1, np.int64))
        return graph.run("Gather", cube, index, axis=1)

    def embed(self, frames, name):
        """Standardises and clips, then convolution and position code: [samples * steps, hidden]."""
        graph, model = self.graph, self.model
        x = graph.run("Sub", frames, graph.constant(model[name + ".normalizer.mean"]))
        x = graph.run("Mul", x, graph.constant(1 / model[name + ".normalizer.std"]))
        clip = model.options["input_clip"]
        if clip > 0:
            x = graph.run("Clip", x, graph.scalar(-clip), graph.scalar(clip))
        weight, bias = model.convolution(name)
        x = graph.run("Conv", graph.run("Transpose", x, perm=[0, 2, 1]), graph.constant(weight),
                      graph.constant(bias), kernel_shape=[3], pads=[1, 1])
        x = graph.run("Transpose", x, perm=[0, 2, 1])
        x = graph.run("Add", x, graph.constant(model.position_code(self.steps)))
        return graph.run("Reshape", x, graph.integers(-1, self.hidden))

    def encode(self, frames, name):
        """gamma, delta, alpha, beta, each [samples, hidden]."""
        graph, options = self.graph, self.model.options
        x = self.embed(frames, name)
        layers = options["layers"]
        normed = self.norm(x, f"{name}.encoder.0.norm1")
        for index in range(layers):
            layer = f"{name}.encoder.{index}"
            last = index + 1 == layers
            source, queries = normed, self.steps
            if last:
                source, x, queries = self.last_frame(normed), self.last_frame(x), 1
            mixed = self.attend(self.linear(source, layer + ".attention.query"),
                                self.linear(normed, layer + ".attention.key"),
                                self.linear(normed, layer + ".attention.value"), queries)
            change = self.linear(mixed, layer + ".attention.output")
            x, normed = self.add_and_norm(x, change, layer + ".norm2")
            wide = graph.run("Relu", self.linear(normed, layer + ".feed_forward.0"))
            change = self.linear(wide, layer + ".feed_forward.1")
            after = f"{name}.norm" if last else f"{name}.encoder.{index + 1}.norm1"
            x, normed = self.add_and_norm(x, change, after)
        raw = [graph.fresh() for _ in range(4)]
        graph.run("Split", self.linear(normed, name + ".evidence"), outputs=raw, axis=1)

        def positive(x, least, most=None):
            x = graph.run("Add", graph.run("Softplus", x), graph.scalar(options[least]))
            return graph.run("Min", x, graph.scalar(options[most])) if most else x
        return (raw[0], positive(raw[1], "delta_min", "delta_max"),
                positive(raw[2], "alpha_min", "alpha_max"), positive(raw[3], "beta_min"))

    def fuse(self, laws):
        """The fused location [samples, hidden] and the mean of the fused variance [samples, 1]."""
        graph = self.graph
        one, two = graph.scalar(1), graph.scalar(2)
        weights, variances = [], []
        for _, delta, alpha, beta in laws:
            excess = graph.run("Sub", alpha, one)
            weights.append(graph.run("Mul", excess, two))
            aleatoric = graph.run("Div", beta, excess)
            variances.append(graph.run("Add", aleatoric, graph.run("Div", aleatoric, delta)))
        total = graph.run("Sum", *weights)
        shares = [graph.run("Div", weight, total) for weight in weights]
        location = graph.run("Sum", *[graph.run("Mul", share, law[0])
                                      for share, law in zip(shares, laws)])
        variance = graph.run("Sum", *[graph.run("Mul", graph.run("Mul", share, share), each)
                                      for share, each in zip(shares, variances)])
        return location, graph.run("ReduceMean", variance, axes=[1], keepdims=1)

    def write(self, path):
        graph, model = self.graph, self.model
        laws = []
        for index, (name, features) in enumerate(model.modalities):
            graph.value(11, f"x{index}", [self.samples, self.steps, features])
            laws.append(self.encode(f"x{index}", name))
        location, variance = self.fuse(laws)
        weight, bias = model.linear("classifier")
        graph.run("Gemm", location, graph.constant(weight.T), graph.constant(bias),
                  outputs=["logits"])
        graph.run("Identity", variance, outputs=["uncertainty"])
        graph.value(12, "logits", [self.samples, model.outputs])
        graph.value(12, "uncertainty", [self.samples, 1])
        graph.save(path)


def write(model, path, samples, steps, form):
    Network(model, samples, steps, form).write(path)
