"""The network of a model file in PyTorch, for Python: compiled, and with nn.TransformerEncoder."""
import numpy as np
import torch
import torch.nn.functional as F

import model_file


def tensor(values):
    return torch.tensor(values.copy())


class Network(torch.nn.Module):
    """The parts that both forms share: input, evidence head, fusion, classifier."""

    def __init__(self, model):
        super().__init__()
        self.names = [name for name, _ in model.modalities]
        self.model, self.options = model, model.options
        self.hidden, self.heads = model.options["hidden"], model.options["heads"]
        self.keep("position", model.position_code(model.options["max_steps"]))
        for name in self.names:
            self.keep(f"{name} mean", model[name + ".normalizer.mean"])
            self.keep(f"{name} scale", 1 / model[name + ".normalizer.std"])
            self.keep_linear(f"{name} conv", *model.convolution(name))
            self.keep_linear(f"{name} norm", *model.linear(name + ".norm"))
            self.keep_linear(f"{name} evidence", *model.linear(name + ".evidence"))
        self.keep_linear("classifier", *model.linear("classifier"))

    def keep(self, name, values):
        self.register_buffer(name.replace(" ", "_"), tensor(values))

    def keep_linear(self, name, weight, bias):
        self.keep(name + " weight", weight)
        self.keep(name + " bias", bias)

    def get(self, name):
        return getattr(self, name.replace(" ", "_"))

    def pair(self, name):
        return self.get(name + " weight"), self.get(name + " bias")

    def norm(self, x, name):
        return F.layer_norm(x, (self.hidden,), *self.pair(name), 1e-5)

    def embed(self, frames, name):
        x = (frames - self.get(f"{name} mean")) * self.get(f"{name} scale")
        clip = self.options["input_clip"]
        if clip > 0:
            x = x.clamp(-clip, clip)
        x = F.conv1d(x.transpose(1, 2), *self.pair(f"{name} conv"), padding=1)
        return x.transpose(1, 2) + self.position[:frames.shape[1]]

    def law(self, x, name):
        """x: [samples, hidden] after the last layer."""
        raw = F.linear(self.norm(x, f"{name} norm"), *self.pair(f"{name} evidence"))
        gamma, delta, alpha, beta = raw.chunk(4, 1)
        options = self.options
        delta = (F.softplus(delta) + options["delta_min"]).clamp(max=options["delta_max"])
        alpha = (F.softplus(alpha) + options["alpha_min"]).clamp(max=options["alpha_max"])
        return gamma, delta, alpha, F.softplus(beta) + options["beta_min"]

    def forward(self, *frames):
        laws = [self.law(self.encode(self.embed(x, name), name), name)
                for x, name in zip(frames, self.names)]
        total = sum(2 * alpha - 2 for _, _, alpha, _ in laws)
        location = variance = 0
        for gamma, delta, alpha, beta in laws:
            share = (2 * alpha - 2) / total
            aleatoric = beta / (alpha - 1)
            location = location + share * gamma
            variance = variance + share * share * (aleatoric + aleatoric / delta)
        return F.linear(location, *self.pair("classifier")), variance.mean(1)


class Plain(Network):
    """Written for speed: of the last layer only the last frame, one product for keys and values."""

    def __init__(self, model):
        super().__init__(model)
        for name in self.names:
            for index in range(self.options["layers"]):
                layer = f"{name}.encoder.{index}."
                for part in ("norm1", "norm2", "attention.query", "attention.output",
                             "feed_forward.0", "feed_forward.1"):
                    self.keep_linear((layer + part).replace(".", " "), *model.linear(layer + part))
                key = model.linear(layer + "attention.key")
                value = model.linear(layer + "attention.value")
                joined = [np.concatenate([a, b]) for a, b in zip(key, value)]
                self.keep_linear((layer + "key_value").replace(".", " "), *joined)

    def encode(self, x, name):
        samples, steps, _ = x.shape
        size = self.hidden // self.heads
        for index in range(self.options["layers"]):
            layer = f"{name} encoder {index} "
            normed = self.norm(x, layer + "norm1")
            source = normed
            if index + 1 == self.options["layers"]:
                source, x = normed[:, -1:], x[:, -1:]
            query = F.linear(source, *self.pair(layer + "attention query"))
            query = query.view(samples, -1, self.heads, size).transpose(1, 2)
            both = F.linear(normed, *self.pair(layer + "key_value"))
            key, value = both.view(samples, steps, 2, self.heads, size).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(query, key, value)
            mixed = mixed.transpose(1, 2).reshape(samples, -1, self.hidden)
            x = x + F.linear(mixed, *self.pair(layer + "attention output"))
            wide = F.relu(F.linear(self.norm(x, layer + "norm2"),
                                   *self.pair(layer + "feed_forward 0")))
            x = x + F.linear(wide, *self.pair(layer + "feed_forward 1"))
        return x[:, -1]


class WithTransformer(Network):
    """As a user of PyTorch would write it."""

    def __init__(self, model):
        super().__init__(model)
        options = self.options
        self.encoders = torch.nn.ModuleDict()
        for name in self.names:
            layer = torch.nn.TransformerEncoderLayer(
                self.hidden, self.heads, options["feed_forward"], dropout=0, batch_first=True,
                norm_first=True)
            encoder = torch.nn.TransformerEncoder(layer, options["layers"],
                                                  enable_nested_tensor=False)
            for index, each in enumerate(encoder.layers):
                self.copy(model, f"{name}.encoder.{index}.", each)
            self.encoders[name] = encoder

    @staticmethod
    @torch.no_grad()
    def copy(model, prefix, layer):
        attention = layer.self_attn
        parts = [model.linear(f"{prefix}attention.{part}") for part in ("query", "key", "value")]
        attention.in_proj_weight.copy_(torch.cat([tensor(weight) for weight, _ in parts]))
        attention.in_proj_bias.copy_(torch.cat([tensor(bias) for _, bias in parts]))
        for module, name in ((attention.out_proj, "attention.output"),
                             (layer.linear1, "feed_forward.0"), (layer.linear2, "feed_forward.1"),
                             (layer.norm1, "norm1"), (layer.norm2, "norm2")):
            weight, bias = model.linear(prefix + name)
            module.weight.copy_(tensor(weight))
            module.bias.copy_(tensor(bias))

    def encode(self, x, name):
        return self.encoders[name](x)[:, -1]


class Torch:
    def __init__(self, form):
        self.form = form

    def start(self):
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)

    def load(self, path):
        kind = Plain if self.form == "compile" else WithTransformer
        self.network = kind(model_file.ModelFile(path)).eval()

    def prediction(self, frames):
        network, mode = self.network, torch.inference_mode
        if self.form == "compile":
            from torch._inductor import config
            config.freezing = True
            network, mode = torch.compile(network, dynamic=False), torch.no_grad
        values = [torch.from_numpy(each) for each in frames]
        results = []

        def call():
            with mode():
                results[:] = network(*values)

        def outputs():
            return tuple(each.flatten().tolist() for each in results)
        return call, outputs
