package casd_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"casd.org/casd"
)

// A model of two modalities and a prediction without one of them.
func Example() {
	schema := &casd.Schema{
		Modalities: []casd.Modality{{Name: "language", Features: 3}, {Name: "audio", Features: 2}},
		Task:       casd.TaskClasses,
		Outputs:    []string{"negative", "positive"},
	}
	model, err := casd.NewModel(schema, nil) // in practice casd.LoadModel or Trainer.Snapshot
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	predictor, err := casd.NewPredictor(model, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer predictor.Close()
	prediction, err := casd.NewPrediction()
	if err != nil {
		log.Fatal(err)
	}
	defer prediction.Close()

	words := []float32{0.1, 0.2, 0.3, 0.4, 0.5, 0.6} // two frames
	if err := predictor.PredictFrames(prediction, [][]float32{words, nil}, casd.AllModalities); err != nil {
		log.Fatal(err)
	}
	probabilities, err := prediction.Values(casd.FieldProbabilities)
	if err != nil {
		log.Fatal(err)
	}
	weights, err := prediction.Values(casd.FieldModalityWeight)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("sum %.3f, weights %v\n", probabilities[0]+probabilities[1], weights)
	// Output: sum 1.000, weights [1 NaN]
}

func ExampleSchema_Mask() {
	schema := &casd.Schema{Modalities: []casd.Modality{
		{Name: "language", Features: 300}, {Name: "audio", Features: 74}, {Name: "visual", Features: 35},
	}}
	mask, err := schema.Mask("language", "visual")
	fmt.Printf("%03b %v\n", mask, err)
	_, err = schema.Mask("smell")
	fmt.Println(errors.Is(err, casd.ErrNotFound))
	// Output:
	// 101 <nil>
	// true
}

func ExampleError() {
	_, err := casd.LoadModel("absent.casd")
	var failure *casd.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Status, errors.Is(err, casd.ErrIO))
	}
	// Output: IO true
}

func ExampleBatch() {
	schema := &casd.Schema{
		Modalities: []casd.Modality{{Name: "audio", Features: 2}},
		Outputs:    []string{"valence"},
	}
	batch, err := casd.NewBatch(schema)
	if err != nil {
		log.Fatal(err)
	}
	defer batch.Close()
	sample, err := batch.Add()
	if err != nil {
		log.Fatal(err)
	}
	if err := batch.SetFrames(sample, 0, []float32{0.1, 0.2, 0.3, 0.4}, 2); err != nil {
		log.Fatal(err)
	}
	if err := batch.SetTarget(sample, 0.7); err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.SetFrames(sample, 0, []float32{0.1, 0.2, 0.3}, 2))
	fmt.Println(batch.Steps(sample, 0))
	// Output:
	// casd: INVALID_ARGUMENT: sample 0, modality audio: 3 numbers are no frames of 2 features
	// 2 <nil>
}

// A training that a context ends, and that continues later.
func ExampleTrainer_Fit() {
	options := casd.DefaultSyntheticOptions()
	options.TrainSamples, options.ValidSamples = 64, 32
	data, err := casd.NewSyntheticDataset(options)
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()
	fresh, err := casd.NewModel(data.Schema(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer fresh.Close()
	training := casd.DefaultTrainerOptions()
	training.TeacherEpochs, training.Epochs = 2, 1
	trainer, err := casd.NewTrainer(fresh, training)
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()

	ctx, cancel := context.WithCancel(context.Background())
	err = trainer.Fit(ctx, data, &casd.FitOptions{
		Interval: time.Millisecond,
		Progress: func(p casd.TrainProgress) { cancel() },
	})
	fmt.Println(errors.Is(err, context.Canceled), errors.Is(err, casd.ErrCancelled))

	if err := trainer.Fit(context.Background(), data, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println(trainer.Phase())
	// Output:
	// true true
	// done <nil>
}

func ExamplePredictor_Evaluate() {
	data, err := casd.NewSyntheticDataset(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()
	model, err := casd.NewModel(data.Schema(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	predictor, err := casd.NewPredictor(model, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer predictor.Close()
	report, err := predictor.Evaluate(context.Background(), data, "valid", &casd.EvaluateOptions{Mask: 0b011})
	if err != nil {
		log.Fatal(err)
	}
	defer report.Close()
	fmt.Println(report.Conditions())
	fmt.Println(report.Value("language+audio", "samples"))
	// Output:
	// [language audio language+audio] <nil>
	// 200 <nil>
}
