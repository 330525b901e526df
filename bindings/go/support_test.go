package casd_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"casd.org/casd"
)

// The children that tests start: the same executable with this variable set.
const childVariable = "CASD_GO_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVariable)]; child != nil {
		child()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// must returns the value of a call that has to succeed, and closes it at the end of the test.
func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if object, closes := any(value).(interface{ Close() error }); closes {
			t.Cleanup(func() { object.Close() })
		}
		return value
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// buildFolder is the folder of the native library's build.
func buildFolder(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv("CASD_BUILD_DIR"); folder != "" {
		return folder
	}
	t.Skip("not there: CASD_BUILD_DIR (run bindings/go/test)")
	return ""
}

// run runs a program and returns its standard output.
func run(t testing.TB, name string, arguments ...string) []byte {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, arguments, err)
	}
	return output
}

func synthetic(t testing.TB) *casd.Dataset {
	return must[*casd.Dataset](t)(casd.NewSyntheticDataset(nil))
}

// The options of the training that the tests share, in both notations.
const trainingSeed = 5

func trainingOptions() (*casd.ModelOptions, *casd.TrainerOptions) {
	model, trainer := casd.DefaultModelOptions(), casd.DefaultTrainerOptions()
	model.Hidden = 16
	model.Seed, trainer.Seed = trainingSeed, trainingSeed
	trainer.TeacherEpochs, trainer.Epochs = 2, 2
	return model, trainer
}

var programOptions = []string{"--seed", "5", "--epochs", "2", "--set", "hidden=16", "--set", "teacher_epochs=2"}

func newTrainer(t testing.TB, dataset *casd.Dataset) *casd.Trainer {
	modelOptions, trainerOptions := trainingOptions()
	model := must[*casd.Model](t)(casd.NewModel(dataset.Schema(), modelOptions))
	return must[*casd.Trainer](t)(casd.NewTrainer(model, trainerOptions))
}

// trainedBytes is a trained model's file. It is trained once.
var trainedBytes = sync.OnceValues(func() ([]byte, error) {
	dataset, err := casd.NewSyntheticDataset(nil)
	if err != nil {
		return nil, err
	}
	defer dataset.Close()
	modelOptions, trainerOptions := trainingOptions()
	fresh, err := casd.NewModel(dataset.Schema(), modelOptions)
	if err != nil {
		return nil, err
	}
	defer fresh.Close()
	trainer, err := casd.NewTrainer(fresh, trainerOptions)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	if err := trainer.Fit(context.Background(), dataset, nil); err != nil {
		return nil, err
	}
	model, err := trainer.Snapshot()
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return model.Bytes()
})

func trained(t testing.TB) *casd.Model {
	t.Helper()
	data, err := trainedBytes()
	check(t, err)
	return must[*casd.Model](t)(casd.LoadModelBytes(data))
}

// testSamples returns a batch with all samples of split test.
func testSamples(t testing.TB) *casd.Batch {
	dataset := synthetic(t)
	batch := must[*casd.Batch](t)(casd.NewBatch(dataset.Schema()))
	check(t, dataset.Read(batch, "test"))
	return batch
}

// frames returns a sample's frames by modality.
func frames(t testing.TB, batch *casd.Batch, sample int) [][]float32 {
	result := make([][]float32, len(batch.Schema().Modalities))
	for i := range result {
		result[i] = must[[]float32](t)(batch.Frames(sample, i))
	}
	return result
}

// packed returns a sample as PredictPacked takes it.
func packed(t testing.TB, batch *casd.Batch, sample int) (values []float32, steps []int) {
	for i, part := range frames(t, batch, sample) {
		values = append(values, part...)
		steps = append(steps, len(part)/batch.Schema().Modalities[i].Features)
	}
	return values, steps
}

// noNewObjects fails if more objects of the library exist at the end of the test than at its beginning.
func noNewObjects(t *testing.T) {
	before := liveObjects()
	t.Cleanup(func() {
		if now := waitForObjects(before); now > before {
			t.Errorf("%d objects exist, %d did before", now, before)
		}
	})
}

func liveObjects() int64 {
	runtime.GC()
	return casd.LiveObjects()
}

// waitForObjects collects garbage until no more than so many objects exist.
func waitForObjects(wanted int64) int64 {
	for range 500 {
		if casd.LiveObjects() <= wanted {
			break
		}
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	return casd.LiveObjects()
}

// repositoryRoot is the folder that has include/ and docs/.
func repositoryRoot(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	check(t, err)
	if _, err := os.Stat(filepath.Join(root, "include", "casd")); err != nil {
		t.Skip("not there: the repository around the package")
	}
	return root
}
