#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading.Tasks;

namespace Casd
{
    /// <summary>
    /// How good a model is, and how true its uncertainty, under every set of modalities. It does not
    /// change. Used by one thread at a time.
    /// </summary>
    public sealed class Report : IDisposable
    {
        private readonly ReportHandle _handle;

        private Report(ReportHandle handle)
        {
            _handle = handle;
        }

        private ReportHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Report));
                return _handle;
            }
        }

        /// <summary>
        /// Evaluates a model on a split. With up to six modalities every set of them is evaluated, above
        /// that each alone, each left out, and all.
        /// </summary>
        /// <param name="predictor">The model and where it runs.</param>
        /// <param name="dataset">Task and outputs of the model; modalities are matched by name.</param>
        /// <param name="split">Name of the split.</param>
        /// <param name="mask">Only sets of these modalities; null: all.</param>
        /// <returns>The report.</returns>
        /// <exception cref="CasdException">
        /// There is no such split, the dataset does not fit, or the mask has modalities that are not
        /// there.
        /// </exception>
        public static Report Evaluate(Predictor predictor, Dataset dataset, string split,
                                      ModalityMask? mask = null)
        {
            if (predictor == null)
                throw new ArgumentNullException(nameof(predictor));
            if (dataset == null)
                throw new ArgumentNullException(nameof(dataset));
            var options = new EvaluateOptionsData();
            NativeMethods.casd_evaluate_options_init(ref options,
                                                     (UIntPtr)Marshal.SizeOf<EvaluateOptionsData>());
            if (mask.HasValue)
                options.mask = mask.Value.Bits;
            NativeMethods.casd_evaluate(out ReportHandle handle, predictor.Handle, dataset.Handle, split,
                                        ref options, IntPtr.Zero, IntPtr.Zero);
            return new Report(handle);
        }

        /// <summary>
        /// <see cref="Evaluate"/> on another thread. The dataset must not be changed meanwhile.
        /// </summary>
        /// <param name="predictor">The model and where it runs.</param>
        /// <param name="dataset">Task and outputs of the model; modalities are matched by name.</param>
        /// <param name="split">Name of the split.</param>
        /// <param name="mask">Only sets of these modalities; null: all.</param>
        /// <returns>The report.</returns>
        /// <exception cref="CasdException">As <see cref="Evaluate"/>, from the task.</exception>
        public static Task<Report> EvaluateAsync(Predictor predictor, Dataset dataset, string split,
                                                 ModalityMask? mask = null) =>
            System.Threading.Tasks.Task.Factory.StartNew(
                () => Evaluate(predictor, dataset, split, mask), default,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);

        /// <summary>The report as a JSON object.</summary>
        public string Json
        {
            get
            {
                using var held = Handle.Hold();
                return NativeText.FromUtf8(NativeMethods.casd_report_json(_handle)) ?? "";
            }
        }

        /// <summary>
        /// Remarks on evidence and uncertainty of the model on the split: what was seen and what to do.
        /// </summary>
        public IReadOnlyList<string> Remarks
        {
            get
            {
                using var held = Handle.Hold();
                var remarks = new List<string>();
                while (NativeText.FromUtf8(NativeMethods.casd_report_remark(_handle, remarks.Count)) is string text)
                    remarks.Add(text);
                return remarks;
            }
        }

        /// <summary>
        /// The evaluated sets of modalities, such as "language+audio"; all modalities are the last.
        /// </summary>
        public IReadOnlyList<string> Conditions
        {
            get
            {
                using var held = Handle.Hold();
                var names = new string[NativeMethods.casd_report_condition_count(_handle)];
                for (int i = 0; i < names.Length; ++i)
                    names[i] = NativeText.FromUtf8(NativeMethods.casd_report_condition(_handle, i)) ?? "";
                return names;
            }
        }

        /// <summary>One number of the report.</summary>
        /// <param name="condition">
        /// Modalities joined by <c>+</c>, in any order; null for the numbers of no condition.
        /// </param>
        /// <param name="name">
        /// Of a condition e.g. <c>samples</c>, <c>uncertainty</c>, <c>f1</c>, <c>accuracy</c>, <c>ece</c>,
        /// <c>auroc_uncertainty</c>, <c>mae</c>; of none e.g. <c>mean_incomplete_f1</c>.
        /// </param>
        /// <returns>The number; NaN where it cannot be computed.</returns>
        /// <exception cref="CasdException">
        /// <see cref="Status.NotFound"/>: there is no such condition or number; the message lists them.
        /// </exception>
        public double Value(string? condition, string name)
        {
            NativeMethods.casd_report_value(out double value, Handle, condition, name);
            return value;
        }

        /// <summary>Destroys the report.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
