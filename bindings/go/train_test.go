package casd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casd.org/casd"
)

// The program's answer for one sample.
type answer struct {
	Probabilities                         map[string]json.Number
	Confidence, Uncertainty, Disagreement json.Number
	Modalities                            map[string]map[string]json.Number
}

// number returns the float that the program printed, NaN for null or a missing value. The program prints as many digits as
// tell the number apart from every other.
func number(t *testing.T, text json.Number) uint32 {
	if text == "" {
		return math.Float32bits(float32(math.NaN()))
	}
	value, err := strconv.ParseFloat(string(text), 32)
	check(t, err)
	return math.Float32bits(float32(value))
}

func sameBits(got float32, want uint32) bool {
	return math.Float32bits(got) == want || got != got && math.IsNaN(float64(math.Float32frombits(want)))
}

// Training in Go gives the program's file, and predictions under every mask are the program's to the bit.
func TestTrainedModelEqualsThePrograms(t *testing.T) {
	program := filepath.Join(buildFolder(t), "bin", "casd")
	folder := t.TempDir()
	path := filepath.Join(folder, "program.casd")
	run(t, program, append([]string{"train", "synthetic", "-o", path}, programOptions...)...)
	fromProgram := must[[]byte](t)(must[*casd.Model](t)(casd.LoadModel(path)).Bytes())
	fromGo, err := trainedBytes()
	check(t, err)
	if !bytes.Equal(fromGo, fromProgram) {
		t.Fatal("the trained models differ")
	}

	saved := filepath.Join(folder, "gö.casd")
	check(t, trained(t).Save(saved))
	model := must[*casd.Model](t)(casd.LoadModel(saved))
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	batch := testSamples(t)
	schema := model.Schema()
	const count = 40
	columns := map[casd.Field]string{
		casd.FieldModalityVariance: "variance", casd.FieldModalityAleatoric: "aleatoric",
		casd.FieldModalityEpistemic: "epistemic", casd.FieldModalityWeight: "weight",
		casd.FieldModalityDegreesOfFreedom: "degrees_of_freedom",
	}
	compared := 0
	for mask := casd.Mask(1); mask < 8; mask++ {
		var names []string
		for i, modality := range schema.Modalities {
			if mask>>i&1 == 1 {
				names = append(names, modality.Name)
			}
		}
		lines := strings.Split(strings.TrimSpace(string(run(t, program, "predict", saved, "synthetic", "--split",
			"test", "--count", strconv.Itoa(count), "--mask", strings.Join(names, ","), "--json"))), "\n")
		if len(lines) != count {
			t.Fatalf("%d lines", len(lines))
		}
		check(t, predictor.Predict(prediction, batch, mask))
		for row, line := range lines {
			var want answer
			check(t, json.Unmarshal([]byte(line), &want))
			compare := func(field casd.Field, column int, text json.Number) {
				t.Helper()
				values := must[[]float32](t)(prediction.Values(field))
				_, width, err := prediction.Shape(field)
				check(t, err)
				if got := values[row*width+column]; !sameBits(got, number(t, text)) {
					t.Fatalf("mask %d, row %d, field %d: %v, but the program has %s", mask, row, field, got, text)
				}
				compared++
			}
			for i, name := range schema.Outputs {
				compare(casd.FieldProbabilities, i, want.Probabilities[name])
			}
			compare(casd.FieldConfidence, 0, want.Confidence)
			compare(casd.FieldUncertainty, 0, want.Uncertainty)
			compare(casd.FieldDisagreement, 0, want.Disagreement)
			for i, modality := range schema.Modalities {
				for field, name := range columns {
					compare(field, i, want.Modalities[modality.Name][name])
				}
			}
		}
	}
	if compared != 7*count*(2+3+15) {
		t.Errorf("%d numbers compared", compared)
	}
}

// The monitor has the report's numbers of the finished model.
func TestTheMonitorOfATraining(t *testing.T) {
	noNewObjects(t)
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	value := must[float64](t)(trainer.MonitorValue(casd.QuantityUncertainty, casd.AllModalities))
	if remarks := must[[]string](t)(trainer.Remarks()); !math.IsNaN(value) || len(remarks) != 0 {
		t.Error(value, remarks)
	}
	check(t, trainer.Fit(context.Background(), dataset, nil))
	model := must[*casd.Model](t)(trainer.Snapshot())
	defer model.Close()
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	defer predictor.Close()
	report := must[*casd.Report](t)(predictor.Evaluate(context.Background(), dataset, "valid", nil))
	defer report.Close()
	for quantity, name := range map[casd.TrainQuantity]string{
		casd.QuantityUncertainty: "uncertainty", casd.QuantityScore: "f1",
	} {
		got := must[float64](t)(trainer.MonitorValue(quantity, 3))
		if want := must[float64](t)(report.Value("language+audio", name)); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, the report has %v", name, got, want)
		}
	}
	weights := 0.0
	for modality := range 3 {
		weights += must[float64](t)(trainer.MonitorValue(casd.QuantityWeight, 1<<modality))
	}
	if math.Abs(weights-1) > 1e-6 {
		t.Errorf("the weights sum to %v", weights)
	}
	if _, err := trainer.MonitorValue(casd.QuantityVariance, 3); !errors.Is(err, casd.ErrInvalidArgument) {
		t.Error(err)
	}
	if remarks := must[[]string](t)(trainer.Remarks()); len(remarks) == 0 ||
		!strings.HasPrefix(remarks[0], "too few steps") {
		t.Error(remarks)
	}
}

func TestFitReportsProgress(t *testing.T) {
	noNewObjects(t)
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	var reports []casd.TrainProgress
	check(t, trainer.Fit(context.Background(), dataset, &casd.FitOptions{
		Progress: func(p casd.TrainProgress) { reports = append(reports, p) },
		Interval: time.Millisecond,
	}))
	if len(reports) < 3 {
		t.Fatalf("%d reports", len(reports))
	}
	last := reports[len(reports)-1]
	if last.Phase != casd.PhaseStudent || last.Epoch != 1 || last.Epochs != 2 || last.Step != last.Steps ||
		!(last.Score > 50) || last.SamplesPerSecond <= 0 {
		t.Errorf("%+v", last)
	}
	if phase := must[casd.Phase](t)(trainer.Phase()); phase != casd.PhaseDone || phase.String() != "done" {
		t.Errorf("phase %v", phase)
	}
	if pooling := must[casd.Pooling](t)(trainer.Pooling()); pooling != casd.PoolingAuto {
		t.Errorf("pooling %v", pooling)
	}
	wants(t, trainer.Fit(context.Background(), dataset, nil), casd.StatusState, casd.ErrState, "")
}

// Cancelled in the middle and continued from the checkpoint, the training ends in the same bits.
func TestContextCancelsAndCheckpointContinues(t *testing.T) {
	noNewObjects(t)
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	checkpoint := filepath.Join(t.TempDir(), "a.checkpoint")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	reason := errors.New("the user left")
	err := trainer.Fit(ctx, dataset, &casd.FitOptions{
		Checkpoint: checkpoint, Interval: time.Millisecond,
		Progress: func(p casd.TrainProgress) {
			if p.Step > 1 {
				cancel(reason)
			}
		},
	})
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "cancelled")
	if !errors.Is(err, reason) {
		t.Errorf("%v does not wrap the context's cause", err)
	}
	if phase := must[casd.Phase](t)(trainer.Phase()); phase == casd.PhaseDone {
		t.Fatal("the training was not cancelled")
	}
	loaded := must[*casd.Trainer](t)(casd.LoadTrainer(checkpoint))
	check(t, loaded.Fit(context.Background(), dataset, nil))
	want, err := trainedBytes()
	check(t, err)
	if got := must[[]byte](t)(must[*casd.Model](t)(loaded.Snapshot()).Bytes()); !bytes.Equal(got, want) {
		t.Error("the continued training ended in other bits")
	}
	// The trainer itself goes on, too, one epoch at a time.
	for more := true; more; {
		stats := must[casd.TrainStats](t)(trainer.Epoch(context.Background(), dataset))
		more = stats.GoOn
	}
	if got := must[[]byte](t)(must[*casd.Model](t)(trainer.Snapshot()).Bytes()); !bytes.Equal(got, want) {
		t.Error("the cancelled trainer ended in other bits")
	}
}

func TestCancelledContextStartsNothing(t *testing.T) {
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := trainer.Fit(ctx, dataset, nil)
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "before")
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err = trainer.Epoch(ctx, dataset)
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "before")
	if p := must[casd.TrainProgress](t)(trainer.Progress()); p.Step != 0 {
		t.Errorf("%+v", p)
	}
	_, err = must[*casd.Predictor](t)(casd.NewPredictor(trained(t), nil)).Evaluate(ctx, dataset, "test", nil)
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "before")
}

func TestCancelFromAnotherGoroutine(t *testing.T) {
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	check(t, trainer.Cancel())
	wants(t, trainer.Fit(context.Background(), dataset, nil), casd.StatusCancelled, casd.ErrCancelled, "")
	check(t, trainer.Fit(context.Background(), dataset, nil))
}

func TestTrainingStepByStep(t *testing.T) {
	noNewObjects(t)
	dataset := synthetic(t)
	trainer := newTrainer(t, dataset)
	batch, heldOut := must[*casd.Batch](t)(casd.NewBatch(dataset.Schema())), testSamples(t)
	check(t, dataset.Read(batch, "train"))
	_, err := trainer.Step(batch)
	wants(t, err, casd.StatusState, casd.ErrState, "")
	check(t, trainer.PrepareBatch(batch))
	first := must[casd.TrainStats](t)(trainer.Step(batch))
	for range 5 {
		must[casd.TrainStats](t)(trainer.Step(batch))
	}
	check(t, trainer.SetPhase(casd.PhaseStudent))
	last := must[casd.TrainStats](t)(trainer.Step(batch))
	if first.Samples != 600 || first.Phase != casd.PhaseTeacher || last.Phase != casd.PhaseStudent ||
		!(last.GradientNorm > 0) || last.LearningRate != 0.001 || !math.IsNaN(first.LogitLoss) || math.IsNaN(last.LogitLoss) {
		t.Errorf("%+v %+v", first, last)
	}
	wants(t, trainer.SetPhase(casd.PhaseTeacher), casd.StatusState, casd.ErrState, "")
	check(t, trainer.Calibrate(nil, heldOut))
	model := must[*casd.Model](t)(trainer.Snapshot())
	if temperature := must[float64](t)(model.Temperature(casd.AllModalities)); temperature == 1 {
		t.Error("not calibrated")
	}
	check(t, trainer.Save(filepath.Join(t.TempDir(), "a.checkpoint")))

	other := newTrainer(t, dataset)
	check(t, other.Prepare(dataset))
	wants(t, other.SetTeacher(must[*casd.Model](t)(casd.NewModel(dataset.Schema(), nil))), 1, casd.ErrInvalidArgument, "")
	check(t, other.SetTeacher(must[*casd.Model](t)(other.Snapshot())))
}

func TestCalibrationWithoutATrainer(t *testing.T) {
	noNewObjects(t)
	dataset, model := synthetic(t), trained(t)
	bytes := must[[]byte](t)(model.Bytes())
	other := must[*casd.Model](t)(model.Calibrate(context.Background(), dataset, &casd.CalibrateOptions{Split: "test", Threads: 2}))
	if otherBytes := must[[]byte](t)(other.Bytes()); string(otherBytes) == string(bytes) {
		t.Error("nothing was fitted")
	}
	// The samples of the training give the calibration of the training.
	again := must[*casd.Model](t)(other.Calibrate(context.Background(), dataset, nil))
	if againBytes := must[[]byte](t)(again.Bytes()); string(againBytes) != string(bytes) {
		t.Error("another calibration than that of the training")
	}
	maps := must[*casd.Model](t)(model.Calibrate(context.Background(), dataset, &casd.CalibrateOptions{FitMaps: true, EqualWeights: true}))
	if maps.ParameterCount() != model.ParameterCount() {
		t.Error("another network")
	}
	_, err := model.Calibrate(context.Background(), dataset, &casd.CalibrateOptions{Split: "dawn"})
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "it has 'train', 'valid', 'test'")
	_, err = model.Calibrate(context.Background(), dataset, &casd.CalibrateOptions{Split: "train", FitMaps: true})
	wants(t, err, casd.StatusInvalidArgument, casd.ErrInvalidArgument, "fit_maps")
	_, err = model.Calibrate(context.Background(), dataset, &casd.CalibrateOptions{Threads: 1 << 40})
	wants(t, err, casd.StatusInvalidArgument, casd.ErrInvalidArgument, "threads")
	_, err = must[*casd.Model](t)(casd.NewModel(dataset.Schema(), nil)).Calibrate(context.Background(), dataset, nil)
	wants(t, err, casd.StatusState, casd.ErrState, "not trained")

	var last, total int
	progress := &casd.CalibrateOptions{Progress: func(done, all int) { last, total = done, all }}
	reported := must[*casd.Model](t)(other.Calibrate(context.Background(), dataset, progress))
	if reportedBytes := must[[]byte](t)(reported.Bytes()); string(reportedBytes) != string(bytes) {
		t.Error("progress changes the calibration")
	}
	if last != total || total < 200 {
		t.Error(last, total)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = model.Calibrate(ctx, dataset, nil)
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "before the calibration began")

	// Large enough that the calibration cannot end before it is cancelled.
	synthetic := casd.DefaultSyntheticOptions()
	synthetic.ValidSamples = 30000
	large := must[*casd.Dataset](t)(casd.NewSyntheticDataset(synthetic))
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	_, err = model.Calibrate(ctx, large, &casd.CalibrateOptions{Progress: func(_, _ int) { cancel() }})
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "cancelled the calibration")
}

func TestTrainerOptions(t *testing.T) {
	dataset := synthetic(t)
	options := casd.DefaultTrainerOptions()
	if options.BatchSize != 0 || options.SelectFrom != -1 || options.Dropout != 0.4 || !options.Calibrate {
		t.Errorf("%+v", options)
	}
	check(t, options.Set("learning_rate", "0.01"))
	check(t, options.Set("teacher", "ema"))
	if options.LearningRate != 0.01 || options.Teacher != casd.TeacherEMA {
		t.Errorf("%+v", options)
	}
	wants(t, options.Set("speed", "1"), casd.StatusNotFound, casd.ErrNotFound, "learning_rate")
	wants(t, options.Set("dropout", "much"), 1, casd.ErrInvalidArgument, "dropout")
	if text := must[string](t)(options.Text("batch_size")); text != "auto" {
		t.Error(text)
	}
	_, err := options.Text("speed")
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "")
	check(t, options.UseRecipe(casd.RecipePaper))
	if options.EvidenceWeight != 0 {
		t.Errorf("%+v", options)
	}
	check(t, options.Resolve(dataset))
	if options.BatchSize != 64 || options.Epochs < 25 {
		t.Errorf("%+v", options)
	}
	if names := casd.TrainerOptionNames(); !slices.Contains(names, "gradient_clip") || len(names) < 25 {
		t.Error(names)
	}
	// Each field goes to the library and comes back.
	for i, name := range casd.TrainerOptionNames() {
		for _, value := range []string{"1", "0", "0.5", "2", "none", "paper", "cuda", "torch", "gaussian"} {
			changed := casd.DefaultTrainerOptions()
			before := must[string](t)(changed.Text(name))
			if changed.Set(name, value) == nil && must[string](t)(changed.Text(name)) != before {
				break
			}
			if value == "gaussian" {
				t.Errorf("%d: %s does not change", i, name)
			}
		}
	}
	trainer := newTrainer(t, dataset)
	if got := must[*casd.TrainerOptions](t)(trainer.Options()); got.Seed != trainingSeed || got.Epochs != 2 {
		t.Errorf("%+v", got)
	}
}
