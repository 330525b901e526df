package casd_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casd.org/casd"
)

var tables = []casd.Field{
	casd.FieldProbabilities, casd.FieldConfidence, casd.FieldUncertainty, casd.FieldModalityVariance, casd.FieldModalityWeight,
}

// bits returns the tables of a prediction, as the bits of each number.
func bits(t testing.TB, prediction *casd.Prediction) []uint32 {
	buffer := make([]float32, 4096)
	count, err := prediction.Copy(buffer, tables...)
	check(t, err)
	result := make([]uint32, count)
	for i, value := range buffer[:count] {
		result[i] = math.Float32bits(value)
	}
	return result
}

func TestThreeWaysToPredictAgree(t *testing.T) {
	noNewObjects(t)
	options := casd.DefaultPredictorOptions()
	options.Threads, options.OnEmpty = 2, casd.EmptyNaN
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), options))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	samples := testSamples(t)
	for sample := range 20 {
		single := must[*casd.Batch](t)(casd.NewBatch(predictor.Schema()))
		must[int](t)(single.Add())
		parts := frames(t, samples, sample)
		for i, part := range parts {
			check(t, single.SetFrames(0, i, part, predictor.Schema().Modalities[i].Features))
		}
		values, steps := packed(t, samples, sample)
		for mask := casd.Mask(1); mask < 8; mask++ {
			check(t, predictor.Predict(prediction, single, mask))
			want := fmt.Sprint(bits(t, prediction))
			check(t, predictor.PredictFrames(prediction, parts, mask))
			if got := fmt.Sprint(bits(t, prediction)); got != want {
				t.Fatalf("PredictFrames: %s, %s", got, want)
			}
			check(t, predictor.PredictPacked(prediction, values, steps, mask))
			if got := fmt.Sprint(bits(t, prediction)); got != want {
				t.Fatalf("PredictPacked: %s, %s", got, want)
			}
		}
	}
	if rows, columns, err := prediction.Shape(casd.FieldRepresentation); err != nil || rows != 1 || columns != 16 {
		t.Error(rows, columns, err)
	}
	check(t, predictor.PredictFrames(prediction, make([][]float32, 3), casd.AllModalities))
	if status := must[casd.Status](t)(prediction.RowStatus(0)); status != casd.StatusState {
		t.Error(status)
	}
	_, err := prediction.RowStatus(1)
	wants(t, err, 1, casd.ErrInvalidArgument, "")
	check(t, predictor.Trim())
	options.Device = casd.DeviceCUDA
	options.DeviceIndex = 9
	_, err = casd.NewPredictor(trained(t), options)
	wants(t, err, casd.StatusUnavailable, casd.ErrUnavailable, "")
}

// Frames may lie inside an object with pointers, as PredictFrames pins them.
func TestFramesInsideAnObjectWithPointers(t *testing.T) {
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	state := &struct {
		name  *string
		audio [24]float32
	}{name: new(string)}
	check(t, predictor.PredictFrames(prediction, [][]float32{nil, state.audio[:], nil}, casd.AllModalities))
	check(t, predictor.PredictFrames(prediction, [][]float32{nil, state.audio[12:], {}}, casd.AllModalities))
}

// A prediction refers to the caller's frames during the call only, also after an error.
func TestPredictionKeepsNoFrames(t *testing.T) {
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	var collected atomic.Int32
	for _, count := range []int{10, 11} {
		audio := make([]float32, 12)
		runtime.AddCleanup(&audio[0], func(int) { collected.Add(1) }, 0)
		err := predictor.PredictFrames(prediction, [][]float32{nil, audio, make([]float32, count)}, casd.AllModalities)
		if (err == nil) != (count == 10) {
			t.Fatal(err)
		}
	}
	for i := 0; collected.Load() < 2; i++ {
		if i == 500 {
			t.Fatalf("%d of 2 slices were collected", collected.Load())
		}
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	runtime.KeepAlive(prediction)

	schema := &casd.Schema{Modalities: []casd.Modality{{Name: "audio", Features: 2}}, Outputs: []string{"a", "b"}, Task: casd.TaskClasses}
	one := must[*casd.Predictor](t)(casd.NewPredictor(must[*casd.Model](t)(casd.NewModel(schema, nil)), nil))
	check(t, one.PredictFrames(prediction, [][]float32{{1, 2}}, casd.AllModalities))
}

func TestPredictionAllocatesNothing(t *testing.T) {
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	samples := testSamples(t)
	values, steps := packed(t, samples, 0)
	parts := frames(t, samples, 0)
	buffer := make([]float32, 1024)
	for name, predict := range map[string]func() error{
		"packed": func() error { return predictor.PredictPacked(prediction, values, steps, casd.AllModalities) },
		"frames": func() error { return predictor.PredictFrames(prediction, parts, casd.AllModalities) },
		"batch":  func() error { return predictor.Predict(prediction, samples, 1) },
		"copy": func() error {
			_, err := prediction.Copy(buffer, casd.FieldConfidence, casd.FieldModalityVariance)
			return err
		},
	} {
		check(t, predictor.PredictPacked(prediction, values, steps, casd.AllModalities))
		allocations := testing.AllocsPerRun(40, func() {
			if err := predict(); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > 0 {
			t.Errorf("%s: %v allocations a call", name, allocations)
		}
	}
}

// 8 goroutines, 100,000 predictions and 1,000 failing calls on one predictor: the right numbers and the
// right messages.
func TestOnePredictorForAllGoroutines(t *testing.T) {
	noNewObjects(t)
	const goroutines, calls = 8, 100000 / 8
	model := trained(t)
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	samples := testSamples(t)
	type input struct {
		values []float32
		steps  []int
		mask   casd.Mask
		want   []uint32
	}
	var inputs []input
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	for sample := range 50 {
		in := input{mask: casd.Mask(sample%7 + 1)}
		in.values, in.steps = packed(t, samples, sample)
		check(t, predictor.PredictPacked(prediction, in.values, in.steps, in.mask))
		in.want = bits(t, prediction)
		inputs = append(inputs, in)
	}
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			prediction, err := casd.NewPrediction()
			if err != nil {
				t.Error(err)
				return
			}
			defer prediction.Close()
			buffer := make([]float32, 64)
			for call := range calls {
				in := inputs[(call*7+g)%len(inputs)]
				if call%100 == 0 {
					wrong := casd.Mask(1) << (8 + g)
					err := predictor.PredictPacked(prediction, in.values, in.steps, wrong)
					want := fmt.Sprintf("the modality mask %d has bits beyond the 3 modalities of the schema", wrong)
					var e *casd.Error
					if !errors.As(err, &e) || e.Message != want {
						t.Errorf("%v in place of %q", err, want)
						return
					}
				}
				if err := predictor.PredictPacked(prediction, in.values, in.steps, in.mask); err != nil {
					t.Error(err)
					return
				}
				count, err := prediction.Copy(buffer, tables...)
				if err != nil || count != len(in.want) {
					t.Error(count, err)
					return
				}
				for i, want := range in.want {
					if math.Float32bits(buffer[i]) != want {
						t.Errorf("goroutine %d, call %d: another result", g, call)
						return
					}
				}
			}
		})
	}
	group.Wait()
}

// Close on one goroutine while others are inside calls: each call succeeds or returns ErrClosed.
func TestCloseDuringCalls(t *testing.T) {
	noNewObjects(t)
	model, samples := trained(t), testSamples(t)
	values, steps := packed(t, samples, 0)
	for round := range 30 {
		predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
		var group sync.WaitGroup
		begun := make(chan struct{}, 4)
		for range 4 {
			group.Go(func() {
				prediction, err := casd.NewPrediction()
				if err != nil {
					t.Error(err)
					return
				}
				group.Go(func() {
					if round%2 == 1 {
						prediction.Close()
					}
				})
				defer prediction.Close()
				for call := 0; ; call++ {
					if call == 3 {
						begun <- struct{}{}
					}
					err := predictor.Predict(prediction, samples, casd.AllModalities)
					if err == nil {
						err = predictor.PredictPacked(prediction, values, steps, casd.AllModalities)
					}
					if errors.Is(err, casd.ErrClosed) {
						if call < 3 {
							begun <- struct{}{}
						}
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		<-begun
		for range 2 {
			group.Go(func() { predictor.Close() })
		}
		group.Wait()
	}
}

// The progress function runs while Fit does: what one goroutine at a time may use is busy then.
func TestObjectsInUseAreBusy(t *testing.T) {
	dataset := synthetic(t)
	batch := testSamples(t)
	trainer := newTrainer(t, dataset)
	calls := 0
	check(t, trainer.Fit(context.Background(), dataset, &casd.FitOptions{Progress: func(casd.TrainProgress) {
		calls++
		_, snapshotError := trainer.Snapshot()
		for name, err := range map[string]error{
			"Snapshot": snapshotError,
			"SetPhase": trainer.SetPhase(casd.PhaseStudent),
			"Add":      dataset.Add("train", batch),
			"Fit":      trainer.Fit(context.Background(), dataset, nil),
		} {
			if !errors.Is(err, casd.ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := dataset.Len("train"); err != nil {
			t.Error(err)
		}
		if _, err := trainer.Progress(); err != nil {
			t.Error(err)
		}
	}}))
	check(t, dataset.Add("train", batch))
	if calls == 0 {
		t.Error("no call")
	}
}

func TestDroppedObjectsAreReleased(t *testing.T) {
	data, err := trainedBytes()
	check(t, err)
	before := liveObjects()
	for range 300 {
		model, err := casd.LoadModelBytes(data)
		check(t, err)
		predictor, err := casd.NewPredictor(model, nil)
		check(t, err)
		prediction, err := casd.NewPrediction()
		check(t, err)
		batch, err := casd.NewBatch(model.Schema())
		check(t, err)
		runtime.KeepAlive([]any{predictor, prediction, batch})
	}
	if now := waitForObjects(before); now > before {
		t.Errorf("%d objects exist, %d did before", now, before)
	}
}
