package main

import (
	"fmt"
	"strings"

	"casd.org/casd"
)

// exampleCount is how many samples the page offers.
const exampleCount = 6

// examplesJSON reads samples for the page from a dataset: a path, "synthetic", or "" for none.
func examplesJSON(schema *casd.Schema, source string) ([]byte, error) {
	type example struct {
		Name       string                 `json:"name"`
		Label      *string                `json:"label"`
		Modalities map[string][][]float32 `json:"modalities"`
	}
	examples := []example{}
	if source == "" {
		return mustJSON(map[string]any{"examples": examples}), nil
	}
	data, err := openDataset(source, schema)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	batch, err := casd.NewBatch(schema) // Samples are matched with it by the names of modalities.
	if err != nil {
		return nil, err
	}
	defer batch.Close()
	split, size, err := exampleSplit(data)
	if err != nil {
		return nil, err
	}
	var indices []int64
	for i := range min(exampleCount, size) {
		indices = append(indices, int64(i))
	}
	if err := data.Read(batch, split, indices...); err != nil {
		return nil, err
	}
	for i := range indices {
		sample := example{Name: fmt.Sprintf("%s %d", split, i), Modalities: map[string][][]float32{}}
		target, err := batch.Target(i)
		if err != nil {
			return nil, err
		}
		if schema.Task == casd.TaskClasses && len(target) == 1 && int(target[0]) < len(schema.Outputs) {
			sample.Label = &schema.Outputs[int(target[0])]
		}
		for m, modality := range schema.Modalities {
			values, err := batch.Frames(i, m)
			if err != nil {
				return nil, err
			}
			var frames [][]float32 // null for a missing modality
			for ; len(values) > 0; values = values[modality.Features:] {
				frames = append(frames, values[:modality.Features])
			}
			sample.Modalities[modality.Name] = frames
		}
		examples = append(examples, sample)
	}
	return mustJSON(map[string]any{"examples": examples}), nil
}

func openDataset(source string, schema *casd.Schema) (*casd.Dataset, error) {
	if source == "synthetic" {
		return casd.NewSyntheticDataset(nil)
	}
	// The labels are read as the model's task, which need not be the file's own.
	return casd.OpenDataset(source, schema.Task.String()+":"+strings.Join(schema.Outputs, ","))
}

// exampleSplit is test, else valid, else the first split.
func exampleSplit(data *casd.Dataset) (name string, size int, err error) {
	splits, err := data.Splits()
	if err != nil {
		return "", 0, err
	}
	for _, name := range append([]string{"test", "valid"}, splits...) {
		if size, err := data.Len(name); err == nil && size > 0 {
			return name, size, nil
		}
	}
	return "", 0, fmt.Errorf("the dataset has no samples")
}
