// What each scenario runs; prints "ok LIBRARY RESULT" or "failed MESSAGE".
package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	"casd.org/casd"
)

func main() {
	result, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	fmt.Println("ok", result)
}

func run(what string, arguments []string) (string, error) {
	if what == "train" {
		model, err := newModel()
		if err != nil {
			return "", err
		}
		options := casd.DefaultTrainerOptions()
		options.Engine = casd.EngineTorch
		trainer, err := casd.NewTrainer(model, options)
		if err != nil {
			return "", err
		}
		defer trainer.Close()
		return casd.LibraryPath(), nil
	}
	own, err := predict()
	if err != nil || what != "child" {
		return own, err
	}
	output, err := exec.Command(arguments[0], arguments[1:]...).Output()
	if err == nil && strings.TrimSpace(string(output)) != "ok "+own {
		err = fmt.Errorf("the child printed %s", output)
	}
	if err != nil {
		return "", err
	}
	return predict()
}

func newModel() (*casd.Model, error) {
	schema := &casd.Schema{Task: casd.TaskClasses, Outputs: []string{"a", "b"},
		Modalities: []casd.Modality{{Name: "language", Features: 3}, {Name: "audio", Features: 2}}}
	options := casd.DefaultModelOptions()
	options.Hidden, options.Layers, options.Heads, options.MaxSteps, options.Seed = 8, 1, 2, 16, 5
	return casd.NewModel(schema, options)
}

func predict() (string, error) {
	model, err := newModel()
	if err != nil {
		return "", err
	}
	defer model.Close()
	predictor, err := casd.NewPredictor(model, nil)
	if err != nil {
		return "", err
	}
	defer predictor.Close()
	prediction, err := casd.NewPrediction()
	if err != nil {
		return "", err
	}
	defer prediction.Close()
	if err := predictor.PredictFrames(prediction, [][]float32{{1, 2, 3}, {-1, 1}}, casd.AllModalities); err != nil {
		return "", err
	}
	values, err := prediction.Values(casd.FieldProbabilities)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %08x", casd.LibraryPath(), math.Float32bits(values[1])), nil
}
