package casd_test

import (
	"errors"
	"testing"

	"casd.org/casd"
)

func TestMonitorRaisesAnAlarmForOtherModalities(t *testing.T) {
	noNewObjects(t)
	model := trained(t)
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(model, nil))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	monitor := must[*casd.Monitor](t)(casd.NewMonitor(model, nil))
	samples := testSamples(t)
	if err := monitor.Add(prediction); !errors.Is(err, casd.ErrState) {
		t.Fatalf("an empty prediction: %v", err)
	}
	check(t, predictor.Predict(prediction, samples, casd.AllModalities))
	check(t, monitor.Add(prediction))
	state := must[casd.MonitorState](t)(monitor.State())
	if state.Samples == 0 || state.Alarms != 0 || state.Alarm {
		t.Fatalf("samples like the held-out ones: %+v", state)
	}
	check(t, predictor.Predict(prediction, samples, 2))
	for range 20 {
		check(t, monitor.Add(prediction))
	}
	state = must[casd.MonitorState](t)(monitor.State())
	if state.Alarms == 0 || state.LastAlarm == 0 || state.AlarmSubject != casd.MonitorModalities || state.AlarmModality != -1 {
		t.Fatalf("audio alone: %+v", state)
	}
	if _, err := casd.NewMonitor(model, &casd.MonitorOptions{SamplesPerFalseAlarm: 0}); !errors.Is(err, casd.ErrInvalidArgument) {
		t.Fatalf("no samples per false alarm: %v", err)
	}
}

func TestSetsAndAbstention(t *testing.T) {
	options := casd.DefaultPredictorOptions()
	if options.Coverage != 0.9 || options.ErrorRate != 0 {
		t.Fatalf("defaults: %+v", options)
	}
	options.Coverage, options.ErrorRate = 0.999, 0.0001
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), options))
	prediction := must[*casd.Prediction](t)(casd.NewPrediction())
	check(t, predictor.Predict(prediction, testSamples(t), casd.AllModalities))
	buffer := make([]float32, 4096)
	count := must[int](t)(prediction.Copy(buffer, casd.FieldPredictionSet, casd.FieldAbstain))
	for i, value := range buffer[:count] {
		if value != 1 {
			t.Fatalf("number %d is %v: every class is a member, every decision is left to others", i, value)
		}
	}
}
