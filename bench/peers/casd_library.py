"""CASD's C API through ctypes, as far as the comparison needs it."""
import ctypes
import functools

ENGINES = {"cpu": 1, "torch": 2}
PRESETS = {"default": 0, "reference": 1}
PHASE_STUDENT = 1
FIELD_LOGITS, FIELD_UNCERTAINTY = 1, 4
ALL_MODALITIES = 0xFFFFFFFF
CLASSES = ["negative", "positive"]


class ModelOptions(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 104)]


class TrainerOptions(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 184)]


class PredictorOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("device", ctypes.c_int32),
                ("device_index", ctypes.c_int32), ("threads", ctypes.c_int32),
                ("on_empty", ctypes.c_int32), ("reserved", ctypes.c_uint32),
                ("engine", ctypes.c_int32), ("reserved_2", ctypes.c_uint32)]


class Library:
    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        self.library.casd_last_error.restype = ctypes.c_char_p

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments) != 0:
            raise RuntimeError(f"{name}: {self.library.casd_last_error().decode()}")

    def create(self, name, *arguments):
        handle = ctypes.c_void_p()
        self.call(name, ctypes.byref(handle), *arguments)
        return handle

    def destroy(self, noun, handle):
        getattr(self.library, f"casd_{noun}_destroy")(handle)

    def options(self, kind, name):
        value = kind()
        self.call(name + "_init", ctypes.byref(value), ctypes.c_size_t(ctypes.sizeof(value)))
        return value

    def load_model(self, path):
        return self.create("casd_model_load", str(path).encode())

    def predictor(self, model, engine):
        options = self.options(PredictorOptions, "casd_predictor_options")
        options.engine = ENGINES[engine]
        return self.create("casd_predictor_create", model, ctypes.byref(options))

    def trainer(self, model, engine):
        options = self.options(TrainerOptions, "casd_trainer_options")
        self.call("casd_trainer_options_set", ctypes.byref(options), b"engine", engine.encode())
        return self.create("casd_trainer_create", model, ctypes.byref(options))

    def batch(self, schema, frames):
        """frames: for each modality [samples, steps, features]."""
        batch = self.create("casd_batch_create", schema)
        samples, steps = frames[0].shape[:2]
        for sample in range(samples):
            self.call("casd_batch_add_sample", None, batch)
            for modality, values in enumerate(frames):
                self.call("casd_batch_set_frames", batch, ctypes.c_int64(sample),
                          ctypes.c_int32(modality), ctypes.c_void_p(values[sample].ctypes.data),
                          ctypes.c_int64(steps), ctypes.c_int32(values.shape[2]),
                          ctypes.c_int64(0))
            self.call("casd_batch_set_target", batch, ctypes.c_int64(sample),
                      ctypes.byref(ctypes.c_float(sample % 2)), ctypes.c_size_t(1))
        return batch

    def predict_call(self, prediction, predictor, batch):
        function = self.library.casd_predict
        bound = functools.partial(function, prediction, predictor, batch,
                                  ctypes.c_uint32(ALL_MODALITIES))

        def call():
            if bound() != 0:
                raise RuntimeError(self.library.casd_last_error().decode())
        return call

    def table(self, prediction, field, count):
        values = (ctypes.c_float * count)()
        self.call("casd_prediction_copy", values, ctypes.c_size_t(count), None, prediction,
                  ctypes.c_int32(field))
        return list(values)

    def make_model(self, path, preset, modalities, frames):
        """A model with random weights and a normaliser that fits `frames`."""
        schema = self.create("casd_schema_create")
        for name, features in modalities:
            self.call("casd_schema_add_modality", schema, name.encode(), ctypes.c_int32(features))
        for name in CLASSES:
            self.call("casd_schema_add_output", schema, name.encode())
        options = self.options(ModelOptions, "casd_model_options")
        self.call("casd_model_options_use_preset", ctypes.byref(options),
                  ctypes.c_int32(PRESETS[preset]))
        self.call("casd_model_options_set", ctypes.byref(options), b"pooling", b"last")
        model = self.create("casd_model_create", schema, ctypes.byref(options))
        trainer = self.trainer(model, "cpu")
        self.call("casd_trainer_prepare_batch", trainer, self.batch(schema, frames))
        fitted = self.create("casd_trainer_snapshot", trainer)
        self.call("casd_model_save", fitted, str(path).encode())
