package casd_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"casd.org/casd"
)

// wants fails unless the error has the status, as a number and as a sentinel, and the message.
func wants(t *testing.T, err error, status casd.Status, sentinel error, message string) {
	t.Helper()
	var e *casd.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *casd.Error", err)
	}
	if e.Status != status || !errors.Is(err, sentinel) || !strings.Contains(e.Message, message) {
		t.Fatalf("%v is not a %v with %q", err, status, message)
	}
	if errors.Is(err, casd.ErrInternal) {
		t.Fatalf("%v is a defect", err)
	}
	if text := err.Error(); !strings.Contains(text, status.String()) || !strings.Contains(text, e.Message) {
		t.Fatalf("%q lacks status or message", text)
	}
}

func TestErrorsHaveTheLibrarysMessage(t *testing.T) {
	model := trained(t)
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	batch := testSamples(t)
	values, steps := packed(t, batch, 0)

	invalid := casd.ErrInvalidArgument
	wants(t, predictor.Predict(prediction, batch, 1<<7), 1, invalid, "128 has bits beyond the 3 modalities")
	wants(t, predictor.Predict(prediction, batch, 0), 1, invalid, "mask")
	wants(t, predictor.PredictPacked(prediction, values[1:], steps, casd.AllModalities), 1, invalid, "value_count is 349")
	wants(t, predictor.PredictPacked(prediction, values, steps[1:], casd.AllModalities), 1, invalid, "modalities")
	wants(t, predictor.PredictPacked(prediction, values, make([]int, 33), casd.AllModalities), 1, invalid, "33")
	wants(t, predictor.PredictFrames(prediction, [][]float32{nil, nil, make([]float32, 11)}, casd.AllModalities),
		1, invalid, "visual: 11 numbers are no frames of 10 features")
	wants(t, predictor.PredictFrames(prediction, make([][]float32, 2), casd.AllModalities), 1, invalid,
		"3 modalities, but there are frames of 2")
	wants(t, batch.SetFrames(0, 1, make([]float32, 22), 11), 1, invalid, "audio")
	wants(t, batch.SetFrames(0, 1, make([]float32, 23), 12), 1, invalid, "audio: 23 numbers")
	wants(t, batch.SetFrames(0, math.MaxInt, make([]float32, 12), 12), 1, invalid, "modalit")
	wants(t, batch.SetStridedFrames(0, 1, make([]float32, 35), 2, 12, 24), 1, invalid, "audio: 35 numbers do not hold")
	_, _, err := prediction.Shape(casd.FieldProbabilities)
	wants(t, err, casd.StatusState, casd.ErrState, "")
	_, err = casd.LoadModel("/absent/model.casd")
	wants(t, err, casd.StatusIO, casd.ErrIO, "/absent/model.casd")
	_, err = casd.LoadModelBytes([]byte("no model"))
	wants(t, err, casd.StatusFormat, casd.ErrFormat, "")
	_, err = model.Schema().Mask("audio", "smell")
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "language, audio, visual")
	_, err = casd.LoadModel("a\x00b")
	wants(t, err, 1, invalid, "zero byte")
	check(t, predictor.Predict(prediction, batch, casd.AllModalities))
	needed, err := prediction.Copy(make([]float32, 3), casd.FieldProbabilities)
	wants(t, err, casd.StatusBufferTooSmall, casd.ErrBufferTooSmall, "")
	if needed != 400 {
		t.Errorf("needed %d", needed)
	}
	_, err = prediction.Copy(nil, make([]casd.Field, 33)...)
	wants(t, err, 1, invalid, "33 fields")
	_, err = prediction.Values(casd.FieldValue)
	wants(t, err, 1, invalid, "")
	options := casd.DefaultModelOptions()
	options.Hidden = math.MaxInt
	_, err = casd.NewModel(model.Schema(), options)
	wants(t, err, 1, invalid, "hidden")
	options.Hidden = 1<<32 + 16 // must not become 16
	_, err = casd.NewModel(model.Schema(), options)
	wants(t, err, 1, invalid, "hidden")
}

func TestErrorWithoutKnownStatus(t *testing.T) {
	err := error(&casd.Error{Status: 99, Message: "later"})
	if errors.Is(err, casd.ErrInvalidArgument) || err.Error() != "casd: UNKNOWN: later" {
		t.Error(err)
	}
}

func TestClosedObjectsReturnErrClosed(t *testing.T) {
	noNewObjects(t)
	dataset, model := synthetic(t), trained(t)
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	batch, other := testSamples(t), testSamples(t)
	trainer := newTrainer(t, dataset)
	report := must[*casd.Report](t)(predictor.Evaluate(context.Background(), dataset, "test", nil))
	closedPredictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	closedPrediction := must[*casd.Prediction](t)(casd.NewPrediction())
	for _, object := range []interface{ Close() error }{
		dataset, model, closedPredictor, closedPrediction, batch, trainer, report,
	} {
		for range 3 {
			check(t, object.Close())
		}
	}
	background := context.Background()
	all := casd.AllModalities
	second := func(_ any, err error) error { return err }
	third := func(_, _ any, err error) error { return err }
	calls := map[string]error{
		"Model.Bytes":                  second(model.Bytes()),
		"Model.Calibrate":              second(model.Calibrate(background, dataset, nil)),
		"Model.Info":                   second(model.Info()),
		"Model.Options":                second(model.Options()),
		"Model.Save":                   model.Save("x"),
		"Model.Temperature":            second(model.Temperature(all)),
		"Model.UserValues":             second(model.UserValues()),
		"Model.WithUserValue":          second(model.WithUserValue("user.a", "b")),
		"Model.WithoutUserValue":       second(model.WithoutUserValue("user.a")),
		"NewPredictor":                 second(casd.NewPredictor(model, nil)),
		"NewTrainer":                   second(casd.NewTrainer(model, nil)),
		"Predictor.Trim":               closedPredictor.Trim(),
		"Predictor.Predict":            closedPredictor.Predict(prediction, other, all),
		"Predictor.PredictFrames":      closedPredictor.PredictFrames(prediction, nil, all),
		"Predictor.PredictPacked":      closedPredictor.PredictPacked(prediction, nil, nil, all),
		"Predictor.Evaluate":           second(closedPredictor.Evaluate(background, dataset, "test", nil)),
		"Predict, closed batch":        predictor.Predict(prediction, batch, all),
		"Predict, closed prediction":   predictor.Predict(closedPrediction, other, all),
		"Frames, closed prediction":    predictor.PredictFrames(closedPrediction, nil, all),
		"Packed, closed prediction":    predictor.PredictPacked(closedPrediction, nil, nil, all),
		"Evaluate, closed dataset":     second(predictor.Evaluate(background, dataset, "test", nil)),
		"Prediction.Copy":              second(closedPrediction.Copy(nil)),
		"Prediction.Shape":             third(closedPrediction.Shape(casd.FieldLogits)),
		"Prediction.Values":            second(closedPrediction.Values(casd.FieldLogits)),
		"Prediction.RowStatus":         second(closedPrediction.RowStatus(0)),
		"Batch.Add":                    second(batch.Add()),
		"Batch.Clear":                  batch.Clear(),
		"Batch.Reserve":                batch.Reserve(1),
		"Batch.Len":                    second(batch.Len()),
		"Batch.Steps":                  second(batch.Steps(0, 0)),
		"Batch.Frames":                 second(batch.Frames(0, 0)),
		"Batch.Target":                 second(batch.Target(0)),
		"Batch.SetFrames":              batch.SetFrames(0, 0, nil, 16),
		"Batch.SetTarget":              batch.SetTarget(0, 1),
		"Dataset.Add":                  dataset.Add("x", other),
		"Dataset.HoldOut":              dataset.HoldOut("train", "x", 0.5, 1),
		"Dataset.Len":                  second(dataset.Len("train")),
		"Dataset.Splits":               second(dataset.Splits()),
		"Dataset.Read":                 dataset.Read(other, "train"),
		"Dataset.SampleName":           second(dataset.SampleName("train", 0)),
		"Dataset.GroupName":            second(dataset.GroupName("train", 0)),
		"Dataset.Noise":                second(dataset.Noise("train", 0, 0)),
		"Dataset.TargetCount":          second(dataset.TargetCount("train", 0)),
		"Dataset.ModalityCount":        second(dataset.ModalityCount("train", all)),
		"TrainerOptions.Resolve":       casd.DefaultTrainerOptions().Resolve(dataset),
		"Trainer.Fit":                  trainer.Fit(background, dataset, nil),
		"Trainer.Epoch":                second(trainer.Epoch(background, dataset)),
		"Trainer.Step":                 second(trainer.Step(other)),
		"Trainer.Prepare":              trainer.Prepare(dataset),
		"Trainer.PrepareBatch":         trainer.PrepareBatch(other),
		"Trainer.Calibrate":            trainer.Calibrate(nil, other),
		"Trainer.Cancel":               trainer.Cancel(),
		"Trainer.Phase":                second(trainer.Phase()),
		"Trainer.Pooling":              second(trainer.Pooling()),
		"Trainer.SetPhase":             trainer.SetPhase(casd.PhaseStudent),
		"Trainer.SetTeacher":           trainer.SetTeacher(model),
		"Trainer.Progress":             second(trainer.Progress()),
		"Trainer.Options":              second(trainer.Options()),
		"Trainer.Snapshot":             second(trainer.Snapshot()),
		"Trainer.Save":                 trainer.Save("x"),
		"Report.JSON":                  second(report.JSON()),
		"Report.Remarks":               second(report.Remarks()),
		"Report.Conditions":            second(report.Conditions()),
		"Report.Value":                 second(report.Value("", "mean_incomplete_f1")),
		"an object without contents":   second((&casd.Model{}).Info()),
		"the zero value's constructor": second(casd.NewPredictor(&casd.Model{}, nil)),
	}
	for name, err := range calls {
		if !errors.Is(err, casd.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, new(casd.Model).Close())
	if model.Schema().Task != casd.TaskClasses || model.ParameterCount() < 1000 {
		t.Error("the schema is not there after Close")
	}
}
