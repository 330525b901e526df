"""What is compared. Each contender loads a model file and returns functions that run one call.

Interface: `start()` imports the library, `load(path)` reads a model (timed), `prediction(frames)` returns
(call, outputs) where `call()` runs a batch and `outputs()` gives its logits and uncertainties, flat.
"""
import ctypes
import pathlib
import tempfile

import numpy as np

import model_file
import onnx_file
from casd_library import FIELD_LOGITS, FIELD_UNCERTAINTY, PHASE_STUDENT, Library


class Casd:
    def __init__(self, library, engine):
        self.path, self.engine = library, engine
        self.model = self.predictor = None

    def start(self):
        self.library = Library(self.path)

    def load(self, path):
        self.library.destroy("predictor", self.predictor)
        self.library.destroy("model", self.model)
        self.model = self.library.load_model(path)
        self.predictor = self.library.predictor(self.model, self.engine)

    def prediction(self, frames):
        library = self.library
        schema = library.create("casd_model_schema", self.model)
        batch = library.batch(schema, frames)
        prediction = library.create("casd_prediction_create")
        samples = len(frames[0])

        def outputs():
            return (library.table(prediction, FIELD_LOGITS, 2 * samples),
                    library.table(prediction, FIELD_UNCERTAINTY, samples))
        return library.predict_call(prediction, self.predictor, batch), outputs

    def training(self, frames):
        library = self.library
        schema = library.create("casd_model_schema", self.model)
        batch = library.batch(schema, frames)
        trainer = library.trainer(self.model, self.engine)
        library.call("casd_trainer_prepare_batch", trainer, batch)
        library.call("casd_trainer_set_phase", trainer, ctypes.c_int32(PHASE_STUDENT))

        def call():
            library.call("casd_train_step", None, trainer, batch)
        return call


class OnnxRuntime:
    def __init__(self, form):
        self.form = form

    def start(self):
        import onnxruntime
        self.runtime = onnxruntime

    def session(self, path):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return self.runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def write(self, samples, steps):
        path = str(pathlib.Path(self.folder.name) / f"{samples}.onnx")
        onnx_file.write(self.model, path, samples, steps, self.form)
        return path

    def prepare(self, path):
        self.folder = tempfile.TemporaryDirectory()
        self.model = model_file.ModelFile(path)
        self.single = self.write(1, 50)

    def load(self, path):
        self.session(self.single)

    def prediction(self, frames):
        samples, steps = frames[0].shape[:2]
        session = self.session(self.write(samples, steps))
        binding = session.io_binding()
        value = self.runtime.OrtValue.ortvalue_from_numpy
        # The binding does not keep the memory of the values.
        binding.values = [value(each) for each in frames]
        for index, each in enumerate(binding.values):
            binding.bind_ortvalue_input(f"x{index}", each)
        results = {name: value(np.zeros(shape, np.float32)) for name, shape in
                   (("logits", (samples, self.model.outputs)), ("uncertainty", (samples, 1)))}
        for name, each in results.items():
            binding.bind_ortvalue_output(name, each)

        def call():
            session.run_with_iobinding(binding)

        def outputs():
            return tuple(results[name].numpy().ravel().tolist() for name in results)
        return call, outputs


class TorchPython:
    def __init__(self, form):
        self.form = form

    def start(self):
        import torch_peers
        self.torch = torch_peers.Torch(self.form)
        self.torch.start()
        self.load, self.prediction = self.torch.load, self.torch.prediction


def make(name, library):
    """The contender of a name in ORDER."""
    if name.startswith("casd-"):
        return Casd(library, name[len("casd-"):])
    if name.startswith("onnx-"):
        return OnnxRuntime(name[len("onnx-"):])
    return TorchPython(name[len("torch-"):])
