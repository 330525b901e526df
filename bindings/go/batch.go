package casd

import "casd.org/casd/internal/capi"

// Batch is a growing list of samples of any length, with any modality missing. One goroutine at a time
// may use it, any number may read it.
//
// Everything is copied during the call. A frame that is wholly NaN is a missing frame. Other values that
// are not finite stand for the training data's mean.
type Batch struct {
	handle handle
	schema Schema
}

// NewBatch makes an empty batch; the schema needs at least one modality.
func NewBatch(schema *Schema) (*Batch, error) {
	shape, err := schema.create()
	if err != nil {
		return nil, err
	}
	defer capi.Casd_schema_destroy(shape)
	var address uintptr
	if err := failed(capi.Casd_batch_create(&address, shape)); err != nil {
		return nil, err
	}
	batch := &Batch{schema: schema.clone()}
	own(batch, &batch.handle, "batch", address, capi.Casd_batch_destroy)
	return batch, nil
}

// Close releases the batch, as [Model.Close].
func (b *Batch) Close() error { return b.handle.Close() }

// Schema returns a copy of the schema that the batch was made with, also after Close.
func (b *Batch) Schema() *Schema {
	schema := b.schema.clone()
	return &schema
}

// Add adds a sample without modalities and returns its index, 0 for the first.
func (b *Batch) Add() (int, error) {
	address, err := b.handle.write()
	if err != nil {
		return 0, err
	}
	defer b.handle.doneWriting()
	var sample int64
	err = failed(capi.Casd_batch_add_sample(&sample, address))
	return int(sample), err
}

// SetFrames sets the frames of a sample in one modality: values is [steps, features], row-major, and
// features is the modality's number of features. Empty values: the modality is missing.
func (b *Batch) SetFrames(sample, modality int, values []float32, features int) error {
	if features < 1 || len(values)%features != 0 {
		return invalid("sample %d, modality %s: %d numbers are no frames of %d features", sample,
			b.schema.modalityName(modality), len(values), features)
	}
	return b.SetStridedFrames(sample, modality, values, len(values)/features, features, features)
}

// SetStridedFrames sets the frames of a sample in one modality from wider records, such as those of a
// ring buffer: stride numbers from one frame's beginning to the next one's, at least features.
func (b *Batch) SetStridedFrames(sample, modality int, values []float32, steps, features, stride int) error {
	// A negative count or a stride below features is for the library to report.
	if steps > 0 && features > 0 && stride >= features &&
		(len(values) < features || (len(values)-features)/stride < steps-1) {
		return invalid("sample %d, modality %s: %d numbers do not hold %d frames of %d features at a "+
			"stride of %d", sample, b.schema.modalityName(modality), len(values), steps, features, stride)
	}
	address, err := b.handle.write()
	if err != nil {
		return err
	}
	defer b.handle.doneWriting()
	return failed(capi.Casd_batch_set_frames(address, int64(sample), number32(modality), values, int64(steps),
		number32(features), int64(stride)))
}

// SetTarget sets a sample's target. Classes: one number, the index of the class. Multi-label: one number
// per output, 0 or 1. Regression: one number per output. No values: the sample has no target.
func (b *Batch) SetTarget(sample int, values ...float32) error {
	address, err := b.handle.write()
	if err != nil {
		return err
	}
	defer b.handle.doneWriting()
	return failed(capi.Casd_batch_set_target(address, int64(sample), values))
}

// Clear removes all samples but keeps the memory.
func (b *Batch) Clear() error {
	address, err := b.handle.write()
	if err != nil {
		return err
	}
	defer b.handle.doneWriting()
	capi.Casd_batch_clear(address)
	return nil
}

// Reserve allocates space for so many samples in total.
func (b *Batch) Reserve(samples int) error {
	address, err := b.handle.write()
	if err != nil {
		return err
	}
	defer b.handle.doneWriting()
	return failed(capi.Casd_batch_reserve(address, int64(samples)))
}

// Len returns the number of samples.
func (b *Batch) Len() (int, error) {
	address, err := b.handle.read()
	if err != nil {
		return 0, err
	}
	defer b.handle.doneReading()
	return int(capi.Casd_batch_size(address)), nil
}

// Steps returns the number of frames that a sample has of a modality, missing frames among them; 0: the
// modality is missing.
func (b *Batch) Steps(sample, modality int) (int, error) {
	address, err := b.handle.read()
	if err != nil {
		return 0, err
	}
	defer b.handle.doneReading()
	return b.steps(address, sample, modality)
}

func (b *Batch) steps(address uintptr, sample, modality int) (int, error) {
	steps := capi.Casd_batch_steps(address, int64(sample), number32(modality))
	if steps < 0 {
		return 0, invalid("there is no sample %d with modality %d: the batch has %d samples and %d modalities",
			sample, modality, capi.Casd_batch_size(address), len(b.schema.Modalities))
	}
	return int(steps), nil
}

// Frames returns a copy of the frames that a sample has of a modality: [steps, features], row-major; nil
// if the modality is missing.
func (b *Batch) Frames(sample, modality int) ([]float32, error) {
	address, err := b.handle.read()
	if err != nil {
		return nil, err
	}
	defer b.handle.doneReading()
	steps, err := b.steps(address, sample, modality)
	if err != nil || steps == 0 {
		return nil, err
	}
	features := b.schema.Modalities[modality].Features
	frames := make([]float32, steps*features)
	if capi.Casd_go_batch_frames(frames, address, int64(sample), number32(modality), number32(features)) == 0 {
		return nil, nil
	}
	return frames, nil
}

// Target returns a copy of a sample's target as SetTarget takes it; nil if it has none.
func (b *Batch) Target(sample int) ([]float32, error) {
	address, err := b.handle.read()
	if err != nil {
		return nil, err
	}
	defer b.handle.doneReading()
	if size := capi.Casd_batch_size(address); sample < 0 || int64(sample) >= size {
		return nil, invalid("there is no sample %d: the batch has %d", sample, size)
	}
	count := len(b.schema.Outputs)
	if b.schema.Task == TaskClasses {
		count = 1
	}
	target := make([]float32, count)
	if capi.Casd_go_batch_target(target, address, int64(sample)) == 0 {
		return nil, nil
	}
	return target, nil
}
