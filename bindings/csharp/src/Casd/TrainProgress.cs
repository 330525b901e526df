#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>A part of the training.</summary>
    public enum TrainingPhase
    {
        /// <summary>Complete input, task loss only.</summary>
        Teacher = NativeMethods.CASD_PHASE_TEACHER,

        /// <summary>Corrupted input, all losses.</summary>
        Student = NativeMethods.CASD_PHASE_STUDENT,

        /// <summary>Both are over; the model is calibrated.</summary>
        Done = NativeMethods.CASD_PHASE_DONE,
    }

    /// <summary>How far a training is.</summary>
    public sealed class TrainProgress
    {
        private readonly TrainProgressData _data;

        internal TrainProgress(in TrainProgressData data)
        {
            _data = data;
        }

        /// <summary>The present phase.</summary>
        public TrainingPhase Phase => (TrainingPhase)_data.phase;

        /// <summary>The present epoch, from 0.</summary>
        public int Epoch => _data.epoch;

        /// <summary>Most epochs of the phase.</summary>
        public int Epochs => _data.epochs;

        /// <summary>Steps taken in this epoch.</summary>
        public long Step => _data.step;

        /// <summary>Steps of an epoch.</summary>
        public long Steps => _data.steps;

        /// <summary>Mean loss of this epoch so far.</summary>
        public double Loss => _data.loss;

        /// <summary>Selection score of the last finished epoch; NaN before.</summary>
        public double Score => _data.score;

        /// <summary>The phase's best score; NaN before.</summary>
        public double BestScore => _data.best_score;

        /// <summary>Samples per second of this call so far.</summary>
        public double SamplesPerSecond => _data.samples_per_second;

        /// <summary>Seconds since the call began.</summary>
        public double Seconds => _data.seconds;

        /// <summary>Seconds left, if neither phase stops early.</summary>
        public double SecondsLeft => _data.seconds_left;

        internal static TrainProgress Read(TrainerHandle trainer)
        {
            var data = new TrainProgressData();
            NativeMethods.casd_train_progress_init(ref data,
                                                   (UIntPtr)Marshal.SizeOf<TrainProgressData>());
            NativeMethods.casd_trainer_progress(ref data, trainer);
            return new TrainProgress(data);
        }
    }

    /// <summary>What one step, or the mean of an epoch's steps, came to.</summary>
    public sealed class TrainStats
    {
        internal TrainStatsData Data;

        internal TrainStats()
        {
            NativeMethods.casd_train_stats_init(ref Data, (UIntPtr)Marshal.SizeOf<TrainStatsData>());
        }

        /// <summary>The phase that it belongs to.</summary>
        public TrainingPhase Phase => (TrainingPhase)Data.phase;

        /// <summary>The epoch, from 0; of <see cref="Trainer.Epoch"/> only.</summary>
        public int Epoch => Data.epoch;

        /// <summary>Whether there is more to do; of <see cref="Trainer.Epoch"/> only.</summary>
        public bool GoOn => Data.go_on != 0;

        /// <summary>Steps taken in this phase.</summary>
        public long Step => Data.step;

        /// <summary>Samples seen.</summary>
        public long Samples => Data.samples;

        /// <summary>The total loss.</summary>
        public double Loss => Data.loss;

        /// <summary>Cross-entropy or squared error.</summary>
        public double TaskLoss => Data.task_loss;

        /// <summary>Jensen-Shannon divergence; NaN where there is no such term.</summary>
        public double LogitLoss => Data.logit_loss;

        /// <summary>Difference of the uncertainties, before its weight; NaN without such a term.</summary>
        public double UncertaintyLoss => Data.uncertainty_loss;

        /// <summary>Loss of the evidence, before its weight; NaN without such a term.</summary>
        public double EvidenceLoss => Data.evidence_loss;

        /// <summary>Norm of the gradient before clipping.</summary>
        public double GradientNorm => Data.gradient_norm;

        /// <summary>The learning rate in use.</summary>
        public double LearningRate => Data.learning_rate;

        /// <summary>
        /// Selection score of the epoch on split <c>valid</c>: mean F1 in % (regression: minus the mean
        /// absolute error); NaN where none was computed.
        /// </summary>
        public double Score => Data.score;

        /// <summary>The phase's best score so far; NaN before there is one.</summary>
        public double BestScore => Data.best_score;
    }
}
