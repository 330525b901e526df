#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>A named set of defaults for model and training.</summary>
    public enum Recipe
    {
        /// <summary>Uncertainty trained by evidence.</summary>
        Evidential = NativeMethods.CASD_RECIPE_EVIDENTIAL,

        /// <summary>As published in arXiv 2506.01490.</summary>
        Paper = NativeMethods.CASD_RECIPE_PAPER,

        /// <summary>
        /// <see cref="Evidential"/>, corrected by held-out samples after the training; the default.
        /// </summary>
        Grounded = NativeMethods.CASD_RECIPE_GROUNDED,
    }

    /// <summary>A named network size.</summary>
    public enum Preset
    {
        /// <summary>2 layers, 4 heads, inner width 2 * hidden.</summary>
        Default = NativeMethods.CASD_PRESET_DEFAULT,

        /// <summary>4 layers, 10 heads, inner width 4 * hidden.</summary>
        Reference = NativeMethods.CASD_PRESET_REFERENCE,
    }

    /// <summary>How frames become one vector.</summary>
    public enum Pooling
    {
        /// <summary>The last frame.</summary>
        Last = NativeMethods.CASD_POOLING_LAST,

        /// <summary>The mean of all frames.</summary>
        Mean = NativeMethods.CASD_POOLING_MEAN,

        /// <summary>Chosen by <see cref="Trainer.Fit"/>: the teacher is trained with each; the default.</summary>
        Auto = NativeMethods.CASD_POOLING_AUTO,
    }

    /// <summary>What becomes of a missing modality.</summary>
    public enum AbsentPolicy
    {
        /// <summary>It takes no part; its encoder does not run.</summary>
        Excluded = NativeMethods.CASD_ABSENT_EXCLUDED,

        /// <summary>It takes part as a sequence of zero vectors.</summary>
        Zeros = NativeMethods.CASD_ABSENT_ZEROS,
    }

    /// <summary>How modalities are weighted in the fusion; weights have the sum 1.</summary>
    public enum FusionWeighting
    {
        /// <summary>By nu - 2.</summary>
        ExcessDegreesOfFreedom = NativeMethods.CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM,

        /// <summary>By nu.</summary>
        DegreesOfFreedom = NativeMethods.CASD_WEIGHTS_DEGREES_OF_FREEDOM,

        /// <summary>By 1 / variance.</summary>
        Precision = NativeMethods.CASD_WEIGHTS_PRECISION,

        /// <summary>All alike.</summary>
        Equal = NativeMethods.CASD_WEIGHTS_EQUAL,
    }

    /// <summary>How the variance of the fused distribution is computed; C the weights, V the variances.</summary>
    public enum FusedVariance
    {
        /// <summary>Sum of C^2 V.</summary>
        Weighted = NativeMethods.CASD_FUSED_VARIANCE_WEIGHTED,

        /// <summary>Mean of V.</summary>
        Mean = NativeMethods.CASD_FUSED_VARIANCE_MEAN,
    }

    /// <summary>
    /// Sizes and rules of a network. The defaults are those of <see cref="Recipe.Grounded"/> and
    /// <see cref="Preset.Default"/>; ranges are checked when a model is created.
    /// </summary>
    public sealed class ModelOptions
    {
        internal ModelOptionsData Data;

        /// <summary>Creates options with the defaults.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public ModelOptions()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_model_options_init(ref Data, (UIntPtr)Marshal.SizeOf<ModelOptionsData>());
        }

        /// <summary>Width of all layers; 40; 1 to 4096.</summary>
        public int Hidden
        {
            get => Data.hidden;
            set => Data.hidden = value;
        }

        /// <summary>Transformer layers per modality; 2; 1 to 64.</summary>
        public int Layers
        {
            get => Data.layers;
            set => Data.layers = value;
        }

        /// <summary>Attention heads; 4; must divide <see cref="Hidden"/>.</summary>
        public int Heads
        {
            get => Data.heads;
            set => Data.heads = value;
        }

        /// <summary>Inner width; 0: factor * hidden; at most 65536.</summary>
        public int FeedForward
        {
            get => Data.feed_forward;
            set => Data.feed_forward = value;
        }

        /// <summary>The factor of the inner width; 2; 1 to 16.</summary>
        public int FeedForwardFactor
        {
            get => Data.feed_forward_factor;
            set => Data.feed_forward_factor = value;
        }

        /// <summary>How frames become one vector.</summary>
        public Pooling Pooling
        {
            get => (Pooling)Data.pooling;
            set => Data.pooling = (int)value;
        }

        /// <summary>What becomes of a missing modality.</summary>
        public AbsentPolicy Absent
        {
            get => (AbsentPolicy)Data.absent;
            set => Data.absent = (int)value;
        }

        /// <summary>How modalities are weighted.</summary>
        public FusionWeighting Weights
        {
            get => (FusionWeighting)Data.weights;
            set => Data.weights = (int)value;
        }

        /// <summary>How the fused variance is computed.</summary>
        public FusedVariance FusedVariance
        {
            get => (FusedVariance)Data.fused_variance;
            set => Data.fused_variance = (int)value;
        }

        /// <summary>Most frames of a sample; 512; 1 to 65536.</summary>
        public int MaxSteps
        {
            get => Data.max_steps;
            set => Data.max_steps = value;
        }

        /// <summary>Standardised features are cut there; 5; 0: off.</summary>
        public double InputClip
        {
            get => Data.input_clip;
            set => Data.input_clip = value;
        }

        /// <summary>Least delta; 0.01; above 0.</summary>
        public double DeltaMin
        {
            get => Data.delta_min;
            set => Data.delta_min = value;
        }

        /// <summary>Most delta; 20; above <see cref="DeltaMin"/>.</summary>
        public double DeltaMax
        {
            get => Data.delta_max;
            set => Data.delta_max = value;
        }

        /// <summary>Least alpha; 1.25; above 1.</summary>
        public double AlphaMin
        {
            get => Data.alpha_min;
            set => Data.alpha_min = value;
        }

        /// <summary>Most alpha; 20; above <see cref="AlphaMin"/>.</summary>
        public double AlphaMax
        {
            get => Data.alpha_max;
            set => Data.alpha_max = value;
        }

        /// <summary>Least beta; 0.2; above 0.</summary>
        public double BetaMin
        {
            get => Data.beta_min;
            set => Data.beta_min = value;
        }

        /// <summary>Seed of the initial weights; 0.</summary>
        public ulong Seed
        {
            get => Data.seed;
            set => Data.seed = value;
        }

        /// <summary>Linear maps of the pooled frames, fitted after the training; true.</summary>
        public bool Linear
        {
            get => Data.linear != 0;
            set => Data.linear = value ? 1 : 0;
        }

        /// <summary>Unusual input raises the variance of its modality; true.</summary>
        public bool InputGuard
        {
            get => Data.input_guard != 0;
            set => Data.input_guard = value ? 1 : 0;
        }

        /// <summary>The names that <see cref="Set"/> and <see cref="Get"/> know.</summary>
        public static IReadOnlyList<string> Names
        {
            get
            {
                NativeLoader.EnsureLoaded();
                var names = new string[NativeMethods.casd_model_options_count()];
                for (int i = 0; i < names.Length; ++i)
                    names[i] = NativeText.FromUtf8(NativeMethods.casd_model_options_name(i)) ?? "";
                return names;
            }
        }

        /// <summary>Sets one option by name from text, as a settings file has it.</summary>
        /// <param name="name">The name in the C API, e.g. "hidden".</param>
        /// <param name="value">A number, or the lower-case name of a value, e.g. "zeros".</param>
        /// <exception cref="CasdException">
        /// <see cref="Status.NotFound"/>: no option has that name; <see cref="Status.InvalidArgument"/>:
        /// the value is not allowed. The message lists what is.
        /// </exception>
        public void Set(string name, string value) =>
            NativeMethods.casd_model_options_set(ref Data, name, value);

        /// <summary>One option as the text that <see cref="Set"/> takes.</summary>
        /// <param name="name">The name in the C API.</param>
        /// <returns>The value.</returns>
        /// <exception cref="CasdException"><see cref="Status.NotFound"/>: no option has that name.</exception>
        public unsafe string Get(string name) =>
            NativeText.Read((byte* buffer, UIntPtr capacity, out UIntPtr needed) =>
                NativeMethods.casd_model_options_text(buffer, capacity, out needed, ref Data, name));

        /// <summary>Sets the options in which a recipe differs.</summary>
        /// <param name="recipe">The recipe.</param>
        /// <exception cref="CasdException">There is no such recipe.</exception>
        public void UseRecipe(Recipe recipe) =>
            NativeMethods.casd_model_options_use_recipe(ref Data, (int)recipe);

        /// <summary>Sets the options in which a preset differs: layers, heads and inner width.</summary>
        /// <param name="preset">The preset.</param>
        /// <exception cref="CasdException">There is no such preset.</exception>
        public void UsePreset(Preset preset) =>
            NativeMethods.casd_model_options_use_preset(ref Data, (int)preset);
    }
}
