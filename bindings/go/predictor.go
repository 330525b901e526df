package casd

import (
	"runtime"

	"casd.org/casd/internal/capi"
)

// EmptyPolicy is what a prediction does with a sample that is left with no modality.
type EmptyPolicy int32

// The values of [EmptyPolicy].
const (
	EmptyError EmptyPolicy = 0 // The call fails; the message names the sample.
	EmptyNaN   EmptyPolicy = 1 // A row of NaN; Prediction.RowStatus is StatusState.
)

// PredictorOptions is where and how a model runs.
type PredictorOptions struct {
	Device      Device       // DeviceCPU.
	DeviceIndex int          // Which GPU; 0.
	Engine      EngineChoice // EngineAuto.
	// Threads that share the work of a call on the CPU, the calling one included; 1; 1
	// to 256. Results do not depend on it.
	Threads int
	OnEmpty EmptyPolicy // EmptyError.
	// Probability that sets and intervals contain the truth; 0.9; above 0, below 1.
	Coverage float64
	// Above 0: FieldAbstain is 1 where a decision should be left to others, so that at most this share
	// of the other ones is wrong. Needs a calibrated model; not for a regression. 0.
	ErrorRate float64
}

// DefaultPredictorOptions returns the defaults.
func DefaultPredictorOptions() *PredictorOptions {
	c := newPredictorOptions()
	defer capi.DeleteCasd_predictor_options(c)
	o := readPredictorOptions(c)
	return &o
}

// newPredictorOptions makes the library's struct, with the defaults; the caller deletes it.
func newPredictorOptions() capi.Casd_predictor_options {
	c := capi.NewCasd_predictor_options()
	if ready() != nil {
		return c // zeros: no function of this library may be called
	}
	_ = capi.Casd_predictor_options_init(c) // fails for NULL only
	return c
}

// native makes the library's struct of these options, nil for nil, which means the defaults. The caller
// calls drop.
func (o *PredictorOptions) native() (c capi.Casd_predictor_options, drop func()) {
	if o == nil {
		return capi.SwigcptrCasd_predictor_options(0), func() {}
	}
	c = newPredictorOptions()
	o.write(c)
	return c, func() { capi.DeleteCasd_predictor_options(c) }
}

func (o *PredictorOptions) write(c capi.Casd_predictor_options) {
	c.SetDevice(int32(o.Device))
	c.SetDevice_index(number32(o.DeviceIndex))
	c.SetEngine(int32(o.Engine))
	c.SetThreads(number32(o.Threads))
	c.SetOn_empty(int32(o.OnEmpty))
	c.SetCoverage(o.Coverage)
	c.SetError_rate(o.ErrorRate)
}

func readPredictorOptions(c capi.Casd_predictor_options) PredictorOptions {
	return PredictorOptions{
		Device:      Device(c.GetDevice()),
		DeviceIndex: int(c.GetDevice_index()),
		Engine:      EngineChoice(c.GetEngine()),
		Threads:     int(c.GetThreads()),
		OnEmpty:     EmptyPolicy(c.GetOn_empty()),
		Coverage:    c.GetCoverage(),
		ErrorRate:   c.GetError_rate(),
	}
}

// Predictor is a model on a device. Any number of goroutines may use one predictor at once, each with its
// own [Prediction] and [Batch]; the calls run concurrently.
//
// The slices that its methods take are read during the call and not copied. As with every cgo call, they
// must not be part of an object that has Go pointers, such as an array field of a struct with a slice.
type Predictor struct {
	handle handle
	schema Schema
}

// NewPredictor makes a predictor; nil options: the defaults. The model may be closed before it. An error
// that wraps [ErrUnavailable] says why a device cannot be used, with each path that was tried.
func NewPredictor(model *Model, options *PredictorOptions) (*Predictor, error) {
	source, err := model.handle.use()
	if err != nil {
		return nil, err
	}
	defer model.handle.done()
	native, drop := options.native()
	defer drop()
	var address uintptr
	if err := failed(capi.Casd_predictor_create(&address, source, native)); err != nil {
		return nil, err
	}
	predictor := &Predictor{schema: model.schema}
	own(predictor, &predictor.handle, "predictor", address, capi.Casd_predictor_destroy)
	return predictor, nil
}

// Close releases the predictor, as [Model.Close].
func (p *Predictor) Close() error { return p.handle.Close() }

// Schema returns a copy of the model's schema, also after Close.
func (p *Predictor) Schema() *Schema {
	schema := p.schema.clone()
	return &schema
}

// Trim releases the memory of all workspaces that no call is using. Any goroutine.
func (p *Predictor) Trim() error {
	address, err := p.handle.use()
	if err != nil {
		return err
	}
	defer p.handle.done()
	return failed(capi.Casd_predictor_trim(address))
}

// Predict runs the model on every sample of a batch and writes the results to prediction, which keeps the
// old ones on error. The mask has bits of the model's schema; values behind a cleared bit are never read.
// A sample whose results are not finite does not fail the call; see [Prediction.RowStatus].
func (p *Predictor) Predict(prediction *Prediction, batch *Batch, mask Mask) error {
	address, err := p.handle.use()
	if err != nil {
		return err
	}
	defer p.handle.done()
	samples, err := batch.handle.read()
	if err != nil {
		return err
	}
	defer batch.handle.doneReading()
	result, err := prediction.handle.write()
	if err != nil {
		return err
	}
	defer prediction.handle.doneWriting()
	return failed(capi.Casd_predict(result, address, samples, uint32(mask)))
}

// PredictFrames runs the model on one sample. frames has one slice per modality of the model's schema:
// [steps, features], row-major; empty: the modality is missing. The results are those of
// [Predictor.Predict] with a batch of one sample, to the bit.
func (p *Predictor) PredictFrames(prediction *Prediction, frames [][]float32, mask Mask) error {
	address, err := p.handle.use()
	if err != nil {
		return err
	}
	defer p.handle.done()
	result, err := prediction.handle.write()
	if err != nil {
		return err
	}
	defer prediction.handle.doneWriting()
	if len(frames) != len(p.schema.Modalities) {
		return invalid("the model has %d modalities, but there are frames of %d", len(p.schema.Modalities),
			len(frames))
	}
	call, pointers := prediction.scratch, prediction.pointers
	var pinner runtime.Pinner
	defer pinner.Unpin()
	defer clear(pointers[:]) // cgo checks all of them, whatever the length of the slice
	for i, values := range frames {
		features := p.schema.Modalities[i].Features
		if len(values)%features != 0 {
			return invalid("modality %s: %d numbers are no frames of %d features", p.schema.Modalities[i].Name,
				len(values), features)
		}
		call.steps[i] = int64(len(values) / features)
		if len(values) > 0 {
			pinner.Pin(&values[0])
			pointers[i] = &values[0]
		}
	}
	return failed(capi.Casd_predict_frames(result, address, pointers[:len(frames)],
		call.steps[:len(frames)], uint32(mask)))
}

// PredictPacked runs the model on one sample whose frames are in one slice, one modality after the other
// in the order of the model's schema. steps has the number of frames of each modality; 0: it is missing.
// values has exactly the sum of steps * features numbers.
func (p *Predictor) PredictPacked(prediction *Prediction, values []float32, steps []int, mask Mask) error {
	address, err := p.handle.use()
	if err != nil {
		return err
	}
	defer p.handle.done()
	result, err := prediction.handle.write()
	if err != nil {
		return err
	}
	defer prediction.handle.doneWriting()
	if len(steps) > MaxModalities {
		return invalid("the model has %d modalities, but there are steps of %d", len(p.schema.Modalities),
			len(steps))
	}
	counts := prediction.scratch.steps[:len(steps)]
	for i, n := range steps {
		counts[i] = int64(n)
	}
	return failed(capi.Casd_predict_packed(result, address, values, counts, uint32(mask)))
}
