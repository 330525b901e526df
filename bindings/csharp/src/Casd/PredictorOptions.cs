#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>What to do with a sample that is left with no modality.</summary>
    public enum OnEmpty
    {
        /// <summary>The call fails; the message names the sample.</summary>
        Error = NativeMethods.CASD_EMPTY_ERROR,

        /// <summary>A row of NaN; <see cref="Prediction.RowStatus"/> is <see cref="Status.State"/>.</summary>
        NaN = NativeMethods.CASD_EMPTY_NAN,
    }

    /// <summary>Device that runs the computation.</summary>
    public enum Device
    {
        /// <summary>The processor.</summary>
        Cpu = NativeMethods.CASD_DEVICE_CPU,

        /// <summary>An NVIDIA GPU, through the plug-in libcasd_torch.</summary>
        Cuda = NativeMethods.CASD_DEVICE_CUDA,
    }

    /// <summary>Engine that computes. Another engine rounds differently.</summary>
    public enum EngineChoice
    {
        /// <summary>The first engine that supports the device and the use.</summary>
        Auto = NativeMethods.CASD_ENGINE_AUTO,

        /// <summary>The built-in engine.</summary>
        Cpu = NativeMethods.CASD_ENGINE_CPU,

        /// <summary>The plug-in libcasd_torch.</summary>
        Torch = NativeMethods.CASD_ENGINE_TORCH,
    }

    /// <summary>Where and how a model runs.</summary>
    public sealed class PredictorOptions
    {
        internal PredictorOptionsData Data;

        /// <summary>Creates options with the defaults.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public PredictorOptions()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_predictor_options_init(ref Data, (UIntPtr)Marshal.SizeOf<PredictorOptionsData>());
        }

        /// <summary>Where to compute; <see cref="Device.Cpu"/>.</summary>
        public Device Device
        {
            get => (Device)Data.device;
            set => Data.device = (int)value;
        }

        /// <summary>Which GPU; 0.</summary>
        public int DeviceIndex
        {
            get => Data.device_index;
            set => Data.device_index = value;
        }

        /// <summary>Engine that computes; <see cref="EngineChoice.Auto"/>.</summary>
        public EngineChoice Engine
        {
            get => (EngineChoice)Data.engine;
            set => Data.engine = (int)value;
        }

        /// <summary>
        /// Threads that share the work of one call on the CPU, the calling one included; 1; 1 to
        /// 256. Results do not depend on it.
        /// </summary>
        public int Threads
        {
            get => Data.threads;
            set => Data.threads = value;
        }

        /// <summary>
        /// What to do with a sample that is left with no modality; <see cref="OnEmpty.Error"/>.
        /// </summary>
        public OnEmpty OnEmpty
        {
            get => (OnEmpty)Data.on_empty;
            set => Data.on_empty = (int)value;
        }

        /// <summary>
        /// Probability that prediction sets and intervals contain the truth; 0.9; above 0, below 1.
        /// </summary>
        public double Coverage
        {
            get => Data.coverage;
            set => Data.coverage = value;
        }

        /// <summary>
        /// Above 0: <see cref="Field.Abstain"/> is 1 where a decision should be left to others, so
        /// that at most this share of the other ones is wrong. Needs a calibrated model; not for a
        /// regression; 0: off.
        /// </summary>
        public double ErrorRate
        {
            get => Data.error_rate;
            set => Data.error_rate = value;
        }
    }
}
