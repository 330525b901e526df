package casd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"casd.org/casd"
)

var children = map[string]func(){
	// Prints what a program sees that needs a plug-in.
	"trainer": func() {
		dataset, err := casd.NewSyntheticDataset(nil)
		if err == nil {
			var model *casd.Model
			if model, err = casd.NewModel(dataset.Schema(), nil); err == nil {
				options := casd.DefaultTrainerOptions()
				options.Engine = casd.EngineTorch
				_, err = casd.NewTrainer(model, options)
			}
		}
		fmt.Print(err)
	},
	// Prints what a program sees whose library does not fit.
	"constructors": func() {
		_, err := casd.NewSyntheticDataset(nil)
		_, second := casd.NewPrediction()
		third := (&casd.Schema{}).Validate()
		_, fourth := casd.LoadModel("absent")
		_, fifth := casd.Engines()
		fmt.Printf("%v\n%t", err, err == second && err == third && err == fourth && err == fifth && err == casd.Check())
	},
}

// child runs this executable as one of the children and returns its output.
func child(t *testing.T, name string, environment ...string) string {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), append(environment, childVariable+"="+name)...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return string(output)
}

func TestMissingPluginIsUnavailable(t *testing.T) {
	alone := filepath.Join(t.TempDir(), "libcasd.so.2")
	library, err := os.ReadFile(casd.LibraryPath())
	check(t, err)
	check(t, os.WriteFile(alone, library, 0o755))
	output := child(t, "trainer", "LD_PRELOAD="+alone, "CASD_PLUGIN_PATH=/absent/plugins")
	if !strings.Contains(output, "casd: UNAVAILABLE:") || !strings.Contains(output, "/absent/plugins") ||
		!strings.Contains(output, filepath.Dir(alone)) {
		t.Error(output)
	}
	if output := child(t, "trainer"); output != "<nil>" {
		t.Errorf("with the plug-in: %s", output)
	}
}

func TestOtherBinaryInterfaceIsRefused(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("not there: cc")
	}
	folder := t.TempDir()
	for function, wanted := range map[string]string{
		"casd_abi_version": "other.so has binary interface 1, but this program needs 2: install",
		"casd_version":     "has version 0.0.1, but this program was built with " + casd.Version() + ": install",
	} {
		source, library := filepath.Join(folder, "other.c"), filepath.Join(folder, "other.so")
		check(t, os.WriteFile(source, []byte("unsigned "+function+"(void) { return 1; }\n"), 0o644))
		run(t, compiler, "-shared", "-fPIC", "-o", library, source)
		output := child(t, "constructors", "LD_PRELOAD="+library)
		if !strings.Contains(output, "casd: VERSION: ") || !strings.Contains(output, wanted) ||
			!strings.HasSuffix(output, "\ntrue") {
			t.Errorf("%s: %s", function, output)
		}
	}
}

func TestLibrary(t *testing.T) {
	check(t, casd.Check())
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(casd.Version()) {
		t.Error(casd.Version())
	}
	if !strings.Contains(casd.BuildInfo(), `"engine"`) || !strings.Contains(casd.LibraryPath(), "libcasd") {
		t.Error(casd.BuildInfo(), casd.LibraryPath())
	}
	engines := must[[]casd.Engine](t)(casd.Engines())
	if len(engines) != 3 || engines[0].Name != "cpu" || !engines[0].Available || !engines[0].Concurrent ||
		!engines[1].Trains || engines[2].Device != casd.DeviceCUDA {
		t.Errorf("%+v", engines)
	}
	if !engines[2].Available && engines[2].Reason == "" {
		t.Errorf("%+v", engines[2])
	}
	check(t, casd.SetPluginPath("/absent"))
	check(t, casd.SetPluginPath(""))
	if casd.StatusNotFound.String() != "NOT_FOUND" || casd.StatusOK.String() != "OK" {
		t.Error(casd.StatusNotFound)
	}
}

func TestLogIsPolled(t *testing.T) {
	defer casd.StopLog()
	casd.PollLog()
	for {
		if _, _, ok := casd.PollLog(); !ok {
			break
		}
	}
	wants(t, casd.SetLogLevel(9), 1, casd.ErrInvalidArgument, "")
	check(t, casd.SetLogLevel(casd.LogDebug))
	defer casd.SetLogLevel(casd.LogWarning)
	dataset := must[*casd.Dataset](t)(casd.ReadDataset([]byte("sample,split,label,audio.a\n"+
		"1,train,yes,1\n2,train,no,2\n3,valid,yes,1\n4,valid,yes,2\n"), "few.csv", ""))
	model := must[*casd.Model](t)(casd.NewModel(dataset.Schema(), nil))
	check(t, must[*casd.Trainer](t)(casd.NewTrainer(model, nil)).Prepare(dataset))
	for {
		level, message, ok := casd.PollLog()
		if !ok {
			t.Fatal("no warning about the class that is missing in split valid")
		}
		if level == casd.LogWarning && strings.Contains(message, "'no'") {
			break
		}
	}
}

// Each value of the headers' enumerations has a constant of the same number, so that a new value in C is
// noticed here.
func TestConstantsEqualTheHeaders(t *testing.T) {
	constants := map[string]int64{
		"CASD_OK": int64(casd.StatusOK), "CASD_ERROR_INVALID_ARGUMENT": int64(casd.StatusInvalidArgument),
		"CASD_ERROR_OUT_OF_MEMORY": int64(casd.StatusOutOfMemory), "CASD_ERROR_IO": int64(casd.StatusIO),
		"CASD_ERROR_FORMAT": int64(casd.StatusFormat), "CASD_ERROR_VERSION": int64(casd.StatusVersion),
		"CASD_ERROR_UNAVAILABLE": int64(casd.StatusUnavailable), "CASD_ERROR_STATE": int64(casd.StatusState),
		"CASD_ERROR_CANCELLED": int64(casd.StatusCancelled), "CASD_ERROR_NUMERIC": int64(casd.StatusNumeric),
		"CASD_ERROR_DEVICE": int64(casd.StatusDevice), "CASD_ERROR_INTERNAL": int64(casd.StatusInternal),
		"CASD_ERROR_NOT_FOUND": int64(casd.StatusNotFound), "CASD_ERROR_BUFFER_TOO_SMALL": int64(casd.StatusBufferTooSmall),
		"CASD_LOG_DEBUG": int64(casd.LogDebug), "CASD_LOG_INFO": int64(casd.LogInfo),
		"CASD_LOG_WARNING": int64(casd.LogWarning), "CASD_LOG_ERROR": int64(casd.LogError), "CASD_LOG_OFF": int64(casd.LogOff),
		"CASD_TASK_REGRESSION": int64(casd.TaskRegression), "CASD_TASK_CLASSES": int64(casd.TaskClasses),
		"CASD_TASK_MULTILABEL":   int64(casd.TaskMultilabel),
		"CASD_RECIPE_GROUNDED":   int64(casd.RecipeGrounded),
		"CASD_RECIPE_EVIDENTIAL": int64(casd.RecipeEvidential), "CASD_RECIPE_PAPER": int64(casd.RecipePaper),
		"CASD_PRESET_DEFAULT": int64(casd.PresetDefault), "CASD_PRESET_REFERENCE": int64(casd.PresetReference),
		"CASD_POOLING_LAST": int64(casd.PoolingLast), "CASD_POOLING_MEAN": int64(casd.PoolingMean), "CASD_POOLING_AUTO": int64(casd.PoolingAuto),
		"CASD_ABSENT_EXCLUDED": int64(casd.AbsentExcluded), "CASD_ABSENT_ZEROS": int64(casd.AbsentZeros),
		"CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM": int64(casd.WeightsExcessDegreesOfFreedom),
		"CASD_WEIGHTS_DEGREES_OF_FREEDOM":        int64(casd.WeightsDegreesOfFreedom),
		"CASD_WEIGHTS_PRECISION":                 int64(casd.WeightsPrecision), "CASD_WEIGHTS_EQUAL": int64(casd.WeightsEqual),
		"CASD_FUSED_VARIANCE_WEIGHTED": int64(casd.FusedVarianceWeighted), "CASD_FUSED_VARIANCE_MEAN": int64(casd.FusedVarianceMean),
		"CASD_ENGINE_AUTO": int64(casd.EngineAuto), "CASD_ENGINE_CPU": int64(casd.EngineCPU),
		"CASD_ENGINE_TORCH": int64(casd.EngineTorch), "CASD_DEVICE_CPU": int64(casd.DeviceCPU), "CASD_DEVICE_CUDA": int64(casd.DeviceCUDA),
		"CASD_EMPTY_ERROR": int64(casd.EmptyError), "CASD_EMPTY_NAN": int64(casd.EmptyNaN),
		"CASD_FIELD_PROBABILITIES": int64(casd.FieldProbabilities), "CASD_FIELD_LOGITS": int64(casd.FieldLogits),
		"CASD_FIELD_VALUE": int64(casd.FieldValue), "CASD_FIELD_CONFIDENCE": int64(casd.FieldConfidence),
		"CASD_FIELD_UNCERTAINTY": int64(casd.FieldUncertainty), "CASD_FIELD_DISAGREEMENT": int64(casd.FieldDisagreement),
		"CASD_FIELD_MODALITY_VARIANCE": int64(casd.FieldModalityVariance), "CASD_FIELD_MODALITY_ALEATORIC": int64(casd.FieldModalityAleatoric),
		"CASD_FIELD_MODALITY_EPISTEMIC":          int64(casd.FieldModalityEpistemic),
		"CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM": int64(casd.FieldModalityDegreesOfFreedom),
		"CASD_FIELD_MODALITY_WEIGHT":             int64(casd.FieldModalityWeight), "CASD_FIELD_REPRESENTATION": int64(casd.FieldRepresentation),
		"CASD_FIELD_SCALE": int64(casd.FieldScale), "CASD_FIELD_DEGREES_OF_FREEDOM": int64(casd.FieldDegreesOfFreedom),
		"CASD_FIELD_MODALITY_GUARD": int64(casd.FieldModalityGuard), "CASD_FIELD_ERROR_PROBABILITY": int64(casd.FieldErrorProbability),
		"CASD_FIELD_PREDICTION_SET": int64(casd.FieldPredictionSet), "CASD_FIELD_INTERVAL": int64(casd.FieldInterval),
		"CASD_FIELD_STANDARD_DEVIATION":     int64(casd.FieldStandardDeviation),
		"CASD_FIELD_UNCERTAINTY_PERCENTILE": int64(casd.FieldUncertaintyPercentile), "CASD_FIELD_ABSTAIN": int64(casd.FieldAbstain),
		"CASD_MONITOR_MODALITIES":        int64(casd.MonitorModalities),
		"CASD_MONITOR_MODALITY_VARIANCE": int64(casd.MonitorModalityVariance),
		"CASD_MONITOR_UNCERTAINTY":       int64(casd.MonitorUncertainty), "CASD_MONITOR_ERROR_PROBABILITY": int64(casd.MonitorErrorProbability),
		"CASD_TRAIN_DEGREES_OF_FREEDOM": int64(casd.QuantityDegreesOfFreedom), "CASD_TRAIN_WEIGHT": int64(casd.QuantityWeight),
		"CASD_TRAIN_VARIANCE": int64(casd.QuantityVariance), "CASD_TRAIN_SCALE": int64(casd.QuantityScale),
		"CASD_TRAIN_UNCERTAINTY": int64(casd.QuantityUncertainty), "CASD_TRAIN_SCORE": int64(casd.QuantityScore),
		"CASD_TEACHER_FROZEN": int64(casd.TeacherFrozen), "CASD_TEACHER_EMA": int64(casd.TeacherEMA),
		"CASD_TEACHER_SHARED": int64(casd.TeacherShared), "CASD_TEACHER_NONE": int64(casd.TeacherNone),
		"CASD_SAMPLING_STUDENT_T": int64(casd.SamplingStudentT), "CASD_SAMPLING_IMPLICIT": int64(casd.SamplingImplicit),
		"CASD_SAMPLING_GAUSSIAN": int64(casd.SamplingGaussian), "CASD_SAMPLING_NONE": int64(casd.SamplingNone),
		"CASD_PHASE_TEACHER": int64(casd.PhaseTeacher), "CASD_PHASE_STUDENT": int64(casd.PhaseStudent), "CASD_PHASE_DONE": int64(casd.PhaseDone),
		"CASD_ALL_MODALITIES": int64(casd.AllModalities), "CASD_MAX_MODALITIES": casd.MaxModalities,
	}
	headers, err := filepath.Glob(filepath.Join(repositoryRoot(t), "include", "casd", "*.h"))
	check(t, err)
	found := 0
	for _, header := range headers {
		text, err := os.ReadFile(header)
		check(t, err)
		for _, match := range regexp.MustCompile(`(?m)^(?:  |#define )(CASD_[A-Z_]+) (?:= )?(\d+|0xFFFFFFFFu),?(?: |$)`).FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(match[1], "CASD_VERSION_") {
				continue
			}
			var value int64
			fmt.Sscan(strings.TrimSuffix(match[2], "u"), &value)
			if got, known := constants[match[1]]; !known || got != value {
				t.Errorf("%s is %d, but %d (%t) in Go", match[1], value, got, known)
			}
			found++
		}
	}
	if found != len(constants) {
		t.Errorf("%d constants in the headers, %d in Go", found, len(constants))
	}
}
