#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>What showed a change of the input.</summary>
    public enum MonitorSubject
    {
        /// <summary>Which modalities the samples have.</summary>
        Modalities = NativeMethods.CASD_MONITOR_MODALITIES,

        /// <summary>The variance of one modality.</summary>
        ModalityVariance = NativeMethods.CASD_MONITOR_MODALITY_VARIANCE,

        /// <summary>The uncertainty.</summary>
        Uncertainty = NativeMethods.CASD_MONITOR_UNCERTAINTY,

        /// <summary>The error probability.</summary>
        ErrorProbability = NativeMethods.CASD_MONITOR_ERROR_PROBABILITY,
    }

    /// <summary>State of a <see cref="PredictionMonitor"/>.</summary>
    public readonly struct MonitorState
    {
        private readonly MonitorStateData _data;

        internal MonitorState(MonitorStateData data)
        {
            _data = data;
        }

        /// <summary>Whether the last call of <see cref="PredictionMonitor.Add"/> raised an alarm.</summary>
        public bool Alarm => _data.alarm != 0;

        /// <summary>Samples so far, without rows that have no result.</summary>
        public long Samples => _data.samples;

        /// <summary>Alarms so far. After each the test begins again.</summary>
        public long Alarms => _data.alarms;

        /// <summary><see cref="Samples"/> at the last alarm; 0: none yet.</summary>
        public long LastAlarm => _data.last_alarm;

        /// <summary>What raised the last alarm.</summary>
        public MonitorSubject AlarmSubject => (MonitorSubject)_data.alarm_subject;

        /// <summary>Its modality, for the variance of one; else -1.</summary>
        public int AlarmModality => _data.alarm_modality;

        /// <summary>How close the next alarm is: 0 (no sign of a change) to 1, logarithmic.</summary>
        public double Evidence => _data.evidence;

        /// <summary>What is closest to an alarm.</summary>
        public MonitorSubject Subject => (MonitorSubject)_data.subject;

        /// <summary>Its modality, for the variance of one; else -1.</summary>
        public int Modality => _data.modality;
    }

    /// <summary>
    /// Detects that the predictions no longer resemble the held-out samples of the calibration, for
    /// which sets, intervals and error rates hold. Used by one thread at a time.
    /// </summary>
    public sealed class PredictionMonitor : IDisposable
    {
        private readonly MonitorHandle _handle;

        /// <summary>Creates a monitor. The model may be disposed before it.</summary>
        /// <param name="model">A calibrated model.</param>
        /// <param name="samplesPerFalseAlarm">
        /// Without a change an alarm comes within n samples with a probability of at most n divided by
        /// this; 1 to 1e15.
        /// </param>
        /// <param name="warmUp">First samples, which are not tested: they join the held-out ones.</param>
        /// <param name="seed">Of the random ranks of equal numbers.</param>
        /// <exception cref="CasdException">
        /// <see cref="Status.State"/>: the model is not calibrated; a value is out of range.
        /// </exception>
        public PredictionMonitor(Model model, double samplesPerFalseAlarm = 1e6, long warmUp = 0,
                                 ulong seed = 0)
        {
            if (model == null)
                throw new ArgumentNullException(nameof(model));
            var options = new MonitorOptionsData();
            NativeMethods.casd_monitor_options_init(ref options,
                                                    (UIntPtr)Marshal.SizeOf<MonitorOptionsData>());
            options.samples_per_false_alarm = samplesPerFalseAlarm;
            options.warm_up = warmUp;
            options.seed = seed;
            NativeMethods.casd_monitor_create(out _handle, model.Handle, ref options);
        }

        private MonitorHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(PredictionMonitor));
                return _handle;
            }
        }

        /// <summary>Tests the rows of a prediction, in their order.</summary>
        /// <param name="prediction">A prediction of the same model, always under the same mask.</param>
        /// <returns>Whether they raise an alarm.</returns>
        /// <exception cref="CasdException">The prediction is empty or of another model.</exception>
        public bool Add(Prediction prediction)
        {
            if (prediction == null)
                throw new ArgumentNullException(nameof(prediction));
            NativeMethods.casd_monitor_add(Handle, prediction.Handle);
            return State.Alarm;
        }

        /// <summary>The present state.</summary>
        public MonitorState State
        {
            get
            {
                var data = new MonitorStateData();
                NativeMethods.casd_monitor_state_init(ref data,
                                                      (UIntPtr)Marshal.SizeOf<MonitorStateData>());
                NativeMethods.casd_monitor_get_state(ref data, Handle);
                return new MonitorState(data);
            }
        }

        /// <summary>Releases the monitor.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
