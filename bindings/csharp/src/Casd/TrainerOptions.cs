#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>What the student is trained to imitate.</summary>
    public enum TeacherMode
    {
        /// <summary>The best epoch of the teacher's phase.</summary>
        Frozen = NativeMethods.CASD_TEACHER_FROZEN,

        /// <summary>Starts as that; follows the student as a moving average.</summary>
        MovingAverage = NativeMethods.CASD_TEACHER_EMA,

        /// <summary>The student itself, on complete input.</summary>
        Shared = NativeMethods.CASD_TEACHER_SHARED,

        /// <summary>Nothing: no teacher's phase, no distillation.</summary>
        None = NativeMethods.CASD_TEACHER_NONE,
    }

    /// <summary>How the representation is sampled in training.</summary>
    public enum SamplingMode
    {
        /// <summary>Student's t, no gradient through the noise.</summary>
        StudentT = NativeMethods.CASD_SAMPLING_STUDENT_T,

        /// <summary>Student's t, implicit gradient through its Gamma variate.</summary>
        Implicit = NativeMethods.CASD_SAMPLING_IMPLICIT,

        /// <summary>A normal distribution of variance U_F.</summary>
        Gaussian = NativeMethods.CASD_SAMPLING_GAUSSIAN,

        /// <summary>The location itself.</summary>
        None = NativeMethods.CASD_SAMPLING_NONE,
    }

    /// <summary>
    /// How to train. The defaults are those of <see cref="Recipe.Grounded"/>; ranges are checked when
    /// a trainer is created. "auto" stands for a number that depends on the size of the dataset; see
    /// <see cref="Resolve"/>. Each property gives its default, then its range.
    /// </summary>
    public sealed class TrainerOptions
    {
        internal TrainerOptionsData Data;

        /// <summary>Creates options with the defaults.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public TrainerOptions()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_trainer_options_init(ref Data, (UIntPtr)Marshal.SizeOf<TrainerOptionsData>());
        }

        /// <summary>What the student imitates; <see cref="TeacherMode.Frozen"/>.</summary>
        public TeacherMode Teacher
        {
            get => (TeacherMode)Data.teacher;
            set => Data.teacher = (int)value;
        }

        /// <summary>
        /// How the representation is sampled; <see cref="SamplingMode.StudentT"/>.
        /// </summary>
        public SamplingMode Sampling
        {
            get => (SamplingMode)Data.sampling;
            set => Data.sampling = (int)value;
        }

        /// <summary>Most epochs of the teacher's phase; 0: auto; to 100000.</summary>
        public int TeacherEpochs
        {
            get => Data.teacher_epochs;
            set => Data.teacher_epochs = value;
        }

        /// <summary>Most epochs of the student's phase; 0: auto; to 100000.</summary>
        public int Epochs
        {
            get => Data.epochs;
            set => Data.epochs = value;
        }

        /// <summary>
        /// First epoch, from 0, that may be the student's best; -1: auto; to 100000.
        /// </summary>
        public int SelectFrom
        {
            get => Data.select_from;
            set => Data.select_from = value;
        }

        /// <summary>Epochs without a new best that end a phase; 0: auto.</summary>
        public int Patience
        {
            get => Data.patience;
            set => Data.patience = value;
        }

        /// <summary>Samples in a step; 0: auto; to 65536.</summary>
        public int BatchSize
        {
            get => Data.batch_size;
            set => Data.batch_size = value;
        }

        /// <summary>
        /// For <see cref="Trainer.Step"/>: length of the cosine schedule in steps; 0: constant
        /// rate.
        /// </summary>
        public int TotalSteps
        {
            get => Data.total_steps;
            set => Data.total_steps = value;
        }

        /// <summary>Whether classes are weighted by N / (K N_k); true.</summary>
        public bool BalanceClasses
        {
            get => Data.balance_classes != 0;
            set => Data.balance_classes = value ? 1 : 0;
        }

        /// <summary>Whether temperatures are fitted on split valid at the end; true.</summary>
        public bool Calibrate
        {
            get => Data.calibrate != 0;
            set => Data.calibrate = value ? 1 : 0;
        }

        /// <summary>
        /// Whether one factor per modality is fitted on split valid at the end; false.
        /// </summary>
        public bool FitTrust
        {
            get => Data.fit_trust != 0;
            set => Data.fit_trust = value ? 1 : 0;
        }

        /// <summary>Where to train; <see cref="Device.Cpu"/>.</summary>
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

        /// <summary>Threads on the CPU; 1; 1 to 256. The result does not depend on it.</summary>
        public int Threads
        {
            get => Data.threads;
            set => Data.threads = value;
        }

        /// <summary>
        /// The recipe whose schedule auto stands for; <see cref="Recipe.Grounded"/>.
        /// </summary>
        public Recipe Schedule
        {
            get => (Recipe)Data.schedule;
            set => Data.schedule = (int)value;
        }

        /// <summary>Dropout rate; 0.4; 0 to below 1.</summary>
        public double Dropout
        {
            get => Data.dropout;
            set => Data.dropout = value;
        }

        /// <summary>Largest probability that a frame is dropped; 0.5; 0 to 1.</summary>
        public double FrameDrop
        {
            get => Data.frame_drop;
            set => Data.frame_drop = value;
        }

        /// <summary>Factor of the sampling noise; 1; 0 to 10; 0: off.</summary>
        public double SigmaScale
        {
            get => Data.sigma_scale;
            set => Data.sigma_scale = value;
        }

        /// <summary>Decay of the moving average; 0.99; 0 to 1.</summary>
        public double EmaDecay
        {
            get => Data.ema_decay;
            set => Data.ema_decay = value;
        }

        /// <summary>Weight of the Jensen-Shannon term; 1; 0 to 1000.</summary>
        public double LogitWeight
        {
            get => Data.logit_weight;
            set => Data.logit_weight = value;
        }

        /// <summary>Weight of the squared difference of the uncertainties; 0; 0 to 1000.</summary>
        public double UncertaintyWeight
        {
            get => Data.uncertainty_weight;
            set => Data.uncertainty_weight = value;
        }

        /// <summary>Weight of the evidence's likelihood; 1; 0 to 1000.</summary>
        public double EvidenceWeight
        {
            get => Data.evidence_weight;
            set => Data.evidence_weight = value;
        }

        /// <summary>Weight of the evidence's regulariser; 0.05; 0 to 1000.</summary>
        public double EvidenceRegularizer
        {
            get => Data.evidence_regularizer;
            set => Data.evidence_regularizer = value;
        }

        /// <summary>Factor of the learning rate of the evidence heads; 10; 0 to 1000.</summary>
        public double EvidenceRate
        {
            get => Data.evidence_rate;
            set => Data.evidence_rate = value;
        }

        /// <summary>Learning rate; 0.001; above 0, up to 1.</summary>
        public double LearningRate
        {
            get => Data.learning_rate;
            set => Data.learning_rate = value;
        }

        /// <summary>Share of the rate that the cosine ends with; 0.05; 0 to 1.</summary>
        public double FinalRate
        {
            get => Data.final_rate;
            set => Data.final_rate = value;
        }

        /// <summary>L2 penalty, in the gradient; 0.0001; 0 to 1.</summary>
        public double WeightDecay
        {
            get => Data.weight_decay;
            set => Data.weight_decay = value;
        }

        /// <summary>Largest norm of the gradient; 0.8; 0: off.</summary>
        public double GradientClip
        {
            get => Data.gradient_clip;
            set => Data.gradient_clip = value;
        }

        /// <summary>Seed of shuffling, corruption, dropout and sampling; 0.</summary>
        public ulong Seed
        {
            get => Data.seed;
            set => Data.seed = value;
        }

        /// <summary>
        /// Share of train that is held out where there is no split valid; 0.2; 0: none; below 1.
        /// </summary>
        public double HoldOut
        {
            get => Data.hold_out;
            set => Data.hold_out = value;
        }

        /// <summary>The names that <see cref="Set"/> and <see cref="Get"/> know.</summary>
        public static IReadOnlyList<string> Names
        {
            get
            {
                NativeLoader.EnsureLoaded();
                var names = new string[NativeMethods.casd_trainer_options_count()];
                for (int i = 0; i < names.Length; ++i)
                    names[i] = NativeText.FromUtf8(NativeMethods.casd_trainer_options_name(i)) ?? "";
                return names;
            }
        }

        /// <summary>Sets one option by name from text, as a settings file has it.</summary>
        /// <param name="name">The name in the C API, e.g. "epochs".</param>
        /// <param name="value">A number, or the lower-case name of a value, e.g. "auto".</param>
        /// <exception cref="CasdException">
        /// <see cref="Status.NotFound"/>: no option has that name; <see cref="Status.InvalidArgument"/>:
        /// the value is not allowed. The message lists what is.
        /// </exception>
        public void Set(string name, string value) =>
            NativeMethods.casd_trainer_options_set(ref Data, name, value);

        /// <summary>One option as the text that <see cref="Set"/> takes.</summary>
        /// <param name="name">The name in the C API.</param>
        /// <returns>The value.</returns>
        /// <exception cref="CasdException"><see cref="Status.NotFound"/>: no option has that name.</exception>
        public unsafe string Get(string name) =>
            NativeText.Read((byte* buffer, UIntPtr capacity, out UIntPtr needed) =>
                NativeMethods.casd_trainer_options_text(buffer, capacity, out needed, ref Data, name));

        /// <summary>Sets the options in which a recipe differs.</summary>
        /// <param name="recipe">The recipe.</param>
        /// <exception cref="CasdException">There is no such recipe.</exception>
        public void UseRecipe(Recipe recipe) =>
            NativeMethods.casd_trainer_options_use_recipe(ref Data, (int)recipe);

        /// <summary>Replaces each auto by the number that it stands for with a dataset.</summary>
        /// <param name="dataset">A dataset with a split <c>train</c>.</param>
        /// <exception cref="CasdException">
        /// An option is out of range, or split <c>train</c> has no sample with a modality.
        /// </exception>
        public void Resolve(Dataset dataset)
        {
            if (dataset == null)
                throw new ArgumentNullException(nameof(dataset));
            NativeMethods.casd_trainer_options_resolve(ref Data, dataset.Handle);
        }
    }
}
