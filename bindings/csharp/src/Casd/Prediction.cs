#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>
    /// A table of results, one row per sample. Columns per modality are NaN for a modality that takes
    /// no part. Variances compare inputs of one model: their level is the model's own.
    /// </summary>
    public enum Field
    {
        /// <summary>[outputs] calibrated; classes: sum 1; labels: each 0 to 1.</summary>
        Probabilities = NativeMethods.CASD_FIELD_PROBABILITIES,

        /// <summary>[outputs]; multi-label: [2 outputs], (negative, positive).</summary>
        Logits = NativeMethods.CASD_FIELD_LOGITS,

        /// <summary>[outputs] regression: in the targets' units.</summary>
        Value = NativeMethods.CASD_FIELD_VALUE,

        /// <summary>
        /// [1] classes: largest probability; multi-label: mean of the larger of each pair; regression:
        /// NaN until calibrated.
        /// </summary>
        Confidence = NativeMethods.CASD_FIELD_CONFIDENCE,

        /// <summary>[1] variance U_F of the fused distribution.</summary>
        Uncertainty = NativeMethods.CASD_FIELD_UNCERTAINTY,

        /// <summary>[1] weighted spread of the modalities' locations.</summary>
        Disagreement = NativeMethods.CASD_FIELD_DISAGREEMENT,

        /// <summary>[modalities] variance V_m of each modality, the primary one.</summary>
        ModalityVariance = NativeMethods.CASD_FIELD_MODALITY_VARIANCE,

        /// <summary>[modalities] A_m = beta / (alpha - 1).</summary>
        ModalityAleatoric = NativeMethods.CASD_FIELD_MODALITY_ALEATORIC,

        /// <summary>[modalities] E_m = A_m / delta.</summary>
        ModalityEpistemic = NativeMethods.CASD_FIELD_MODALITY_EPISTEMIC,

        /// <summary>[modalities] nu_m = 2 alpha.</summary>
        ModalityDegreesOfFreedom = NativeMethods.CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM,

        /// <summary>[modalities] weight C_m in the fusion, sum 1.</summary>
        ModalityWeight = NativeMethods.CASD_FIELD_MODALITY_WEIGHT,

        /// <summary>[hidden] location mu_F.</summary>
        Representation = NativeMethods.CASD_FIELD_REPRESENTATION,

        /// <summary>[hidden] scale sigma_F.</summary>
        Scale = NativeMethods.CASD_FIELD_SCALE,

        /// <summary>[hidden] degrees of freedom nu_F.</summary>
        DegreesOfFreedom = NativeMethods.CASD_FIELD_DEGREES_OF_FREEDOM,

        /// <summary>[modalities] factor of V_m by the input guard; 1: like the training data.</summary>
        ModalityGuard = NativeMethods.CASD_FIELD_MODALITY_GUARD,

        /// <summary>Classes: [1]; multi-label: [outputs], of each label.</summary>
        ErrorProbability = NativeMethods.CASD_FIELD_ERROR_PROBABILITY,

        /// <summary>
        /// Classes: [outputs], 1: member; multi-label: [2 outputs], (negative, positive). Contains the
        /// truth with the probability <see cref="PredictorOptions.Coverage"/>; NaN for a model that is
        /// not calibrated.
        /// </summary>
        PredictionSet = NativeMethods.CASD_FIELD_PREDICTION_SET,

        /// <summary>[outputs] regression: standard deviation of the value.</summary>
        StandardDeviation = NativeMethods.CASD_FIELD_STANDARD_DEVIATION,

        /// <summary>
        /// [2 outputs] regression: (lower, upper), contains the truth as <see cref="PredictionSet"/>.
        /// </summary>
        Interval = NativeMethods.CASD_FIELD_INTERVAL,

        /// <summary>[1] percentage of held-out samples whose uncertainty is at most this.</summary>
        UncertaintyPercentile = NativeMethods.CASD_FIELD_UNCERTAINTY_PERCENTILE,

        /// <summary>Classes: [1]; multi-label: [outputs]; 1: do not use the decision.</summary>
        Abstain = NativeMethods.CASD_FIELD_ABSTAIN,
    }

    /// <summary>
    /// The results of one call of a <see cref="Predictor"/>; it may be filled any number of times. Used
    /// by one thread at a time.
    /// </summary>
    public sealed unsafe class Prediction : IDisposable
    {
        private readonly PredictionHandle _handle;

        /// <summary>Creates an empty prediction.</summary>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public Prediction()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_prediction_create(out _handle);
        }

        internal PredictionHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Prediction));
                return _handle;
            }
        }

        /// <summary>The number of rows: the samples of the call that filled it.</summary>
        /// <exception cref="CasdException"><see cref="Status.State"/>: it was not filled yet.</exception>
        public long Rows
        {
            get
            {
                NativeMethods.casd_prediction_shape(out long rows, out _, Handle, (int)Field.Uncertainty);
                return rows;
            }
        }

        /// <summary>The number of columns of a table.</summary>
        /// <param name="field">Which table.</param>
        /// <returns>The number of columns.</returns>
        /// <exception cref="CasdException">
        /// The task does not have this table; <see cref="Status.State"/>: it was not filled yet.
        /// </exception>
        public long Columns(Field field)
        {
            NativeMethods.casd_prediction_shape(out _, out long columns, Handle, (int)field);
            return columns;
        }

        /// <summary>The state of one row.</summary>
        /// <param name="row">Index of the sample.</param>
        /// <returns>
        /// <see cref="Status.Ok"/>; <see cref="Status.State"/>: the sample was left with no modality;
        /// <see cref="Status.Numeric"/>: a result is not finite. In both cases the row is NaN.
        /// </returns>
        /// <exception cref="CasdException">There is no such row.</exception>
        public Status RowStatus(long row)
        {
            NativeMethods.casd_prediction_row_status(out int status, Handle, row);
            return (Status)status;
        }

        /// <summary>A copy of a table.</summary>
        /// <param name="field">Which table.</param>
        /// <returns>[rows, columns], row-major.</returns>
        /// <exception cref="CasdException">As <see cref="Columns"/>.</exception>
        public float[] ToArray(Field field)
        {
            PredictionHandle handle = Handle;
            NativeMethods.casd_prediction_copy(null, UIntPtr.Zero, out UIntPtr needed, handle, (int)field);
            var values = new float[checked((int)needed)];
            CopyTo(values, field);
            return values;
        }

        /// <summary>A copy of a table.</summary>
        /// <param name="field">Which table.</param>
        /// <returns>[rows, columns].</returns>
        /// <exception cref="CasdException">As <see cref="Columns"/>.</exception>
        public float[,] ToTable(Field field)
        {
            NativeMethods.casd_prediction_shape(out long rows, out long columns, Handle, (int)field);
            var values = new float[rows, columns];
            fixed (float* first = values)
                NativeMethods.casd_prediction_copy(first, (UIntPtr)values.Length, out _, Handle, (int)field);
            return values;
        }

        /// <summary>Copies a table, row-major. Allocates nothing.</summary>
        /// <param name="buffer">Receives it.</param>
        /// <param name="field">Which table.</param>
        /// <returns>How many numbers were copied: rows * columns.</returns>
        /// <exception cref="CasdException">
        /// As <see cref="Columns"/>; <see cref="Status.BufferTooSmall"/>.
        /// </exception>
        public int CopyTo(float[] buffer, Field field)
        {
            if (buffer == null)
                throw new ArgumentNullException(nameof(buffer));
            fixed (float* first = buffer)
                return Copy(first, buffer.Length, (int*)&field, 1);
        }

        /// <summary>
        /// Copies several tables by one call, one after the other. Allocates nothing.
        /// </summary>
        /// <param name="buffer">Receives them, each row-major.</param>
        /// <param name="fields">Which tables; at least one.</param>
        /// <returns>How many numbers were copied.</returns>
        /// <exception cref="CasdException">
        /// As <see cref="Columns"/>; <see cref="Status.BufferTooSmall"/>. Nothing is copied then.
        /// </exception>
        public int CopyTo(float[] buffer, Field[] fields)
        {
            if (buffer == null)
                throw new ArgumentNullException(nameof(buffer));
            if (fields == null)
                throw new ArgumentNullException(nameof(fields));
            fixed (float* first = buffer)
            fixed (Field* names = fields)
                return Copy(first, buffer.Length, (int*)names, fields.Length);
        }

#if NETSTANDARD2_1
        /// <summary>Copies a table, row-major. Allocates nothing.</summary>
        /// <param name="buffer">Receives it.</param>
        /// <param name="field">Which table.</param>
        /// <returns>How many numbers were copied: rows * columns.</returns>
        /// <exception cref="CasdException">
        /// As <see cref="Columns"/>; <see cref="Status.BufferTooSmall"/>.
        /// </exception>
        public int CopyTo(Span<float> buffer, Field field)
        {
            fixed (float* first = &MemoryMarshal.GetReference(buffer))
                return Copy(first, buffer.Length, (int*)&field, 1);
        }

        /// <summary>
        /// Copies several tables by one call, one after the other. Allocates nothing.
        /// </summary>
        /// <param name="buffer">Receives them, each row-major.</param>
        /// <param name="fields">Which tables; at least one.</param>
        /// <returns>How many numbers were copied.</returns>
        /// <exception cref="CasdException">
        /// As <see cref="Columns"/>; <see cref="Status.BufferTooSmall"/>. Nothing is copied then.
        /// </exception>
        public int CopyTo(Span<float> buffer, ReadOnlySpan<Field> fields)
        {
            fixed (float* first = &MemoryMarshal.GetReference(buffer))
            fixed (Field* names = &MemoryMarshal.GetReference(fields))
                return Copy(first, buffer.Length, (int*)names, fields.Length);
        }
#endif

        private int Copy(float* buffer, int capacity, int* fields, int count)
        {
            // A buffer without a number has no address; a copy into it is too small a buffer, too.
            float none;
            NativeMethods.casd_prediction_copy_fields(buffer == null ? &none : buffer, (UIntPtr)capacity,
                                                      out UIntPtr copied, Handle, fields, count);
            return (int)copied;
        }

        /// <summary>Destroys the prediction.</summary>
        public void Dispose() => _handle.Dispose();
    }
}
