package casd_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"casd.org/casd"
)

func twoModalities() *casd.Schema {
	return &casd.Schema{
		Modalities: []casd.Modality{
			{Name: "Sprache", Features: 3, FeatureNames: []string{"a", "b", "ü"}},
			{Name: "audio", Features: 2},
		},
		Task:    casd.TaskMultilabel,
		Outputs: []string{"happy", "sad", "zornig – ärgerlich"},
	}
}

func TestSchemaIsAValue(t *testing.T) {
	noNewObjects(t)
	schema := twoModalities()
	check(t, schema.Validate())
	model := must[*casd.Model](t)(casd.NewModel(schema, nil))
	if got := model.Schema(); !reflect.DeepEqual(got, schema) {
		t.Errorf("%+v", got)
	}
	model.Schema().Outputs[0] = "changed"
	model.Schema().Modalities[0].FeatureNames[0] = "changed"
	if got := model.Schema(); !reflect.DeepEqual(got, schema) {
		t.Errorf("%+v", got)
	}
	if i := must[int](t)(schema.Modality("audio")); i != 1 {
		t.Error(i)
	}
	if i := must[int](t)(schema.Output("sad")); i != 1 {
		t.Error(i)
	}
	if mask := must[casd.Mask](t)(schema.Mask("audio", "Sprache")); mask != 3 {
		t.Error(mask)
	}
	_, err := schema.Output("bored")
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "happy, sad")

	for message, change := range map[string]func(*casd.Schema){
		"audio":         func(s *casd.Schema) { s.Modalities[0].Name = "audio" },
		"features":      func(s *casd.Schema) { s.Modalities[1].Features = 0 },
		"names of feat": func(s *casd.Schema) { s.Modalities[0].FeatureNames = []string{"a"} },
		"task":          func(s *casd.Schema) { s.Task = 7 },
		"sad":           func(s *casd.Schema) { s.Outputs[0] = "sad" },
		"zero byte":     func(s *casd.Schema) { s.Outputs[0] = "s\x00" },
		"no modality":   func(s *casd.Schema) { s.Modalities = make([]casd.Modality, 0) },
	} {
		wrong := twoModalities()
		change(wrong)
		_, err := casd.NewModel(wrong, nil)
		wants(t, err, 1, casd.ErrInvalidArgument, message)
	}
	many := &casd.Schema{}
	for i := range 33 {
		many.Modalities = append(many.Modalities, casd.Modality{Name: strings.Repeat("m", i+1), Features: 1})
	}
	wants(t, many.Validate(), 1, casd.ErrInvalidArgument, "32")
	if text := casd.TaskRegression.String() + casd.TaskClasses.String() + casd.Task(9).String(); text != "regressionclassesTask(9)" {
		t.Error(text)
	}
}

func TestModel(t *testing.T) {
	noNewObjects(t)
	options := casd.DefaultModelOptions()
	if options.Hidden != 40 || options.MaxSteps != 512 || options.InputClip != 5 {
		t.Errorf("%+v", options)
	}
	options.Hidden, options.Layers, options.Heads, options.FeedForward = 12, 1, 2, 30
	options.Pooling, options.Absent, options.Weights = casd.PoolingMean, casd.AbsentZeros, casd.WeightsEqual
	options.FusedVariance, options.MaxSteps, options.InputClip = casd.FusedVarianceMean, 7, 4
	options.DeltaMin, options.DeltaMax, options.AlphaMin, options.AlphaMax, options.BetaMin = 0.02, 19, 1.5, 18, 0.3
	model := must[*casd.Model](t)(casd.NewModel(twoModalities(), options))
	if got := must[*casd.ModelOptions](t)(model.Options()); !reflect.DeepEqual(got, options) {
		t.Errorf("%+v", got)
	}
	options.Seed = 1<<63 + 5
	other := must[*casd.Model](t)(casd.NewModel(twoModalities(), options))
	if bytes.Equal(must[[]byte](t)(model.Bytes()), must[[]byte](t)(other.Bytes())) {
		t.Error("the seed has no effect")
	}
	named := must[*casd.Model](t)(model.WithUserValue("user.extractor", "openSMILE – 3"))
	empty := must[*casd.Model](t)(named.WithUserValue("user.empty", ""))
	if got := must[map[string]string](t)(empty.UserValues()); !reflect.DeepEqual(got, map[string]string{
		"user.extractor": "openSMILE – 3", "user.empty": ""}) {
		t.Error(got)
	}
	if got := must[map[string]string](t)(must[*casd.Model](t)(named.WithoutUserValue("user.extractor")).UserValues()); len(got) != 0 {
		t.Error(got)
	}
	_, err := model.WithUserValue("extractor", "x")
	wants(t, err, 1, casd.ErrInvalidArgument, "user.")
	path := filepath.Join(t.TempDir(), "模型.casd")
	check(t, named.Save(path))
	loaded := must[*casd.Model](t)(casd.LoadModel(path))
	if !bytes.Equal(must[[]byte](t)(loaded.Bytes()), must[[]byte](t)(named.Bytes())) {
		t.Error("another model was loaded")
	}
	if info := must[string](t)(loaded.Info()); !strings.Contains(info, "openSMILE – 3") {
		t.Error(info)
	}
	if n := must[float64](t)(loaded.Temperature(1)); n != 1 {
		t.Error(n)
	}
	_, err = loaded.Temperature(0)
	wants(t, err, 1, casd.ErrInvalidArgument, "mask")
	if loaded.ParameterCount() < 100 {
		t.Error(loaded.ParameterCount())
	}
	check(t, options.Set("pooling", "last"))
	check(t, options.UsePreset(casd.PresetReference))
	check(t, options.UseRecipe(casd.RecipePaper))
	if options.Pooling != casd.PoolingLast || options.Layers != 4 || options.Heads != 10 || options.Hidden != 12 {
		t.Errorf("%+v", options)
	}
	wants(t, options.UseRecipe(9), 1, casd.ErrInvalidArgument, "recipe")
	wants(t, options.Set("depth", "1"), casd.StatusNotFound, casd.ErrNotFound, "hidden")
	if text := must[string](t)(options.Text("seed")); text != "9223372036854775813" {
		t.Error(text)
	}
	if names := casd.ModelOptionNames(); !slices.Contains(names, "hidden") || len(names) < 16 {
		t.Error(names)
	}
}

func TestBatchAndDataset(t *testing.T) {
	noNewObjects(t)
	schema := twoModalities()
	batch := must[*casd.Batch](t)(casd.NewBatch(schema))
	check(t, batch.Reserve(8))
	for want := range 4 {
		if sample := must[int](t)(batch.Add()); sample != want {
			t.Fatal(sample)
		}
	}
	check(t, batch.SetFrames(0, 0, []float32{1, 2, 3, 4, 5, 6}, 3))
	check(t, batch.SetStridedFrames(0, 1, []float32{1, 2, 9, 9, 3, 4}, 2, 2, 4))
	check(t, batch.SetFrames(1, 1, []float32{7, float32(math.NaN())}, 2))
	check(t, batch.SetFrames(2, 1, []float32{7, 8}, 2))
	check(t, batch.SetFrames(2, 1, nil, 2))
	check(t, batch.SetTarget(0, 1, 0, 1))
	check(t, batch.SetTarget(1, 0, 0, 1))
	check(t, batch.SetTarget(1))
	wants(t, batch.SetTarget(0, 0.5, 0, 1), 1, casd.ErrInvalidArgument, "")
	if got := must[[]float32](t)(batch.Frames(0, 0)); !slices.Equal(got, []float32{1, 2, 3, 4, 5, 6}) {
		t.Error(got)
	}
	if got := must[[]float32](t)(batch.Frames(0, 1)); !slices.Equal(got, []float32{1, 2, 3, 4}) {
		t.Error(got)
	}
	if got := must[[]float32](t)(batch.Frames(2, 1)); got != nil {
		t.Error(got)
	}
	if got := must[int](t)(batch.Steps(0, 0)); got != 2 {
		t.Error(got)
	}
	if got := must[[]float32](t)(batch.Target(0)); !slices.Equal(got, []float32{1, 0, 1}) {
		t.Error(got)
	}
	if got := must[[]float32](t)(batch.Target(1)); got != nil {
		t.Error(got)
	}
	for _, call := range []func() (any, error){
		func() (any, error) { return batch.Steps(4, 0) },
		func() (any, error) { return batch.Frames(0, -1) },
		func() (any, error) { return batch.Target(-1) },
	} {
		_, err := call()
		wants(t, err, 1, casd.ErrInvalidArgument, "there is no sample")
	}
	if !reflect.DeepEqual(batch.Schema(), schema) {
		t.Error(batch.Schema())
	}

	dataset := must[*casd.Dataset](t)(casd.NewDataset(schema))
	check(t, dataset.Add("train", batch))
	check(t, dataset.Add("more", batch))
	if got := must[[]string](t)(dataset.Splits()); !slices.Equal(got, []string{"train", "more"}) {
		t.Error(got)
	}
	if got := must[int](t)(dataset.Len("more")); got != 4 {
		t.Error(got)
	}
	_, err := dataset.Len("absent")
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "absent")
	if got := must[int](t)(dataset.TargetCount("train", -1)); got != 1 {
		t.Error(got)
	}
	if got := must[int](t)(dataset.ModalityCount("train", 1)); got != 1 {
		t.Error(got)
	}
	if got := must[string](t)(dataset.SampleName("more", 3)); got == "" {
		t.Error(got)
	}
	if got := must[string](t)(dataset.GroupName("more", 3)); got != "" {
		t.Error(got)
	}
	_, err = dataset.SampleName("more", 4)
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "more")
	_, err = dataset.Noise("train", 0, 0)
	wants(t, err, casd.StatusState, casd.ErrState, "")
	check(t, batch.Clear())
	check(t, dataset.Read(batch, "more", 1, 0))
	check(t, dataset.Read(batch, "more"))
	if got := must[int](t)(batch.Len()); got != 6 {
		t.Error(got)
	}
	if got := must[[]float32](t)(batch.Frames(1, 0)); len(got) != 6 {
		t.Error(got)
	}
	wants(t, dataset.Read(batch, "absent"), casd.StatusNotFound, casd.ErrNotFound, "absent")
	wants(t, dataset.Read(batch, "more", 4), 1, casd.ErrInvalidArgument, "")
}

func TestDatasetSources(t *testing.T) {
	noNewObjects(t)
	options := casd.DefaultSyntheticOptions()
	if options.TrainSamples != 600 || options.Task != casd.TaskClasses {
		t.Errorf("%+v", options)
	}
	options.Task, options.TrainSamples, options.ValidSamples, options.TestSamples = casd.TaskRegression, 11, 12, 13
	options.MaxSteps, options.MissingRate, options.Seed = 3, 0.5, 9
	dataset := must[*casd.Dataset](t)(casd.NewSyntheticDataset(options))
	for split, want := range map[string]int{"train": 11, "valid": 12, "test": 13} {
		if got := must[int](t)(dataset.Len(split)); got != want {
			t.Error(split, got)
		}
	}
	missing := must[int](t)(dataset.ModalityCount("test", 1))
	if dataset.Schema().Task != casd.TaskRegression || missing == 13 {
		t.Error(dataset.Schema(), missing)
	}
	if noise := must[float64](t)(dataset.Noise("valid", 0, 0)); noise == 0 {
		t.Error(noise)
	}
	csv := "sample,group,label,audio.loud,audio.high\n1,Anna,0,1,2\n2,Anna,1,3,4\n3,Bernd,0,1,1\n4,Carla,1,2,2\n"
	read := must[*casd.Dataset](t)(casd.ReadDataset([]byte(csv), "given.csv", "classes:no,yes"))
	if got := read.Schema(); !slices.Equal(got.Outputs, []string{"no", "yes"}) ||
		!slices.Equal(got.Modalities[0].FeatureNames, []string{"loud", "high"}) {
		t.Errorf("%+v", got)
	}
	if got := must[string](t)(read.GroupName("train", 2)); got != "Bernd" {
		t.Error(got)
	}
	check(t, read.HoldOut("train", "valid", 0.4, 3))
	if n := must[int](t)(read.Len("valid")); n == 0 || n == 4 {
		t.Error(n)
	}
	wants(t, read.HoldOut("absent", "x", 0.5, 1), casd.StatusNotFound, casd.ErrNotFound, "absent")
	_, err := casd.ReadDataset([]byte("no,dataset\n1\n"), "wrong.csv", "")
	wants(t, err, casd.StatusFormat, casd.ErrFormat, "wrong.csv")
	_, err = casd.OpenDataset("/absent.csv", "")
	wants(t, err, casd.StatusIO, casd.ErrIO, "/absent.csv")
}

func TestSeriesAndAddedFiles(t *testing.T) {
	noNewObjects(t)
	const head = "@classLabel true walk run\n@data\n"
	train, test := filepath.Join(t.TempDir(), "Moves_TRAIN.ts"), filepath.Join(t.TempDir(), "Moves_TEST.ts")
	check(t, os.WriteFile(train, []byte(head+"1,2:3,4:5:walk\n6,?:7,8:9:run\n"), 0o600))
	check(t, os.WriteFile(test, []byte(head+"1:2:3:run\n"), 0o600))
	data := must[*casd.Dataset](t)(casd.OpenDatasetAs(train, "", "", "arm=0-1,leg=2"))
	check(t, data.AddFile(test, ""))
	check(t, data.AddFile(test, "more"))
	if splits := must[[]string](t)(data.Splits()); !slices.Equal(splits, []string{"train", "test", "more"}) {
		t.Error(splits)
	}
	if m := data.Schema().Modalities; len(m) != 2 || m[1].Name != "leg" || m[0].Features != 2 {
		t.Errorf("%+v", m)
	}
	renamed := must[*casd.Dataset](t)(casd.OpenDatasetAs(train, "classes:slow,fast", "valid", "leg=2"))
	if n := must[int](t)(renamed.Len("valid")); n != 2 {
		t.Error(n)
	}
	_, err := casd.OpenDatasetAs(train, "", "", "arm=0,leg=0")
	wants(t, err, casd.StatusInvalidArgument, casd.ErrInvalidArgument, "channel 0")
	check(t, os.WriteFile(test, []byte(head+"1:run\n"), 0o600))
	wants(t, data.AddFile(test, ""), casd.StatusInvalidArgument, casd.ErrInvalidArgument, "channel 1")
	wants(t, data.AddFile("/absent.ts", ""), casd.StatusIO, casd.ErrIO, "/absent.ts")
}

func TestEvaluate(t *testing.T) {
	noNewObjects(t)
	dataset := synthetic(t)
	predictor := must[*casd.Predictor](t)(casd.NewPredictor(trained(t), nil))
	var last, total int
	report := must[*casd.Report](t)(predictor.Evaluate(context.Background(), dataset, "valid",
		&casd.EvaluateOptions{Progress: func(done, all int) { last, total = done, all }}))
	if last != total || total != 200 {
		t.Error(last, total)
	}
	conditions := must[[]string](t)(report.Conditions())
	if len(conditions) != 7 || conditions[6] != "language+audio+visual" {
		t.Error(conditions)
	}
	if n := must[float64](t)(report.Value("audio+language", "samples")); n != 200 {
		t.Error(n)
	}
	if f1 := must[float64](t)(report.Value("", "mean_incomplete_f1")); f1 < 50 {
		t.Error(f1)
	}
	_, err := report.Value("audio", "speed")
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "accuracy")
	narrow := casd.DefaultModelOptions()
	narrow.AlphaMax = 1.3 // Evidence that cannot differ is at its limit.
	other := must[*casd.Predictor](t)(casd.NewPredictor(
		must[*casd.Model](t)(casd.NewModel(trained(t).Schema(), narrow)), nil))
	remarked := must[*casd.Report](t)(other.Evaluate(context.Background(), dataset, "valid", nil))
	if remarks := must[[]string](t)(remarked.Remarks()); len(remarks) == 0 ||
		!strings.Contains(remarks[0], "collapsed to its upper limit") {
		t.Error(remarks)
	}
	if text := must[string](t)(report.JSON()); !strings.Contains(text, `"conditions"`) {
		t.Error(text)
	}
	limited := must[*casd.Report](t)(predictor.Evaluate(context.Background(), dataset, "valid", &casd.EvaluateOptions{Mask: 3}))
	if got := must[[]string](t)(limited.Conditions()); !slices.Equal(got, []string{"language", "audio", "language+audio"}) {
		t.Error(got)
	}
	_, err = predictor.Evaluate(context.Background(), dataset, "absent", nil)
	wants(t, err, casd.StatusNotFound, casd.ErrNotFound, "absent")

	// Large enough that the evaluation cannot end before it is cancelled.
	options := casd.DefaultSyntheticOptions()
	options.TestSamples = 30000
	large := must[*casd.Dataset](t)(casd.NewSyntheticDataset(options))
	ctx, cancel := context.WithCancel(context.Background())
	_, err = predictor.Evaluate(ctx, large, "test", &casd.EvaluateOptions{Progress: func(done, _ int) { cancel() }})
	wants(t, err, casd.StatusCancelled, casd.ErrCancelled, "")
}
