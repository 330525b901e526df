package casd

import "casd.org/casd/internal/capi"

// TeacherMode is which network teaches the student.
type TeacherMode int32

// The values of [TeacherMode].
const (
	TeacherFrozen TeacherMode = 0 // The best epoch of the teacher's phase.
	TeacherEMA    TeacherMode = 1 // Starts as that; follows the student as a moving average.
	TeacherShared TeacherMode = 2 // The student itself, on complete input.
	TeacherNone   TeacherMode = 3 // None: no teacher's phase, no distillation.
)

// SamplingMode is how the representation is sampled in training.
type SamplingMode int32

// The values of [SamplingMode].
const (
	SamplingStudentT SamplingMode = 0 // Student's t, no gradient through the noise.
	SamplingImplicit SamplingMode = 1 // Student's t, implicit gradient through its Gamma variate.
	SamplingGaussian SamplingMode = 2 // A normal of variance U_F.
	SamplingNone     SamplingMode = 3 // The location itself.
)

// Phase is a part of the training.
type Phase int32

// The values of [Phase].
const (
	PhaseTeacher Phase = 0 // Complete input, task loss only.
	PhaseStudent Phase = 1 // Corrupted input, all losses.
	PhaseDone    Phase = 2 // Both are over; the model is calibrated.
)

// String returns "teacher", "student" or "done".
func (p Phase) String() string {
	switch p {
	case PhaseTeacher:
		return "teacher"
	case PhaseStudent:
		return "student"
	}
	return "done"
}

// TrainerOptions is how to train. In parentheses the default, then RecipePaper's where it differs, then
// the range; [NewTrainer] checks them. [DefaultTrainerOptions] returns the defaults; a nil
// *TrainerOptions means the same.
//
// What auto stands for adapts to the dataset; [TrainerOptions.Resolve] returns the numbers.
type TrainerOptions struct {
	Teacher             TeacherMode  // TeacherFrozen.
	Sampling            SamplingMode // SamplingStudentT.
	TeacherEpochs       int          // Most epochs of the teacher's phase (0: auto; to 100000).
	Epochs              int          // Most epochs of the student's phase (0: auto; to 100000).
	SelectFrom          int          // First epoch, from 0, that may be the student's best (-1: auto; to 100000).
	Patience            int          // Epochs without a new best that end a phase (0: auto).
	BatchSize           int          // Samples a step (0: auto; to 65536).
	TotalSteps          int          // For Trainer.Step: length of the cosine; 0: constant rate.
	BalanceClasses      bool         // Class weights N / (K N_k); true.
	Calibrate           bool         // Fit temperatures on split valid at the end; true.
	FitTrust            bool         // Fit one factor per modality on split valid at the end; false.
	Device              Device       // DeviceCPU.
	DeviceIndex         int          // Which GPU (0).
	Engine              EngineChoice // (EngineAuto)
	Threads             int          // On the CPU (1; 1 to 256). Does not change the result.
	Schedule            Recipe       // The recipe whose schedule auto stands for; RecipeGrounded.
	Dropout             float64      // (0.4; 0 to below 1)
	FrameDrop           float64      // Most chance that a frame is dropped (0.5; 0 to 1).
	SigmaScale          float64      // Factor kappa of the sampling noise (1; 0 to 10; 0: off).
	EMADecay            float64      // Of TeacherEMA (0.99; 0 to 1).
	LogitWeight         float64      // Of the Jensen-Shannon term (1; 0 to 1000).
	UncertaintyWeight   float64      // Of (U_F - teacher's)^2 (0, 0.1; 0 to 1000).
	EvidenceWeight      float64      // Of the evidence's likelihood (1, 0; 0 to 1000).
	EvidenceRegularizer float64      // Of |y - gamma| (2 delta + alpha) (0.05; 0 to 1000).
	EvidenceRate        float64      // Factor of the evidence heads' rate (10, 1; 0 to 1000).
	LearningRate        float64      // (0.001; above 0, up to 1)
	FinalRate           float64      // Share of the rate that the cosine ends with (0.05; 0 to 1).
	WeightDecay         float64      // L2, in the gradient (0.0001; 0 to 1).
	GradientClip        float64      // Most norm of the gradient (0.8; 0: off).
	HoldOut             float64      // Share of train held out if there is no split valid (0.2; 0: none).
	Seed                uint64       // Of shuffling, corruption, dropout and sampling (0).
}

// DefaultTrainerOptions returns the defaults.
func DefaultTrainerOptions() *TrainerOptions {
	c := newTrainerOptions()
	defer capi.DeleteCasd_trainer_options(c)
	o := readTrainerOptions(c)
	return &o
}

// newTrainerOptions makes the library's struct, with the defaults; the caller deletes it.
func newTrainerOptions() capi.Casd_trainer_options {
	c := capi.NewCasd_trainer_options()
	if ready() != nil {
		return c // zeros: no function of this library may be called
	}
	_ = capi.Casd_trainer_options_init(c) // fails for NULL only
	return c
}

// native makes the library's struct of these options, nil for nil, which means the defaults. The caller
// calls drop.
func (o *TrainerOptions) native() (c capi.Casd_trainer_options, drop func()) {
	if o == nil {
		return capi.SwigcptrCasd_trainer_options(0), func() {}
	}
	c = newTrainerOptions()
	o.write(c)
	return c, func() { capi.DeleteCasd_trainer_options(c) }
}

// UseRecipe sets the fields in which a recipe differs.
func (o *TrainerOptions) UseRecipe(recipe Recipe) error {
	return o.change(func(c capi.Casd_trainer_options) error {
		return capi.Casd_trainer_options_use_recipe(c, int32(recipe))
	})
}

// Resolve replaces each auto by the number that it stands for with a dataset that has a split train.
func (o *TrainerOptions) Resolve(dataset *Dataset) error {
	address, err := dataset.handle.read()
	if err != nil {
		return err
	}
	defer dataset.handle.doneReading()
	return o.change(func(c capi.Casd_trainer_options) error {
		return capi.Casd_trainer_options_resolve(c, address)
	})
}

// Set sets one field by its name in C and from text, as a command line or a settings file has it:
// "learning_rate", "0.01". Enumerations by their lower-case name. [TrainerOptionNames] lists the names. An
// unknown name is [ErrNotFound]; a value out of range is [ErrInvalidArgument].
func (o *TrainerOptions) Set(name, value string) error {
	if err := plainTexts(name, value); err != nil {
		return err
	}
	return o.change(func(c capi.Casd_trainer_options) error { return capi.Casd_trainer_options_set(c, name, value) })
}

// Text returns one field as the text that Set takes.
func (o *TrainerOptions) Text(name string) (string, error) {
	if err := plainTexts(name); err != nil {
		return "", err
	}
	if err := ready(); err != nil {
		return "", err
	}
	c, drop := o.native()
	defer drop()
	return textOf(func(buffer []byte, needed *int) error {
		return capi.Casd_trainer_options_text(buffer, needed, c, name)
	})
}

// TrainerOptionNames returns the names that Set and Text take.
func TrainerOptionNames() []string {
	if ready() != nil {
		return nil
	}
	names := make([]string, capi.Casd_trainer_options_count())
	for i := range names {
		names[i] = capi.Casd_trainer_options_name(int32(i))
	}
	return names
}

// change applies a function of the library to the options.
func (o *TrainerOptions) change(f func(capi.Casd_trainer_options) error) error {
	if err := ready(); err != nil {
		return err
	}
	c, drop := o.native()
	defer drop()
	if err := failed(f(c)); err != nil {
		return err
	}
	*o = readTrainerOptions(c)
	return nil
}

func (o *TrainerOptions) write(c capi.Casd_trainer_options) {
	c.SetTeacher(int32(o.Teacher))
	c.SetSampling(int32(o.Sampling))
	c.SetTeacher_epochs(number32(o.TeacherEpochs))
	c.SetEpochs(number32(o.Epochs))
	c.SetSelect_from(number32(o.SelectFrom))
	c.SetPatience(number32(o.Patience))
	c.SetBatch_size(number32(o.BatchSize))
	c.SetTotal_steps(number32(o.TotalSteps))
	c.SetBalance_classes(flag(o.BalanceClasses))
	c.SetCalibrate(flag(o.Calibrate))
	c.SetFit_trust(flag(o.FitTrust))
	c.SetDevice(int32(o.Device))
	c.SetDevice_index(number32(o.DeviceIndex))
	c.SetEngine(int32(o.Engine))
	c.SetThreads(number32(o.Threads))
	c.SetSchedule(int32(o.Schedule))
	c.SetDropout(o.Dropout)
	c.SetFrame_drop(o.FrameDrop)
	c.SetSigma_scale(o.SigmaScale)
	c.SetEma_decay(o.EMADecay)
	c.SetLogit_weight(o.LogitWeight)
	c.SetUncertainty_weight(o.UncertaintyWeight)
	c.SetEvidence_weight(o.EvidenceWeight)
	c.SetEvidence_regularizer(o.EvidenceRegularizer)
	c.SetEvidence_rate(o.EvidenceRate)
	c.SetLearning_rate(o.LearningRate)
	c.SetFinal_rate(o.FinalRate)
	c.SetWeight_decay(o.WeightDecay)
	c.SetGradient_clip(o.GradientClip)
	c.SetHold_out(o.HoldOut)
	c.SetSeed(o.Seed)
}

func readTrainerOptions(c capi.Casd_trainer_options) TrainerOptions {
	return TrainerOptions{
		Teacher:             TeacherMode(c.GetTeacher()),
		Sampling:            SamplingMode(c.GetSampling()),
		TeacherEpochs:       int(c.GetTeacher_epochs()),
		Epochs:              int(c.GetEpochs()),
		SelectFrom:          int(c.GetSelect_from()),
		Patience:            int(c.GetPatience()),
		BatchSize:           int(c.GetBatch_size()),
		TotalSteps:          int(c.GetTotal_steps()),
		BalanceClasses:      c.GetBalance_classes() != 0,
		Calibrate:           c.GetCalibrate() != 0,
		FitTrust:            c.GetFit_trust() != 0,
		Device:              Device(c.GetDevice()),
		DeviceIndex:         int(c.GetDevice_index()),
		Engine:              EngineChoice(c.GetEngine()),
		Threads:             int(c.GetThreads()),
		Schedule:            Recipe(c.GetSchedule()),
		Dropout:             c.GetDropout(),
		FrameDrop:           c.GetFrame_drop(),
		SigmaScale:          c.GetSigma_scale(),
		EMADecay:            c.GetEma_decay(),
		LogitWeight:         c.GetLogit_weight(),
		UncertaintyWeight:   c.GetUncertainty_weight(),
		EvidenceWeight:      c.GetEvidence_weight(),
		EvidenceRegularizer: c.GetEvidence_regularizer(),
		EvidenceRate:        c.GetEvidence_rate(),
		LearningRate:        c.GetLearning_rate(),
		FinalRate:           c.GetFinal_rate(),
		WeightDecay:         c.GetWeight_decay(),
		GradientClip:        c.GetGradient_clip(),
		HoldOut:             c.GetHold_out(),
		Seed:                c.GetSeed(),
	}
}
