package casd

import (
	"context"
	"testing"

	"casd.org/casd/internal/capi"
)

// A context that is cancelled after the last step of a call must not stop the next call.
func TestLateCancellationDoesNotStopTheNextCall(t *testing.T) {
	options := DefaultSyntheticOptions()
	options.TrainSamples, options.ValidSamples, options.TestSamples = 32, 8, 0
	dataset, err := NewSyntheticDataset(options)
	if err != nil {
		t.Fatal(err)
	}
	defer dataset.Close()
	model, err := NewModel(dataset.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	trainer, err := NewTrainer(model, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		err := trainer.train(ctx, dataset, func(address, samples uintptr) error {
			_, err := withStats(func(stats capi.Casd_train_stats) error {
				return capi.Casd_trainer_epoch(stats, address, samples)
			})
			cancel()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trainer.Epoch(context.Background(), dataset); err != nil {
			t.Fatal(err)
		}
	}
	// A request of the caller is obeyed all the same.
	if err := trainer.Cancel(); err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Epoch(context.Background(), dataset); err == nil {
		t.Fatal("Cancel had no effect")
	}
}
