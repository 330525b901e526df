package casd

import "casd.org/casd/internal/capi"

// Dataset is samples with splits, in memory: from HDF5, CSV or .ts files, synthetic, or built from batches. One
// goroutine at a time may add to it; any number may read it.
type Dataset struct {
	handle handle
	schema Schema
}

// SyntheticOptions is what [NewSyntheticDataset] makes.
type SyntheticOptions struct {
	Task         Task    // TaskClasses (negative, positive).
	TrainSamples int     // 600; 1 to 1000000.
	ValidSamples int     // 200; 0 to 1000000.
	TestSamples  int     // 200; 0 to 1000000.
	MaxSteps     int     // Frames: each sample and modality has 1 to this; 12; 1 to 4096.
	MissingRate  float64 // Chance that a modality is missing; 0; below 1. One always stays.
	Seed         uint64  // 0.
}

// DefaultSyntheticOptions returns the defaults.
func DefaultSyntheticOptions() *SyntheticOptions {
	c := newSyntheticOptions()
	defer capi.DeleteCasd_synthetic_options(c)
	o := readSyntheticOptions(c)
	return &o
}

// newSyntheticOptions makes the library's struct, with the defaults; the caller deletes it.
func newSyntheticOptions() capi.Casd_synthetic_options {
	c := capi.NewCasd_synthetic_options()
	if ready() != nil {
		return c // zeros: no function of this library may be called
	}
	_ = capi.Casd_synthetic_options_init(c) // fails for NULL only
	return c
}

// native makes the library's struct of these options, nil for nil, which means the defaults. The caller
// calls drop.
func (o *SyntheticOptions) native() (c capi.Casd_synthetic_options, drop func()) {
	if o == nil {
		return capi.SwigcptrCasd_synthetic_options(0), func() {}
	}
	c = newSyntheticOptions()
	o.write(c)
	return c, func() { capi.DeleteCasd_synthetic_options(c) }
}

func (o *SyntheticOptions) write(c capi.Casd_synthetic_options) {
	c.SetTask(int32(o.Task))
	c.SetTrain_samples(number32(o.TrainSamples))
	c.SetValid_samples(number32(o.ValidSamples))
	c.SetTest_samples(number32(o.TestSamples))
	c.SetMax_steps(number32(o.MaxSteps))
	c.SetMissing_rate(o.MissingRate)
	c.SetSeed(o.Seed)
}

func readSyntheticOptions(c capi.Casd_synthetic_options) SyntheticOptions {
	return SyntheticOptions{
		Task:         Task(c.GetTask()),
		TrainSamples: int(c.GetTrain_samples()),
		ValidSamples: int(c.GetValid_samples()),
		TestSamples:  int(c.GetTest_samples()),
		MaxSteps:     int(c.GetMax_steps()),
		MissingRate:  c.GetMissing_rate(),
		Seed:         c.GetSeed(),
	}
}

// OpenDataset opens a file: HDF5 (through the plug-in libcasd_hdf5), CSV or .ts (UEA archive), told apart
// by content.
//
// An empty task means the file's own. "regression" or "regression:A,B,..." with names;
// "classes:A,B,..." names the classes of integer labels, or, with two names and real labels around zero,
// below and above; "multilabel:A,B,..." names the labels.
//
// Open HDF5 files only from sources that you trust.
func OpenDataset(path, task string) (*Dataset, error) {
	if err := plainTexts(path, task); err != nil {
		return nil, err
	}
	return newDataset(func(address *uintptr) error { return capi.Casd_dataset_open(address, path, task) })
}

// OpenDatasetAs opens a file as [OpenDataset] and chooses what the file does not say. An empty split means
// the file's own; else the dataset has this split only: that of the file with this name, or the file's only
// one, renamed. modalities groups the channels of a .ts file by number and range, such as
// "accelerometer=0-2,gyroscope=3,5"; empty for the file's own. The error wraps [ErrNotFound] if the file
// has several splits, but not this one.
func OpenDatasetAs(path, task, split, modalities string) (*Dataset, error) {
	if err := plainTexts(path, task, split, modalities); err != nil {
		return nil, err
	}
	return newDataset(func(address *uintptr) error {
		return capi.Casd_dataset_open_as(address, path, task, split, modalities)
	})
}

// ReadDataset reads CSV or .ts from memory. name stands for the text in messages, as a path would.
func ReadDataset(data []byte, name, task string) (*Dataset, error) {
	if err := plainTexts(name, task); err != nil {
		return nil, err
	}
	return newDataset(func(address *uintptr) error {
		return capi.Casd_dataset_load_memory(address, data, name, task)
	})
}

// NewSyntheticDataset makes a synthetic dataset with the splits train, valid and test; nil options: the
// defaults. The same options give the same bits. Three modalities language, audio and visual see one
// hidden state through noise whose strength [Dataset.Noise] returns.
func NewSyntheticDataset(options *SyntheticOptions) (*Dataset, error) {
	native, drop := options.native()
	defer drop()
	return newDataset(func(address *uintptr) error {
		return capi.Casd_dataset_create_synthetic(address, native)
	})
}

// NewDataset makes an empty dataset, to be filled with [Dataset.Add].
func NewDataset(schema *Schema) (*Dataset, error) {
	shape, err := schema.create()
	if err != nil {
		return nil, err
	}
	defer capi.Casd_schema_destroy(shape)
	return newDataset(func(address *uintptr) error { return capi.Casd_dataset_create(address, shape) })
}

func newDataset(create func(*uintptr) error) (*Dataset, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var address, schema uintptr
	if err := failed(create(&address)); err != nil {
		return nil, err
	}
	dataset := &Dataset{}
	own(dataset, &dataset.handle, "dataset", address, capi.Casd_dataset_destroy)
	if err := failed(capi.Casd_dataset_schema(&schema, address)); err != nil {
		dataset.Close()
		return nil, err
	}
	dataset.schema = takeSchema(schema)
	return dataset, nil
}

// Close releases the dataset, as [Model.Close].
func (d *Dataset) Close() error { return d.handle.Close() }

// Schema returns a copy of the dataset's schema, also after Close.
func (d *Dataset) Schema() *Schema {
	schema := d.schema.clone()
	return &schema
}

// Add appends copies of a batch's samples to a split, which is made if there is none of that name.
func (d *Dataset) Add(split string, batch *Batch) error {
	if err := plainTexts(split); err != nil {
		return err
	}
	address, err := d.handle.write()
	if err != nil {
		return err
	}
	defer d.handle.doneWriting()
	samples, err := batch.handle.read()
	if err != nil {
		return err
	}
	defer batch.handle.doneReading()
	return failed(capi.Casd_dataset_add(address, split, samples))
}

// AddFile appends copies of a file's samples, such as those to test with. Task and modalities are those of
// the dataset, split is as for [OpenDatasetAs]. On error the dataset is unchanged.
func (d *Dataset) AddFile(path, split string) error {
	if err := plainTexts(path, split); err != nil {
		return err
	}
	address, err := d.handle.write()
	if err != nil {
		return err
	}
	defer d.handle.doneWriting()
	return failed(capi.Casd_dataset_add_file(address, path, split))
}

// HoldOut moves a share (above 0 and below 1) of a split to an empty or new one, such as of train to
// valid: of every class, and samples of one group together. The same data, share and seed give the same
// choice.
func (d *Dataset) HoldOut(from, to string, share float64, seed uint64) error {
	if err := plainTexts(from, to); err != nil {
		return err
	}
	address, err := d.handle.write()
	if err != nil {
		return err
	}
	defer d.handle.doneWriting()
	return failed(capi.Casd_dataset_hold_out(address, from, to, share, seed))
}

// Splits returns the names of the splits.
func (d *Dataset) Splits() ([]string, error) {
	address, err := d.handle.read()
	if err != nil {
		return nil, err
	}
	defer d.handle.doneReading()
	names := make([]string, capi.Casd_dataset_split_count(address))
	for i := range names {
		names[i] = capi.Casd_dataset_split_name(address, int32(i))
	}
	return names, nil
}

// Len returns the number of samples in a split. The error wraps [ErrNotFound] if there is no such split.
func (d *Dataset) Len(split string) (int, error) {
	var size int64
	err := d.query(split, func(address uintptr) error {
		size = capi.Casd_dataset_size(address, split)
		if size < 0 {
			return &Error{Status: StatusNotFound, Message: "there is no split " + split}
		}
		return nil
	})
	return int(size), err
}

// Read copies samples into a batch, after what is in it; no indices: all samples of the split.
func (d *Dataset) Read(batch *Batch, split string, indices ...int64) error {
	if err := plainTexts(split); err != nil {
		return err
	}
	address, err := d.handle.read()
	if err != nil {
		return err
	}
	defer d.handle.doneReading()
	samples, err := batch.handle.write()
	if err != nil {
		return err
	}
	defer batch.handle.doneWriting()
	if len(indices) == 0 {
		for i := range max(capi.Casd_dataset_size(address, split), 0) {
			indices = append(indices, i)
		}
	}
	return failed(capi.Casd_dataset_read(samples, address, split, indices))
}

// SampleName returns the text in the CSV's column sample, otherwise the sample's number.
func (d *Dataset) SampleName(split string, sample int) (string, error) {
	return d.name(split, sample, capi.Casd_dataset_sample_name)
}

// GroupName returns a sample's group: the text in the CSV's column group, or the number in HDF5; "" if it
// has none.
func (d *Dataset) GroupName(split string, sample int) (string, error) {
	return d.name(split, sample, capi.Casd_dataset_group_name)
}

func (d *Dataset) name(split string, sample int, get func(uintptr, string, int64) string) (string, error) {
	var name string
	err := d.query(split, func(address uintptr) error {
		size := capi.Casd_dataset_size(address, split)
		if sample < 0 || int64(sample) >= size {
			return &Error{Status: StatusNotFound, Message: "there is no such sample in split " + split}
		}
		name = get(address, split, int64(sample))
		return nil
	})
	return name, err
}

// TargetCount returns the number of samples with a target for which an output is true: of that class, or
// with that label; regression: with a target. Output -1: all samples with a target.
func (d *Dataset) TargetCount(split string, output int) (int, error) {
	var count int64
	err := d.query(split, func(address uintptr) error {
		return capi.Casd_dataset_target_count(&count, address, split, number32(output))
	})
	return int(count), err
}

// ModalityCount returns the number of samples that have at least one modality of the mask.
func (d *Dataset) ModalityCount(split string, mask Mask) (int, error) {
	var count int64
	err := d.query(split, func(address uintptr) error {
		return capi.Casd_dataset_modality_count(&count, address, split, uint32(mask))
	})
	return int(count), err
}

// Noise returns how noisy a sample of a synthetic dataset is in one modality: half of it is the standard
// deviation of the error that all frames share, three tenths that of each frame's own; the hidden state
// has deviation 1. NaN for a missing modality. The error wraps [ErrState] for other datasets.
func (d *Dataset) Noise(split string, sample, modality int) (float64, error) {
	var noise float64
	err := d.query(split, func(address uintptr) error {
		return capi.Casd_dataset_noise(&noise, address, split, int64(sample), number32(modality))
	})
	return noise, err
}

// query runs a call that reads a split.
func (d *Dataset) query(split string, call func(address uintptr) error) error {
	if err := plainTexts(split); err != nil {
		return err
	}
	address, err := d.handle.read()
	if err != nil {
		return err
	}
	defer d.handle.doneReading()
	return failed(call(address))
}
