package casd

import (
	"context"

	"casd.org/casd/internal/capi"
)

// Model is a network with its weights, normaliser and calibration. It never changes, and any number of
// goroutines may use it. [Trainer] makes new ones.
type Model struct {
	handle     handle
	schema     Schema
	parameters int64
}

// NewModel makes a model with random weights; nil options: the defaults. The same seed gives the same
// weights. The schema needs at least one modality and one output (classes: two).
func NewModel(schema *Schema, options *ModelOptions) (*Model, error) {
	shape, err := schema.create()
	if err != nil {
		return nil, err
	}
	defer capi.Casd_schema_destroy(shape)
	native, drop := options.native()
	defer drop()
	return newModel(func(address *uintptr) error { return capi.Casd_model_create(address, shape, native) })
}

// LoadModel loads a model file. Errors wrap [ErrIO], [ErrFormat] for a file that is damaged or no model,
// or [ErrVersion] for one that needs a newer library.
func LoadModel(path string) (*Model, error) {
	if err := plainTexts(path); err != nil {
		return nil, err
	}
	return newModel(func(address *uintptr) error { return capi.Casd_model_load(address, path) })
}

// LoadModelBytes loads the bytes of a model file, such as an embedded file. They are copied.
func LoadModelBytes(data []byte) (*Model, error) {
	return newModel(func(address *uintptr) error { return capi.Casd_model_load_memory(address, data) })
}

func newModel(create func(*uintptr) error) (*Model, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var address, schema uintptr
	if err := failed(create(&address)); err != nil {
		return nil, err
	}
	model := &Model{}
	own(model, &model.handle, "model", address, capi.Casd_model_destroy)
	if err := failed(capi.Casd_model_schema(&schema, address)); err != nil {
		model.Close()
		return nil, err
	}
	model.schema = takeSchema(schema)
	model.parameters = capi.Casd_model_parameter_count(address)
	return model, nil
}

// Close releases the model. The second call has no effect. Objects made from the model remain valid. A
// call in progress ends normally; later ones return [ErrClosed]. A model that is dropped without Close is
// released after garbage collection.
func (m *Model) Close() error { return m.handle.Close() }

// Schema returns a copy of the model's modalities, task and outputs, also after Close.
func (m *Model) Schema() *Schema {
	schema := m.schema.clone()
	return &schema
}

// ParameterCount returns the number of learned parameters, also after Close.
func (m *Model) ParameterCount() int64 { return m.parameters }

// Options returns the model's sizes and rules; Seed is 0, as it is not kept.
func (m *Model) Options() (*ModelOptions, error) {
	address, err := m.handle.use()
	if err != nil {
		return nil, err
	}
	defer m.handle.done()
	options := newModelOptions()
	defer capi.DeleteCasd_model_options(options)
	if err := failed(capi.Casd_model_get_options(options, address)); err != nil {
		return nil, err
	}
	result := readModelOptions(options)
	return &result, nil
}

// Info returns everything about the model but its weights, as a JSON object with the keys schema,
// options, calibration (if there is one), user, parameters and trained.
func (m *Model) Info() (string, error) {
	address, err := m.handle.use()
	if err != nil {
		return "", err
	}
	defer m.handle.done()
	return capi.Casd_model_info(address), nil
}

// Temperature returns what divides the logits when exactly these modalities take part; 1 where none was
// fitted.
func (m *Model) Temperature(mask Mask) (float64, error) {
	address, err := m.handle.use()
	if err != nil {
		return 0, err
	}
	defer m.handle.done()
	var temperature float64
	err = failed(capi.Casd_model_temperature(&temperature, address, uint32(mask)))
	return temperature, err
}

// UserValues returns the texts that are kept beside the weights. Their keys begin with "user.".
func (m *Model) UserValues() (map[string]string, error) {
	address, err := m.handle.use()
	if err != nil {
		return nil, err
	}
	defer m.handle.done()
	values := map[string]string{}
	for i := int32(0); i < capi.Casd_model_user_count(address); i++ {
		key := capi.Casd_model_user_key(address, i)
		values[key] = capi.Casd_model_user_value(address, key)
	}
	return values, nil
}

// CalibrateOptions is how [Model.Calibrate] works. A nil *CalibrateOptions and the zero value mean the
// defaults.
type CalibrateOptions struct {
	// Split has the held-out samples; "": "valid" if it has samples, else the only split.
	Split string
	// FitMaps: linear maps and input guard are also fitted again, on split "train". Maps that were never
	// fitted are fitted in both cases if there is a split "train".
	FitMaps bool
	// EqualWeights: the maps weigh all samples equally, instead of classes by N / (K N_k).
	EqualWeights bool
	// Threads on the CPU, 1 to 256; 0: 1. Does not change the result.
	Threads int
	// Progress is called on another goroutine, about ten times a second, with the work done so far and all
	// work, about in reads of a sample. Calibrate returns after its last call.
	Progress func(done, total int)
}

// Calibrate returns a model with the same network, calibrated on a split of a dataset: trust in each
// modality, contributions of the linear maps, temperatures, and the tables behind prediction sets,
// intervals and error rates. It is for data of another source than the training data. The samples must be
// new to the model; the modalities are matched by name. Errors wrap [ErrState] if the model was never trained,
// or [ErrNotFound] if there is no such split. The context cancels it: the error then wraps [ErrCancelled] and
// the context's error.
func (m *Model) Calibrate(ctx context.Context, dataset *Dataset, options *CalibrateOptions) (*Model, error) {
	if options == nil {
		options = &CalibrateOptions{}
	}
	if err := plainTexts(options.Split); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Status: StatusCancelled, Message: "cancelled before the calibration began", cause: err}
	}
	samples, err := dataset.handle.read()
	if err != nil {
		return nil, err
	}
	defer dataset.handle.doneReading()
	native := capi.NewCasd_calibrate_options()
	defer capi.DeleteCasd_calibrate_options(native)
	if err := failed(capi.Casd_calibrate_options_init(native)); err != nil {
		return nil, err
	}
	if options.FitMaps {
		native.SetFit_maps(1)
	}
	if options.EqualWeights {
		native.SetBalance_classes(0)
	}
	if options.Threads != 0 {
		native.SetThreads(number32(options.Threads))
	}
	watch := newWatch(ctx, options.Progress)
	defer watch.stop()
	result, err := m.derive(func(result *uintptr, address uintptr) error {
		return capi.Casd_go_calibrate(result, address, samples, options.Split, native, &watch.values[0])
	})
	return result, cancelled(err, ctx)
}

// WithUserValue returns a model that differs by one user value and shares the weights. The key begins
// with "user." and has at most 256 bytes, the value at most 65536.
func (m *Model) WithUserValue(key, value string) (*Model, error) {
	if err := plainTexts(key, value); err != nil {
		return nil, err
	}
	return m.derive(func(result *uintptr, address uintptr) error {
		return capi.Casd_model_with_user_value(result, address, key, value)
	})
}

// WithoutUserValue returns a model without that user value.
func (m *Model) WithoutUserValue(key string) (*Model, error) {
	if err := plainTexts(key); err != nil {
		return nil, err
	}
	return m.derive(func(result *uintptr, address uintptr) error {
		return capi.Casd_go_without_user_value(result, address, key)
	})
}

func (m *Model) derive(create func(*uintptr, uintptr) error) (*Model, error) {
	address, err := m.handle.use()
	if err != nil {
		return nil, err
	}
	defer m.handle.done()
	return newModel(func(result *uintptr) error { return create(result, address) })
}

// Save writes the model file. The path holds either the old or the new file at every moment. A loaded
// model saves to the same bytes.
func (m *Model) Save(path string) error {
	if err := plainTexts(path); err != nil {
		return err
	}
	address, err := m.handle.use()
	if err != nil {
		return err
	}
	defer m.handle.done()
	return failed(capi.Casd_model_save(address, path))
}

// Bytes returns what Save writes.
func (m *Model) Bytes() ([]byte, error) {
	address, err := m.handle.use()
	if err != nil {
		return nil, err
	}
	defer m.handle.done()
	var needed int
	if err := failed(capi.Casd_model_save_memory(nil, &needed, address)); err != nil && needed == 0 {
		return nil, err
	}
	buffer := make([]byte, needed)
	return buffer, failed(capi.Casd_model_save_memory(buffer, &needed, address))
}
