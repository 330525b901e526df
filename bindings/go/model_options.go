package casd

import "casd.org/casd/internal/capi"

// Recipe is a named set of defaults for model and training.
type Recipe int32

// The values of [Recipe].
const (
	RecipeEvidential Recipe = 0 // Uncertainty trained by evidence.
	RecipePaper      Recipe = 1 // As published in arXiv 2506.01490.
	RecipeGrounded   Recipe = 2 // RecipeEvidential, corrected by held-out samples; the default.
)

// Preset is a named network size.
type Preset int32

// The values of [Preset].
const (
	PresetDefault   Preset = 0 // 2 layers, 4 heads, feed-forward 2 * hidden.
	PresetReference Preset = 1 // 4 layers, 10 heads, feed-forward 4 * hidden.
)

// Pooling is how frames become one vector.
type Pooling int32

// The values of [Pooling].
const (
	PoolingLast Pooling = 0 // The last frame.
	PoolingMean Pooling = 1 // The mean of all frames.
	PoolingAuto Pooling = 2 // Chosen by [Trainer.Fit]: the teacher is trained with each; the default.
)

// AbsentPolicy is how a missing modality is treated.
type AbsentPolicy int32

// The values of [AbsentPolicy].
const (
	AbsentExcluded AbsentPolicy = 0 // It takes no part, its encoder does not run.
	AbsentZeros    AbsentPolicy = 1 // It takes part as a sequence of zero vectors.
)

// FusionWeighting is how modalities are weighted in the fusion; weights are normalised to sum 1.
type FusionWeighting int32

// The values of [FusionWeighting].
const (
	WeightsExcessDegreesOfFreedom FusionWeighting = 0 // By nu - 2.
	WeightsDegreesOfFreedom       FusionWeighting = 1 // By nu.
	WeightsPrecision              FusionWeighting = 2 // By 1 / variance.
	WeightsEqual                  FusionWeighting = 3 // All alike.
)

// FusedVariance is how the variance of the fused law is computed; C the weights, V the variances.
type FusedVariance int32

// The values of [FusedVariance].
const (
	FusedVarianceWeighted FusedVariance = 0 // Sum of C^2 V: independent estimates, weighted sum.
	FusedVarianceMean     FusedVariance = 1 // Mean of V.
)

// ModelOptions is the sizes and rules of a network, with default and range. [NewModel] checks them.
// [DefaultModelOptions] returns the defaults; a nil *ModelOptions means the same.
type ModelOptions struct {
	Hidden            int             // Width d of all layers; 40; 1 to 4096.
	Layers            int             // Transformer layers per modality; 2; 1 to 64.
	Heads             int             // Attention heads; 4; must divide Hidden.
	FeedForward       int             // Inner width; 0: FeedForwardFactor * Hidden; at most 65536.
	FeedForwardFactor int             // That factor; 2; 1 to 16.
	Pooling           Pooling         // PoolingAuto.
	Absent            AbsentPolicy    // AbsentExcluded.
	Weights           FusionWeighting // WeightsExcessDegreesOfFreedom.
	FusedVariance     FusedVariance   // FusedVarianceWeighted.
	MaxSteps          int             // Most frames of a sample; 512; 1 to 65536.
	InputClip         float64         // Standardised features are cut there; 5; 0: off.
	DeltaMin          float64         // Least delta; 0.01; above 0.
	DeltaMax          float64         // Most delta; 20; above DeltaMin.
	AlphaMin          float64         // Least alpha; 1.25; above 1.
	AlphaMax          float64         // Most alpha; 20; above AlphaMin.
	BetaMin           float64         // Least beta; 0.2; above 0.
	Seed              uint64          // Of the initial weights; 0.
	Linear            bool            // Linear maps of the pooled frames, fitted after training; true.
	InputGuard        bool            // Unusual input raises the variance of its modality; true.
}

// DefaultModelOptions returns the defaults.
func DefaultModelOptions() *ModelOptions {
	c := newModelOptions()
	defer capi.DeleteCasd_model_options(c)
	o := readModelOptions(c)
	return &o
}

// newModelOptions makes the library's struct, with the defaults; the caller deletes it.
func newModelOptions() capi.Casd_model_options {
	c := capi.NewCasd_model_options()
	if ready() != nil {
		return c // zeros: no function of this library may be called
	}
	_ = capi.Casd_model_options_init(c) // fails for NULL only
	return c
}

// native makes the library's struct of these options, nil for nil, which means the defaults. The caller
// calls drop.
func (o *ModelOptions) native() (c capi.Casd_model_options, drop func()) {
	if o == nil {
		return capi.SwigcptrCasd_model_options(0), func() {}
	}
	c = newModelOptions()
	o.write(c)
	return c, func() { capi.DeleteCasd_model_options(c) }
}

// UseRecipe sets the fields in which a recipe differs: Absent, Weights, FusedVariance, AlphaMin.
func (o *ModelOptions) UseRecipe(recipe Recipe) error {
	return o.change(func(c capi.Casd_model_options) error {
		return capi.Casd_model_options_use_recipe(c, int32(recipe))
	})
}

// UsePreset sets the fields in which a preset differs: Layers, Heads, FeedForward, FeedForwardFactor.
func (o *ModelOptions) UsePreset(preset Preset) error {
	return o.change(func(c capi.Casd_model_options) error {
		return capi.Casd_model_options_use_preset(c, int32(preset))
	})
}

// Set sets one field by its name in C and from text, as a command line or a settings file has it:
// "learning_rate", "0.01". Enumerations by their lower-case name. [ModelOptionNames] lists the names. An
// unknown name is [ErrNotFound]; a value out of range is [ErrInvalidArgument].
func (o *ModelOptions) Set(name, value string) error {
	if err := plainTexts(name, value); err != nil {
		return err
	}
	return o.change(func(c capi.Casd_model_options) error { return capi.Casd_model_options_set(c, name, value) })
}

// Text returns one field as the text that Set takes.
func (o *ModelOptions) Text(name string) (string, error) {
	if err := plainTexts(name); err != nil {
		return "", err
	}
	if err := ready(); err != nil {
		return "", err
	}
	c, drop := o.native()
	defer drop()
	return textOf(func(buffer []byte, needed *int) error {
		return capi.Casd_model_options_text(buffer, needed, c, name)
	})
}

// ModelOptionNames returns the names that Set and Text take.
func ModelOptionNames() []string {
	if ready() != nil {
		return nil
	}
	names := make([]string, capi.Casd_model_options_count())
	for i := range names {
		names[i] = capi.Casd_model_options_name(int32(i))
	}
	return names
}

// change applies a function of the library to the options.
func (o *ModelOptions) change(f func(capi.Casd_model_options) error) error {
	if err := ready(); err != nil {
		return err
	}
	c, drop := o.native()
	defer drop()
	if err := failed(f(c)); err != nil {
		return err
	}
	*o = readModelOptions(c)
	return nil
}

func (o *ModelOptions) write(c capi.Casd_model_options) {
	c.SetHidden(number32(o.Hidden))
	c.SetLayers(number32(o.Layers))
	c.SetHeads(number32(o.Heads))
	c.SetFeed_forward(number32(o.FeedForward))
	c.SetFeed_forward_factor(number32(o.FeedForwardFactor))
	c.SetPooling(int32(o.Pooling))
	c.SetAbsent(int32(o.Absent))
	c.SetWeights(int32(o.Weights))
	c.SetFused_variance(int32(o.FusedVariance))
	c.SetMax_steps(number32(o.MaxSteps))
	c.SetInput_clip(o.InputClip)
	c.SetDelta_min(o.DeltaMin)
	c.SetDelta_max(o.DeltaMax)
	c.SetAlpha_min(o.AlphaMin)
	c.SetAlpha_max(o.AlphaMax)
	c.SetBeta_min(o.BetaMin)
	c.SetSeed(o.Seed)
	c.SetLinear(flag(o.Linear))
	c.SetInput_guard(flag(o.InputGuard))
}

func readModelOptions(c capi.Casd_model_options) ModelOptions {
	return ModelOptions{
		Hidden:            int(c.GetHidden()),
		Layers:            int(c.GetLayers()),
		Heads:             int(c.GetHeads()),
		FeedForward:       int(c.GetFeed_forward()),
		FeedForwardFactor: int(c.GetFeed_forward_factor()),
		Pooling:           Pooling(c.GetPooling()),
		Absent:            AbsentPolicy(c.GetAbsent()),
		Weights:           FusionWeighting(c.GetWeights()),
		FusedVariance:     FusedVariance(c.GetFused_variance()),
		MaxSteps:          int(c.GetMax_steps()),
		InputClip:         c.GetInput_clip(),
		DeltaMin:          c.GetDelta_min(),
		DeltaMax:          c.GetDelta_max(),
		AlphaMin:          c.GetAlpha_min(),
		AlphaMax:          c.GetAlpha_max(),
		BetaMin:           c.GetBeta_min(),
		Seed:              c.GetSeed(),
		Linear:            c.GetLinear() != 0,
		InputGuard:        c.GetInput_guard() != 0,
	}
}

func flag(value bool) int32 {
	if value {
		return 1
	}
	return 0
}

// textOf fetches a text whose length is known by asking for it.
func textOf(fetch func(buffer []byte, needed *int) error) (string, error) {
	var needed int
	if err := failed(fetch(nil, &needed)); err != nil && needed == 0 {
		return "", err
	}
	buffer := make([]byte, needed)
	if err := failed(fetch(buffer, &needed)); err != nil {
		return "", err
	}
	return string(buffer[:needed-1]), nil
}
