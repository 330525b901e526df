package casd

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"casd.org/casd/internal/capi"
)

// Trainer is a student, its teacher and the optimiser's state. Training runs in the plug-in
// libcasd_torch. The same seed gives the same bits for one build and kind of processor, for any number of
// threads, whatever was interrupted and resumed in between.
//
// One goroutine at a time may use a trainer; [Trainer.Cancel] and [Trainer.Progress] may be called from
// any goroutine, also while another one trains.
type Trainer struct {
	handle handle
	// A request to stop that came too late to be obeyed, which the next call must not obey.
	late atomic.Bool
}

// FitOptions is how [Trainer.Fit] reports and saves. A nil *FitOptions and the zero value mean neither.
type FitOptions struct {
	// Checkpoint is a file that is written once the dataset was accepted, after every epoch and on
	// cancellation, each time as a whole or not at all; "": none. [LoadTrainer] continues from it.
	Checkpoint string
	// Progress is called on another goroutine at intervals while the training runs, and once at its end.
	// Fit returns after its last call.
	Progress func(TrainProgress)
	// Interval is the time between two calls of Progress; 0: a tenth of a second.
	Interval time.Duration
}

// NewTrainer makes a trainer that starts from a model, fresh or trained before; nil options: the
// defaults. An error that wraps [ErrUnavailable] says why the plug-in or the device cannot be used, with
// each path that was tried.
func NewTrainer(model *Model, options *TrainerOptions) (*Trainer, error) {
	source, err := model.handle.use()
	if err != nil {
		return nil, err
	}
	defer model.handle.done()
	native, drop := options.native()
	defer drop()
	return newTrainer(func(address *uintptr) error { return capi.Casd_trainer_create(address, source, native) })
}

// LoadTrainer makes a trainer from a checkpoint, with the options that it was saved with. Continued with
// the same dataset it ends in the same bits as if it had never stopped.
func LoadTrainer(path string) (*Trainer, error) {
	if err := plainTexts(path); err != nil {
		return nil, err
	}
	return newTrainer(func(address *uintptr) error { return capi.Casd_trainer_load(address, path) })
}

// LoadTrainerOn makes a trainer from a checkpoint with another engine than the one that saved it.
func LoadTrainerOn(path string, engine EngineChoice) (*Trainer, error) {
	if err := plainTexts(path); err != nil {
		return nil, err
	}
	return newTrainer(func(address *uintptr) error {
		return capi.Casd_trainer_load_on(address, path, int32(engine))
	})
}

func newTrainer(create func(*uintptr) error) (*Trainer, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var address uintptr
	if err := failed(create(&address)); err != nil {
		return nil, err
	}
	trainer := &Trainer{}
	own(trainer, &trainer.handle, "trainer", address, capi.Casd_trainer_destroy)
	return trainer, nil
}

// Close releases the trainer, as [Model.Close]. It does not stop a training that is running; the context
// or [Trainer.Cancel] does.
func (t *Trainer) Close() error { return t.handle.Close() }

// Fit trains to the end: teacher, student, calibration. It blocks until then. The dataset has the splits
// train and valid; without valid the last epoch of each phase is taken and nothing is calibrated. A
// trainer that was cancelled or loaded continues where it was.
//
// The context cancels the training after the present step: the error then wraps [ErrCancelled] and the
// context's error.
func (t *Trainer) Fit(ctx context.Context, dataset *Dataset, options *FitOptions) error {
	if options == nil {
		options = &FitOptions{}
	}
	if err := plainTexts(options.Checkpoint); err != nil {
		return err
	}
	return t.train(ctx, dataset, func(address, samples uintptr) error {
		if options.Progress != nil {
			interval := options.Interval
			if interval <= 0 {
				interval = time.Second / 10
			}
			defer poll(interval, func() {
				if progress, err := readProgress(address); err == nil {
					options.Progress(progress)
				}
			})()
		}
		return capi.Casd_trainer_fit(address, samples, options.Checkpoint)
	})
}

// Epoch trains one epoch of the present phase on split train, scored on split valid. It prepares the
// trainer if that was not done, goes from the teacher's to the student's phase, and ends with the
// calibration. GoOn of the result says whether there is more to do. The context cancels it, as Fit; the
// next call continues where it stopped.
func (t *Trainer) Epoch(ctx context.Context, dataset *Dataset) (TrainStats, error) {
	var result TrainStats
	err := t.train(ctx, dataset, func(address, samples uintptr) (err error) {
		result, err = withStats(func(stats capi.Casd_train_stats) error {
			return capi.Casd_trainer_epoch(stats, address, samples)
		})
		return err
	})
	return result, err
}

// train runs a call that the context cancels.
func (t *Trainer) train(ctx context.Context, dataset *Dataset,
	call func(address, samples uintptr) error) error {
	if err := ctx.Err(); err != nil {
		return &Error{Status: StatusCancelled, Message: "cancelled before the training began", cause: err}
	}
	address, err := t.handle.write()
	if err != nil {
		return err
	}
	defer t.handle.doneWriting()
	samples, err := dataset.handle.read()
	if err != nil {
		return err
	}
	defer dataset.handle.doneReading()

	requested := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		capi.Casd_trainer_cancel(address)
		close(requested)
	})
	err = failed(call(address, samples))
	if errors.Is(err, ErrCancelled) && t.late.Swap(false) && ctx.Err() == nil {
		err = failed(call(address, samples))
	}
	if !stop() {
		<-requested // the address must be valid until then
		t.late.Store(!errors.Is(err, ErrCancelled))
	}
	return cancelled(err, ctx)
}

// Cancel asks a running Fit or Epoch to stop after the present step. Without one it stops the next. Any
// goroutine.
func (t *Trainer) Cancel() error {
	address, err := t.handle.use()
	if err != nil {
		return err
	}
	defer t.handle.done()
	t.late.Store(false)
	capi.Casd_trainer_cancel(address)
	return nil
}

// Progress returns how far the training is. Any goroutine.
func (t *Trainer) Progress() (TrainProgress, error) {
	address, err := t.handle.use()
	if err != nil {
		return TrainProgress{}, err
	}
	defer t.handle.done()
	progress, err := readProgress(address)
	return progress, failed(err)
}

func readProgress(address uintptr) (TrainProgress, error) {
	native := capi.NewCasd_train_progress()
	defer capi.DeleteCasd_train_progress(native)
	if err := capi.Casd_train_progress_init(native); err != nil {
		return TrainProgress{}, err
	}
	if err := capi.Casd_trainer_progress(native, address); err != nil {
		return TrainProgress{}, err
	}
	return readTrainProgress(native), nil
}

// Prepare fits the normaliser, the targets' scale and the class weights on split train. Fit and Epoch do
// it if it was not done.
func (t *Trainer) Prepare(dataset *Dataset) error {
	samples, err := dataset.handle.read()
	if err != nil {
		return err
	}
	defer dataset.handle.doneReading()
	return t.change(func(address uintptr) error { return capi.Casd_trainer_prepare(address, samples) })
}

// PrepareBatch does what Prepare does on the caller's samples, for training with Step. The batch should
// be as large as the training data, or a fair draw from it.
func (t *Trainer) PrepareBatch(batch *Batch) error {
	samples, err := batch.handle.read()
	if err != nil {
		return err
	}
	defer batch.handle.doneReading()
	return t.change(func(address uintptr) error { return capi.Casd_trainer_prepare_batch(address, samples) })
}

// Step takes one step on the caller's batch: corruption (student), losses, gradient, Adam.
func (t *Trainer) Step(batch *Batch) (TrainStats, error) {
	samples, err := batch.handle.read()
	if err != nil {
		return TrainStats{}, err
	}
	defer batch.handle.doneReading()
	var result TrainStats
	err = t.change(func(address uintptr) (err error) {
		result, err = withStats(func(stats capi.Casd_train_stats) error {
			return capi.Casd_train_step(stats, address, samples)
		})
		return err
	})
	return result, err
}

func withStats(call func(capi.Casd_train_stats) error) (TrainStats, error) {
	stats := capi.NewCasd_train_stats()
	defer capi.DeleteCasd_train_stats(stats)
	if err := capi.Casd_train_stats_init(stats); err != nil {
		return TrainStats{}, err
	}
	if err := call(stats); err != nil {
		return TrainStats{}, err
	}
	return readTrainStats(stats), nil
}

// SetPhase chooses what Step does. A new trainer is in the teacher's phase (TeacherNone: the student's).
// The error wraps [ErrState] for going back.
func (t *Trainer) SetPhase(phase Phase) error {
	return t.change(func(address uintptr) error { return capi.Casd_trainer_set_phase(address, int32(phase)) })
}

// Phase returns the present phase.
func (t *Trainer) Phase() (Phase, error) {
	var phase Phase
	err := t.change(func(address uintptr) error {
		phase = Phase(capi.Casd_trainer_phase(address))
		return nil
	})
	return phase, err
}

// Pooling returns the pooling that the training began with: [PoolingAuto] also when it is decided. The
// options of a snapshot name the one in use.
func (t *Trainer) Pooling() (Pooling, error) {
	var pooling Pooling
	err := t.change(func(address uintptr) error {
		pooling = Pooling(capi.Casd_trainer_pooling(address))
		return nil
	})
	return pooling, err
}

// SetTeacher sets the teacher of the student's phase: a model with the same modalities, task, outputs,
// hidden size and normaliser.
func (t *Trainer) SetTeacher(model *Model) error {
	teacher, err := model.handle.use()
	if err != nil {
		return err
	}
	defer model.handle.done()
	return t.change(func(address uintptr) error { return capi.Casd_trainer_set_teacher(address, teacher) })
}

// Calibrate fits what the model's options ask for to the present weights: temperatures, linear maps, trust,
// the limits of the input guard, and the tables of results on heldOut, samples that were not trained on.
// train: the samples that the model was trained on, for the linear maps; nil keeps these maps.
func (t *Trainer) Calibrate(train, heldOut *Batch) error {
	var learned uintptr
	if train != nil && train != heldOut {
		address, err := train.handle.read()
		if err != nil {
			return err
		}
		defer train.handle.doneReading()
		learned = address
	}
	samples, err := heldOut.handle.read()
	if err != nil {
		return err
	}
	defer heldOut.handle.doneReading()
	if train == heldOut {
		learned = samples
	}
	return t.change(func(address uintptr) error { return capi.Casd_trainer_calibrate(address, learned, samples) })
}

// TrainQuantity is a number that describes the evidence in training: a mean over samples. The first three
// are of one modality on complete input, the others of a set of modalities.
type TrainQuantity int32

// The values of [TrainQuantity].
const (
	QuantityDegreesOfFreedom TrainQuantity = 0 // The degrees of freedom of a modality, its evidence.
	QuantityWeight           TrainQuantity = 1 // The weight of a modality in the fusion.
	QuantityVariance         TrainQuantity = 2 // The variance of a modality.
	QuantityScale            TrainQuantity = 3 // The deviation that training samples with.
	QuantityUncertainty      TrainQuantity = 4 // The uncertainty.
	QuantityScore            TrainQuantity = 5 // F1 in %; regression: minus the mean absolute error.
)

// MonitorValue returns a number of the last epoch, or of the finished model, measured on split valid or
// what is held out; NaN before the first epoch, and if no sample has the modalities. mask is one modality,
// or the modalities of a condition. The error wraps [ErrNotFound] if there is no such condition.
func (t *Trainer) MonitorValue(quantity TrainQuantity, mask Mask) (float64, error) {
	var value float64
	err := t.change(func(address uintptr) error {
		return capi.Casd_trainer_monitor_value(&value, address, int32(quantity), uint32(mask))
	})
	return value, err
}

// Remarks returns remarks on the finished training, or of the last calibration: what was seen and what to
// do. Before there are none.
func (t *Trainer) Remarks() ([]string, error) {
	var remarks []string
	err := t.change(func(address uintptr) error {
		for {
			remark := capi.Casd_trainer_remark(address, int32(len(remarks)))
			if remark == "" {
				return nil
			}
			remarks = append(remarks, remark)
		}
	})
	return remarks, err
}

// Snapshot returns a model of the present weights: in PhaseDone the best epoch's, calibrated.
func (t *Trainer) Snapshot() (*Model, error) {
	address, err := t.handle.write()
	if err != nil {
		return nil, err
	}
	defer t.handle.doneWriting()
	return newModel(func(model *uintptr) error { return capi.Casd_trainer_snapshot(model, address) })
}

// Save writes a checkpoint: weights, teacher, optimiser and position. The path holds either the old or
// the new checkpoint at every moment.
func (t *Trainer) Save(path string) error {
	if err := plainTexts(path); err != nil {
		return err
	}
	return t.change(func(address uintptr) error { return capi.Casd_trainer_save(address, path) })
}

// Options returns the options that the trainer was made with. Each auto is replaced by its number as soon
// as the trainer has seen its dataset.
func (t *Trainer) Options() (*TrainerOptions, error) {
	native := newTrainerOptions()
	defer capi.DeleteCasd_trainer_options(native)
	err := t.change(func(address uintptr) error { return capi.Casd_trainer_get_options(native, address) })
	if err != nil {
		return nil, err
	}
	result := readTrainerOptions(native)
	return &result, nil
}

// change runs a call that nothing else may run beside.
func (t *Trainer) change(call func(address uintptr) error) error {
	address, err := t.handle.write()
	if err != nil {
		return err
	}
	defer t.handle.doneWriting()
	return failed(call(address))
}
