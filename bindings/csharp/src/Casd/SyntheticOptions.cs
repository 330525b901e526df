#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>
    /// What the generator of synthetic data makes. Three modalities <c>language</c>, <c>audio</c> and
    /// <c>visual</c> see one hidden state through noise whose strength is drawn for each sample and
    /// modality.
    /// </summary>
    public sealed class SyntheticOptions
    {
        internal SyntheticOptionsData Data;

        /// <summary>Creates options with the defaults.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public SyntheticOptions()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_synthetic_options_init(ref Data, (UIntPtr)Marshal.SizeOf<SyntheticOptionsData>());
        }

        /// <summary>What the outputs mean; <see cref="TaskKind.Classes"/>.</summary>
        public TaskKind Task
        {
            get => (TaskKind)Data.task;
            set => Data.task = (int)value;
        }

        /// <summary>Samples of split <c>train</c>; 600; 1 to 1000000.</summary>
        public int TrainSamples
        {
            get => Data.train_samples;
            set => Data.train_samples = value;
        }

        /// <summary>Samples of split <c>valid</c>; 200; 0 to 1000000.</summary>
        public int ValidSamples
        {
            get => Data.valid_samples;
            set => Data.valid_samples = value;
        }

        /// <summary>Samples of split <c>test</c>; 200; 0 to 1000000.</summary>
        public int TestSamples
        {
            get => Data.test_samples;
            set => Data.test_samples = value;
        }

        /// <summary>Each sample and modality has 1 to this many frames; 12; 1 to 4096.</summary>
        public int MaxSteps
        {
            get => Data.max_steps;
            set => Data.max_steps = value;
        }

        /// <summary>Probability that a modality is missing; 0; below 1. One always stays.</summary>
        public double MissingRate
        {
            get => Data.missing_rate;
            set => Data.missing_rate = value;
        }

        /// <summary>Seed of all random numbers; 0.</summary>
        public ulong Seed
        {
            get => Data.seed;
            set => Data.seed = value;
        }
    }
}
