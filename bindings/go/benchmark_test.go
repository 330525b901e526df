package casd_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"casd.org/casd"
)

// BenchmarkCostOverC measures what Go adds to the two calls of C that make and read a prediction of one
// sample. Both sides take the least mean over groups of calls. The model is small, so that its own time
// does not hide the difference.
func BenchmarkCostOverC(b *testing.B) {
	folder := b.TempDir()
	schema := &casd.Schema{
		Modalities: []casd.Modality{{Name: "audio", Features: 8}}, Outputs: []string{"no", "yes"}, Task: casd.TaskClasses,
	}
	options := casd.DefaultModelOptions()
	options.Hidden, options.Layers, options.Heads = 8, 1, 1
	model := must[*casd.Model](b)(casd.NewModel(schema, options))
	path := filepath.Join(folder, "small.casd")
	check(b, model.Save(path))
	flags := strings.Fields(string(run(b, "pkg-config", "--cflags", "--libs", "casd")))
	program := filepath.Join(folder, "call_cost")
	run(b, "cc", append([]string{"-O2", "-o", program, filepath.Join("testdata", "call_cost.c")}, flags...)...)

	predictor := must[*casd.Predictor](b)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](b)(casd.NewPrediction())
	const steps, groups, calls = 4, 200, 500
	values, buffer := make([]float32, steps*8), make([]float32, 16)
	frames := [][]float32{values}
	measure := func(predict func() error) float64 {
		least := time.Hour
		for range groups {
			begin := time.Now()
			for range calls {
				if err := predict(); err != nil {
					b.Fatal(err)
				}
				if _, err := prediction.Copy(buffer, casd.FieldProbabilities, casd.FieldModalityVariance); err != nil {
					b.Fatal(err)
				}
			}
			least = min(least, time.Since(begin)/calls)
		}
		return float64(least.Nanoseconds())
	}
	b.ReportAllocs()
	for b.Loop() {
		inC, err := strconv.ParseFloat(strings.TrimSpace(string(run(b, program, path, strconv.Itoa(steps)))), 64)
		check(b, err)
		packed := measure(func() error {
			return predictor.PredictPacked(prediction, values, []int{steps}, casd.AllModalities)
		})
		pinned := measure(func() error { return predictor.PredictFrames(prediction, frames, casd.AllModalities) })
		b.ReportMetric(inC, "C-ns/call")
		b.ReportMetric(packed-inC, "packed-over-C-ns/call")
		b.ReportMetric(pinned-inC, "frames-over-C-ns/call")
	}
}

// BenchmarkPredictPacked is one sample of the usual size: predict and read.
func BenchmarkPredictPacked(b *testing.B) {
	schema := &casd.Schema{
		Modalities: []casd.Modality{{Name: "language", Features: 300}, {Name: "audio", Features: 74}, {Name: "visual", Features: 35}},
		Outputs:    []string{"negative", "positive"}, Task: casd.TaskClasses,
	}
	model := must[*casd.Model](b)(casd.NewModel(schema, nil))
	predictor := must[*casd.Predictor](b)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](b)(casd.NewPrediction())
	steps := []int{12, 12, 12}
	values, buffer := make([]float32, 12*(300+74+35)), make([]float32, 16)
	b.ReportAllocs()
	for b.Loop() {
		check(b, predictor.PredictPacked(prediction, values, steps, casd.AllModalities))
		_, err := prediction.Copy(buffer, casd.FieldProbabilities, casd.FieldModalityVariance)
		check(b, err)
	}
}
