#nullable enable
using System;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Casd
{
    /// <summary>
    /// A model on a device. Any number of threads may use one predictor at once, each with its own
    /// <see cref="Prediction"/> and <see cref="Batch"/>; they get the same bits as one thread alone.
    /// </summary>
    public sealed unsafe class Predictor : IDisposable
    {
        private readonly PredictorHandle _handle;
        private readonly int[] _features;

        /// <summary>Creates a predictor. The model may be disposed of before it.</summary>
        /// <param name="model">The model.</param>
        /// <param name="options">null: the defaults.</param>
        /// <exception cref="CasdException">
        /// An option is out of range; <see cref="Status.Unavailable"/>: there is no such device, or its
        /// plug-in is missing (the message names each path tried).
        /// </exception>
        public Predictor(Model model, PredictorOptions? options = null)
        {
            if (model == null)
                throw new ArgumentNullException(nameof(model));
            using (Schema schema = model.GetSchema())
            {
                _features = new int[schema.ModalityCount];
                for (int m = 0; m < _features.Length; ++m)
                    _features[m] = schema.ModalityFeatures(m);
            }
            NativeMethods.casd_predictor_create(out _handle, model.Handle,
                                                ref (options ?? new PredictorOptions()).Data);
        }

        internal PredictorHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Predictor));
                return _handle;
            }
        }

        /// <summary>Runs the model on every sample of a batch.</summary>
        /// <param name="result">Receives the results; on an error it keeps the old ones.</param>
        /// <param name="batch">At least one sample; its modalities are matched by name.</param>
        /// <param name="mask">Modalities of the model that take part.</param>
        /// <exception cref="CasdException">
        /// The batch is empty or does not fit the model, the mask is empty or beyond the model, or a
        /// sample is left without a modality (it is named).
        /// </exception>
        public void Predict(Prediction result, Batch batch, ModalityMask mask)
        {
            Require(result);
            if (batch == null)
                throw new ArgumentNullException(nameof(batch));
            NativeMethods.casd_predict(result.Handle, Handle, batch.Handle, mask.Bits);
        }

        /// <summary>Runs the model on every sample of a batch.</summary>
        /// <param name="batch">At least one sample; its modalities are matched by name.</param>
        /// <param name="mask">Modalities of the model that take part.</param>
        /// <returns>The results; dispose of them.</returns>
        /// <exception cref="CasdException">As the call with a result.</exception>
        public Prediction Predict(Batch batch, ModalityMask mask)
        {
            var result = new Prediction();
            try
            {
                Predict(result, batch, mask);
                return result;
            }
            catch
            {
                result.Dispose();
                throw;
            }
        }

        /// <summary>Runs the model on every sample of a batch, with all modalities.</summary>
        /// <param name="batch">At least one sample; its modalities are matched by name.</param>
        /// <returns>The results; dispose of them.</returns>
        /// <exception cref="CasdException">As the call with a mask.</exception>
        public Prediction Predict(Batch batch) => Predict(batch, ModalityMask.All);

        /// <summary>
        /// Runs the model on one sample whose frames stand in one array. Allocates nothing.
        /// </summary>
        /// <param name="result">Receives the results, one row; on an error it keeps the old ones.</param>
        /// <param name="values">
        /// The frames of all modalities, one modality after the other in the order of the model's
        /// schema: exactly the sum of steps * features numbers.
        /// </param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities that take part. Others are not read.</param>
        /// <exception cref="CasdException">
        /// The number of values or steps does not fit the model, the mask is empty or beyond the model,
        /// or nothing is left of the sample.
        /// </exception>
        public void Predict(Prediction result, float[] values, long[] steps, ModalityMask mask)
        {
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            if (steps == null)
                throw new ArgumentNullException(nameof(steps));
            fixed (float* first = values)
            fixed (long* counts = steps)
                Predict(result, first, values.Length, counts, steps.Length, mask);
        }

#if NETSTANDARD2_1
        /// <summary>
        /// Runs the model on one sample whose frames stand in one span. Allocates nothing.
        /// </summary>
        /// <param name="result">Receives the results, one row; on an error it keeps the old ones.</param>
        /// <param name="values">
        /// The frames of all modalities, one modality after the other in the order of the model's
        /// schema: exactly the sum of steps * features numbers.
        /// </param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities that take part. Others are not read.</param>
        /// <exception cref="CasdException">As the call with arrays.</exception>
        public void Predict(Prediction result, ReadOnlySpan<float> values, ReadOnlySpan<long> steps,
                            ModalityMask mask)
        {
            fixed (float* first = &MemoryMarshal.GetReference(values))
            fixed (long* counts = &MemoryMarshal.GetReference(steps))
                Predict(result, first, values.Length, counts, steps.Length, mask);
        }
#endif

        // For an array that is larger than its content.
        internal void PredictFrames(Prediction result, float[] values, int valueCount, long[] steps,
                                    ModalityMask mask)
        {
            if (valueCount < 0 || valueCount > values.Length)
                throw new ArgumentOutOfRangeException(nameof(valueCount));
            fixed (float* first = values)
            fixed (long* counts = steps)
                Predict(result, first, valueCount, counts, steps.Length, mask);
        }

        private void Predict(Prediction result, float* values, int valueCount, long* steps,
                             int modalityCount, ModalityMask mask)
        {
            Require(result);
            // An array without a number has no address, but it is not NULL.
            long none = 0;
            NativeMethods.casd_predict_packed(result.Handle, Handle, values, (UIntPtr)valueCount,
                                              steps == null ? &none : steps, modalityCount, mask.Bits);
        }

        /// <summary>Runs the model on one sample with an array per modality.</summary>
        /// <param name="result">Receives the results, one row; on an error it keeps the old ones.</param>
        /// <param name="frames">
        /// [modalities] in the order of the model's schema: [steps, features], row-major; null or no
        /// numbers: the modality is missing. The arrays are read in place.
        /// </param>
        /// <param name="mask">Modalities that take part. Others are not read.</param>
        /// <exception cref="ArgumentException">
        /// The length of an array is no multiple of the modality's features.
        /// </exception>
        /// <exception cref="CasdException">As the call with one array.</exception>
        public void Predict(Prediction result, float[]?[] frames, ModalityMask mask)
        {
            Require(result);
            if (frames == null)
                throw new ArgumentNullException(nameof(frames));
            if (frames.Length > NativeMethods.CASD_MAX_MODALITIES)
                throw new ArgumentException($"{frames.Length} modalities given, but a model has at most " +
                                            NativeMethods.CASD_MAX_MODALITIES, nameof(frames));
            float** pointers = stackalloc float*[NativeMethods.CASD_MAX_MODALITIES];
            long* steps = stackalloc long[NativeMethods.CASD_MAX_MODALITIES];
            GCHandle* pins = stackalloc GCHandle[NativeMethods.CASD_MAX_MODALITIES];
            int pinned = 0;
            try
            {
                for (int m = 0; m < frames.Length; ++m)
                {
                    float[]? values = frames[m];
                    pointers[m] = null;
                    steps[m] = 0;
                    if (values == null || values.Length == 0 || m >= _features.Length)
                        continue;
                    if (values.Length % _features[m] != 0)
                        throw new ArgumentException(
                            $"modality {m}: {values.Length} values given, which is no multiple of its " +
                            $"{_features[m]} features", nameof(frames));
                    steps[m] = values.Length / _features[m];
                    pins[pinned] = GCHandle.Alloc(values, GCHandleType.Pinned);
                    pointers[m] = (float*)pins[pinned++].AddrOfPinnedObject();
                }
                NativeMethods.casd_predict_frames(result.Handle, Handle, pointers, steps, frames.Length,
                                                  mask.Bits);
            }
            finally
            {
                while (pinned > 0)
                    pins[--pinned].Free();
            }
        }

        /// <summary>
        /// Runs the model on a copy of a batch, on a thread of the thread pool. The batch may be
        /// changed or disposed of as soon as this method returns, and so may this predictor.
        /// </summary>
        /// <param name="batch">At least one sample; its modalities are matched by name.</param>
        /// <param name="mask">Modalities of the model that take part.</param>
        /// <param name="cancellation">
        /// Cancels the task at once. A computation that has begun runs to its end; its result is
        /// discarded.
        /// </param>
        /// <returns>
        /// The results; dispose of them. Fails with a <see cref="CasdException"/> as
        /// <see cref="Predict(Batch, ModalityMask)"/>.
        /// </returns>
        public Task<Prediction> PredictAsync(Batch batch, ModalityMask mask,
                                             CancellationToken cancellation = default)
        {
            if (batch == null)
                throw new ArgumentNullException(nameof(batch));
            PredictorHandle handle = Handle;
            if (cancellation.IsCancellationRequested)
                return System.Threading.Tasks.Task.FromCanceled<Prediction>(cancellation);
            Batch copy = batch.Clone();
            return AsyncPrediction.Start(handle, copy, cancellation, result =>
                NativeMethods.casd_predict(result.Handle, handle, copy.Handle, mask.Bits));
        }

        /// <summary>
        /// Runs the model on a copy of one sample, on a thread of the thread pool. The arrays may be
        /// changed as soon as this method returns, and this predictor may be disposed of.
        /// </summary>
        /// <param name="values">As for the call that waits.</param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities of the model that take part.</param>
        /// <param name="cancellation">
        /// Cancels the task at once. A computation that has begun runs to its end; its result is
        /// discarded.
        /// </param>
        /// <returns>
        /// The results; dispose of them. Fails with a <see cref="CasdException"/> as the call that waits.
        /// </returns>
        public Task<Prediction> PredictAsync(float[] values, long[] steps, ModalityMask mask,
                                             CancellationToken cancellation = default)
        {
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            if (steps == null)
                throw new ArgumentNullException(nameof(steps));
            fixed (float* first = values)
            fixed (long* counts = steps)
                return PredictAsync(first, values.Length, counts, steps.Length, mask, cancellation);
        }

#if NETSTANDARD2_1
        /// <summary>
        /// Runs the model on a copy of one sample, on a thread of the thread pool. The memory may be
        /// changed as soon as this method returns, and this predictor may be disposed of.
        /// </summary>
        /// <param name="values">As for the call that waits.</param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities of the model that take part.</param>
        /// <param name="cancellation">
        /// Cancels the task at once. A computation that has begun runs to its end; its result is
        /// discarded.
        /// </param>
        /// <returns>
        /// The results; dispose of them. Fails with a <see cref="CasdException"/> as the call that waits.
        /// </returns>
        public Task<Prediction> PredictAsync(ReadOnlySpan<float> values, ReadOnlySpan<long> steps,
                                             ModalityMask mask, CancellationToken cancellation = default)
        {
            fixed (float* first = &MemoryMarshal.GetReference(values))
            fixed (long* counts = &MemoryMarshal.GetReference(steps))
                return PredictAsync(first, values.Length, counts, steps.Length, mask, cancellation);
        }
#endif

        private Task<Prediction> PredictAsync(float* values, int valueCount, long* steps, int stepCount,
                                              ModalityMask mask, CancellationToken cancellation)
        {
            PredictorHandle handle = Handle;
            if (cancellation.IsCancellationRequested)
                return System.Threading.Tasks.Task.FromCanceled<Prediction>(cancellation);
            // First the steps, which need the larger alignment.
            long stepBytes = (long)stepCount * sizeof(long), valueBytes = (long)valueCount * sizeof(float);
            var copy = new NativeMemory(stepBytes + valueBytes);
            if (stepBytes > 0)
                Buffer.MemoryCopy(steps, copy.Pointer, stepBytes, stepBytes);
            if (valueBytes > 0)
                Buffer.MemoryCopy(values, copy.Pointer + stepBytes, valueBytes, valueBytes);
            return AsyncPrediction.Start(handle, copy, cancellation, result =>
                NativeMethods.casd_predict_packed(
                    result.Handle, handle, (float*)(copy.Pointer + stepBytes), (UIntPtr)valueCount,
                    (long*)copy.Pointer, stepCount, mask.Bits));
        }

        /// <summary>
        /// Releases the memory of all workspaces that no call is using, e.g. after an unusually long
        /// sequence. Any thread, also while others use the predictor.
        /// </summary>
        public void Trim() => NativeMethods.casd_predictor_trim(Handle);

        /// <summary>
        /// Closes the predictor. Calls in progress and tasks that were started end normally; it is
        /// destroyed after them.
        /// </summary>
        public void Dispose() => _handle.Dispose();

        private static void Require(Prediction result)
        {
            if (result == null)
                throw new ArgumentNullException(nameof(result));
        }
    }
}
