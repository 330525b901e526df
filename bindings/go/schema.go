package casd

import (
	"errors"
	"fmt"
	"slices"

	"casd.org/casd/internal/capi"
)

// Task is what the outputs of a model mean.
type Task int32

// The values of [Task].
const (
	TaskRegression Task = 0 // One real number per output.
	TaskClasses    Task = 1 // Exactly one of the outputs (two or more) is true.
	TaskMultilabel Task = 2 // Each output is true or false on its own.
)

// String returns "regression", "classes" or "multilabel".
func (t Task) String() string {
	switch t {
	case TaskRegression:
		return "regression"
	case TaskClasses:
		return "classes"
	case TaskMultilabel:
		return "multilabel"
	}
	return fmt.Sprintf("Task(%d)", int32(t))
}

// Mask is a set of modalities: bit i stands for modality i of the model's schema. [Schema.Mask] makes one
// from names. Bits beyond the schema are an error, except in [AllModalities].
type Mask uint32

// AllModalities is every modality of the schema, however many there are.
const AllModalities Mask = 0xFFFFFFFF

// MaxModalities is the most modalities that a schema can have.
const MaxModalities = 32

// Modality is one kind of input, such as language, audio or video.
type Modality struct {
	// Name is UTF-8, 1 to 64 bytes, unique in the schema: letters, digits, "_" and "-", and any character
	// above ASCII.
	Name string
	// Features is the count of numbers in one frame, 1 to 65536.
	Features int
	// FeatureNames is empty, or has one name per feature. Where both a model and its data have names,
	// features are matched by name, otherwise by position.
	FeatureNames []string
}

// Schema is what a model takes and gives: modalities, task and outputs. It is a plain value: the
// constructors copy it and check it, and it needs no Close.
//
// Data is matched with a model by the names of the modalities, in any order. A modality that the data
// lacks is missing; one that the model lacks is an error that names it.
type Schema struct {
	Modalities []Modality // At most MaxModalities.
	Task       Task       // What the outputs mean; the zero value is TaskRegression.
	Outputs    []string   // Names of classes, labels or quantities; classes: at least two.
}

// Modality returns the index of a modality, which is also its bit in a [Mask]. An error that wraps
// [ErrNotFound] lists the names that exist.
func (s *Schema) Modality(name string) (int, error) {
	index := slices.IndexFunc(s.Modalities, func(m Modality) bool { return m.Name == name })
	if index >= 0 {
		return index, nil
	}
	return s.find(name, capi.Casd_schema_modality_index)
}

// Output returns the index of an output. An error that wraps [ErrNotFound] lists the names that exist.
func (s *Schema) Output(name string) (int, error) {
	if index := slices.Index(s.Outputs, name); index >= 0 {
		return index, nil
	}
	return s.find(name, capi.Casd_schema_output_index)
}

// Mask returns the set of these modalities. An error that wraps [ErrNotFound] lists the names that exist.
func (s *Schema) Mask(names ...string) (Mask, error) {
	var mask Mask
	for _, name := range names {
		index, err := s.Modality(name)
		if err != nil {
			return 0, err
		}
		mask |= 1 << index
	}
	return mask, nil
}

// Validate returns the error that a constructor would return for this schema.
func (s *Schema) Validate() error {
	address, err := s.create()
	if err != nil {
		return err
	}
	capi.Casd_schema_destroy(address)
	return nil
}

func (s *Schema) find(name string, lookup func(*int32, uintptr, string) error) (int, error) {
	if err := plainTexts(name); err != nil {
		return 0, err
	}
	address, err := s.create()
	if err != nil {
		return 0, err
	}
	defer capi.Casd_schema_destroy(address)
	var index int32
	err = failed(lookup(&index, address, name))
	return int(index), err
}

// create makes the library's copy, which the caller destroys.
func (s *Schema) create() (address uintptr, err error) {
	if err := ready(); err != nil {
		return 0, err
	}
	if err := failed(capi.Casd_schema_create(&address)); err != nil {
		return 0, err
	}
	if err := s.fill(address); err != nil {
		capi.Casd_schema_destroy(address)
		return 0, failed(err)
	}
	return address, nil
}

func (s *Schema) fill(address uintptr) error {
	for i, modality := range s.Modalities {
		if err := errors.Join(plainTexts(modality.Name), plainTexts(modality.FeatureNames...)); err != nil {
			return err
		}
		if err := capi.Casd_schema_add_modality(address, modality.Name, number32(modality.Features)); err != nil {
			return err
		}
		if n := len(modality.FeatureNames); n != 0 && n != modality.Features {
			return invalid("modality %s has %d features, but %d names of features", modality.Name,
				modality.Features, n)
		}
		for j, name := range modality.FeatureNames {
			if name == "" {
				continue // without a name
			}
			if err := capi.Casd_schema_set_feature_name(address, int32(i), int32(j), name); err != nil {
				return err
			}
		}
	}
	if err := capi.Casd_schema_set_task(address, int32(s.Task)); err != nil {
		return err
	}
	for _, output := range s.Outputs {
		if err := plainTexts(output); err != nil {
			return err
		}
		if err := capi.Casd_schema_add_output(address, output); err != nil {
			return err
		}
	}
	return nil
}

// takeSchema reads a schema of the library and destroys it.
func takeSchema(address uintptr) Schema {
	defer capi.Casd_schema_destroy(address)
	schema := Schema{Task: Task(capi.Casd_schema_task(address))}
	for i := int32(0); i < capi.Casd_schema_modality_count(address); i++ {
		modality := Modality{
			Name:     capi.Casd_schema_modality_name(address, i),
			Features: int(capi.Casd_schema_modality_features(address, i)),
		}
		names := make([]string, modality.Features)
		for j := range names {
			names[j] = capi.Casd_schema_feature_name(address, i, int32(j))
		}
		if slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
			modality.FeatureNames = names
		}
		schema.Modalities = append(schema.Modalities, modality)
	}
	for i := int32(0); i < capi.Casd_schema_output_count(address); i++ {
		schema.Outputs = append(schema.Outputs, capi.Casd_schema_output_name(address, i))
	}
	return schema
}

// clone returns a copy that shares no memory.
func (s *Schema) clone() Schema {
	result := Schema{Modalities: slices.Clone(s.Modalities), Task: s.Task, Outputs: slices.Clone(s.Outputs)}
	for i := range result.Modalities {
		result.Modalities[i].FeatureNames = slices.Clone(result.Modalities[i].FeatureNames)
	}
	return result
}

// modalityName names a modality in a message.
func (s *Schema) modalityName(index int) string {
	if index < 0 || index >= len(s.Modalities) {
		return fmt.Sprintf("%d (of %d)", index, len(s.Modalities))
	}
	return s.Modalities[index].Name
}
