#nullable enable
using System;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>
    /// Samples of any length, any modality missing, with or without targets. Frames are copied into it.
    /// A frame that is wholly NaN is a missing frame; a modality that is never set is missing. Used by
    /// one thread at a time.
    /// </summary>
    public sealed unsafe class Batch : IDisposable
    {
        private readonly BatchHandle _handle;
        private readonly SchemaSnapshot _schema;

        /// <summary>Creates an empty batch.</summary>
        /// <param name="schema">At least one modality; copied.</param>
        /// <exception cref="CasdException">The schema has no modality.</exception>
        public Batch(Schema schema)
        {
            if (schema == null)
                throw new ArgumentNullException(nameof(schema));
            NativeMethods.casd_batch_create(out _handle, schema.Handle);
            _schema = schema.Snapshot();
        }

        internal BatchHandle Handle
        {
            get
            {
                _handle.ThrowIfClosed(nameof(Batch));
                return _handle;
            }
        }

        /// <summary>The number of samples.</summary>
        public long Size => NativeMethods.casd_batch_size(Handle);

        /// <summary>Adds a sample that has nothing yet.</summary>
        /// <returns>Its index, 0 for the first.</returns>
        public long AddSample()
        {
            NativeMethods.casd_batch_add_sample(out long sample, Handle);
            return sample;
        }

        /// <summary>Gives a sample its frames of one modality, replacing earlier ones.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="frames">[steps, features]; no steps: missing.</param>
        /// <exception cref="CasdException">
        /// An index is out of range, or the number of features is not the modality's; the message names
        /// sample and modality. The sample is unchanged then.
        /// </exception>
        public void SetFrames(long sample, int modality, float[,] frames)
        {
            if (frames == null)
                throw new ArgumentNullException(nameof(frames));
            fixed (float* values = frames)
                NativeMethods.casd_batch_set_frames(Handle, sample, modality, values,
                                                    frames.GetLength(0), frames.GetLength(1), 0);
        }

        /// <summary>Gives a sample its frames of one modality, replacing earlier ones.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Name of the modality.</param>
        /// <param name="frames">[steps, features]; no steps: missing.</param>
        /// <exception cref="CasdException">As for the index; <see cref="Status.NotFound"/>.</exception>
        public void SetFrames(long sample, string modality, float[,] frames) =>
            SetFrames(sample, ModalityIndex(modality), frames);

        /// <summary>Gives a sample its frames of one modality, replacing earlier ones.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="values">[steps, features], row-major.</param>
        /// <param name="steps">Number of frames; 0: missing.</param>
        /// <param name="features">Numbers in a frame: those of the modality.</param>
        /// <param name="stride">
        /// Numbers from one frame's beginning to the next one's, at least <paramref name="features"/>;
        /// 0: the frames are contiguous.
        /// </param>
        /// <exception cref="ArgumentException">The array is too short.</exception>
        /// <exception cref="CasdException">An index or a number does not fit.</exception>
        public void SetFrames(long sample, int modality, float[] values, long steps, int features,
                              long stride = 0)
        {
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            fixed (float* first = values)
                SetFrames(sample, modality, first, values.Length, steps, features, stride);
        }

#if NETSTANDARD2_1
        /// <summary>Gives a sample its frames of one modality, replacing earlier ones.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="values">[steps, features], row-major.</param>
        /// <param name="steps">Number of frames; 0: missing.</param>
        /// <param name="features">Numbers in a frame: those of the modality.</param>
        /// <param name="stride">
        /// Numbers from one frame's beginning to the next one's, at least <paramref name="features"/>;
        /// 0: the frames are contiguous.
        /// </param>
        /// <exception cref="ArgumentException">The span is too short.</exception>
        /// <exception cref="CasdException">An index or a number does not fit.</exception>
        public void SetFrames(long sample, int modality, ReadOnlySpan<float> values, long steps,
                              int features, long stride = 0)
        {
            fixed (float* first = &MemoryMarshal.GetReference(values))
                SetFrames(sample, modality, first, values.Length, steps, features, stride);
        }
#endif

        private void SetFrames(long sample, int modality, float* values, int count, long steps,
                               int features, long stride)
        {
            // The library cannot know the array's length; it reports all other mistakes.
            if (steps > 0 && features > 0)
            {
                long step = stride > 0 ? stride : features;
                if (features > count || (steps - 1) > (count - features) / step)
                    throw new ArgumentException(
                        $"{count} values given, but {steps} frames of {features} features need more");
            }
            NativeMethods.casd_batch_set_frames(Handle, sample, modality, values, steps, features, stride);
        }

        /// <summary>Gives a sample its target.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="target">
        /// Classes: the index of the class. Multi-label: 0 or 1 per output. Regression: a number per
        /// output. Nothing: takes the target away.
        /// </param>
        /// <exception cref="CasdException">An index, the count or a value is not allowed.</exception>
        public void SetTarget(long sample, params float[] target)
        {
            if (target == null)
                throw new ArgumentNullException(nameof(target));
            fixed (float* values = target)
                NativeMethods.casd_batch_set_target(Handle, sample, values, (UIntPtr)target.Length);
        }

        /// <summary>The number of frames that a sample has of a modality; 0 if it is missing.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <returns>The number of frames, missing frames among them.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such sample or modality.</exception>
        public long Steps(long sample, int modality)
        {
            long steps = NativeMethods.casd_batch_steps(Handle, sample, modality);
            return steps >= 0 ? steps
                : throw new ArgumentOutOfRangeException(null, $"sample {sample}, modality {modality}");
        }

        /// <summary>A copy of the frames that a sample has of a modality.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <param name="modality">Index of the modality.</param>
        /// <returns>[steps, features]; no steps if it is missing.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such sample or modality.</exception>
        public float[,] Frames(long sample, int modality)
        {
            using var held = Handle.Hold();
            var frames = new float[Steps(sample, modality), _schema.Features[modality]];
            float* source = NativeMethods.casd_batch_frames(_handle, sample, modality);
            if (source != null)
                fixed (float* target = frames)
                    Copy(source, target, frames.LongLength);
            return frames;
        }

        /// <summary>A copy of a sample's target as <see cref="SetTarget"/> takes it.</summary>
        /// <param name="sample">Index of the sample.</param>
        /// <returns>The target; null if it has none or there is no such sample.</returns>
        public float[]? Target(long sample)
        {
            using var held = Handle.Hold();
            float* source = NativeMethods.casd_batch_target(_handle, sample);
            if (source == null)
                return null;
            var values = new float[_schema.Task == TaskKind.Classes ? 1 : _schema.Outputs.Length];
            fixed (float* target = values)
                Copy(source, target, values.Length);
            return values;
        }

        /// <summary>Prepares memory for samples, so that adding up to so many does not move the list.</summary>
        /// <param name="samples">Number of samples in total.</param>
        /// <exception cref="CasdException">The number is negative, or memory ran out.</exception>
        public void Reserve(long samples) => NativeMethods.casd_batch_reserve(Handle, samples);

        /// <summary>Takes all samples out but keeps the memory.</summary>
        public void Clear() => NativeMethods.casd_batch_clear(Handle);

        /// <summary>A copy with the same samples; it can be used by another thread.</summary>
        /// <returns>The copy.</returns>
        public Batch Clone()
        {
            using var held = Handle.Hold();
            using Schema schema = _schema.ToSchema();
            var copy = new Batch(schema);
            try
            {
                long samples = Size;
                int modalities = _schema.Modalities.Length;
                copy.Reserve(samples);
                for (long sample = 0; sample < samples; ++sample)
                {
                    copy.AddSample();
                    for (int modality = 0; modality < modalities; ++modality)
                    {
                        float* frames = NativeMethods.casd_batch_frames(_handle, sample, modality);
                        if (frames != null)
                            NativeMethods.casd_batch_set_frames(
                                copy._handle, sample, modality, frames, Steps(sample, modality),
                                _schema.Features[modality], 0);
                    }
                    float[]? target = Target(sample);
                    if (target != null)
                        copy.SetTarget(sample, target);
                }
                return copy;
            }
            catch
            {
                copy.Dispose();
                throw;
            }
        }

        /// <summary>Destroys the batch.</summary>
        public void Dispose() => _handle.Dispose();

        private int ModalityIndex(string name)
        {
            int index = Array.IndexOf(_schema.Modalities, name);
            if (index >= 0)
                return index;
            // The library's message lists the names that exist.
            using Schema schema = _schema.ToSchema();
            return schema.ModalityIndex(name);
        }

        private static void Copy(float* source, float* target, long count) =>
            Buffer.MemoryCopy(source, target, count * sizeof(float), count * sizeof(float));
    }
}
