#nullable enable
using System;

namespace Casd.Unity
{
    /// <summary>
    /// The last frames of each modality: what a sensor delivers over time. It holds the arrays that a
    /// <see cref="FramePredictor"/> takes. Adding a frame allocates nothing. Used by one thread at a time.
    /// </summary>
    public sealed class FrameWindow
    {
        private readonly Ring[] _rings;
        private readonly float[] _values;
        private readonly long[] _steps;

        /// <summary>Creates an empty window.</summary>
        /// <param name="schema">The model's schema. It is only read here.</param>
        /// <param name="frames">How many frames of each modality are kept; at least 1.</param>
        /// <exception cref="ArgumentOutOfRangeException">frames is less than 1.</exception>
        public FrameWindow(Schema schema, int frames)
        {
            if (schema == null)
                throw new ArgumentNullException(nameof(schema));
            if (frames < 1)
                throw new ArgumentOutOfRangeException(nameof(frames), frames, "at least 1 frame");
            _rings = new Ring[schema.ModalityCount];
            int total = 0;
            for (int m = 0; m < _rings.Length; ++m)
            {
                _rings[m] = new Ring(checked(frames * schema.ModalityFeatures(m)), schema.ModalityFeatures(m));
                total = checked(total + _rings[m].Values.Length);
            }
            _values = new float[total];
            _steps = new long[_rings.Length];
        }

        /// <summary>The number of modalities.</summary>
        public int ModalityCount => _rings.Length;

        /// <summary>How many frames of a modality there are.</summary>
        /// <param name="modality">Index of the modality.</param>
        public int Frames(int modality) => _rings[modality].Count / _rings[modality].Features;

        /// <summary>Adds a frame; the oldest one goes when the window is full.</summary>
        /// <param name="modality">Index of the modality.</param>
        /// <param name="frame">Its features. They are copied.</param>
        /// <exception cref="ArgumentException">The frame has another number of features.</exception>
        public void Add(int modality, float[] frame)
        {
            if (frame == null)
                throw new ArgumentNullException(nameof(frame));
            Ring ring = _rings[modality];
            if (frame.Length != ring.Features)
                throw new ArgumentException($"modality {modality} has {ring.Features} features, but the " +
                                            $"frame has {frame.Length}", nameof(frame));
            ring.Add(frame);
        }

        /// <summary>
        /// Removes the frames of a modality, which then is missing: for a sensor that was lost.
        /// </summary>
        /// <param name="modality">Index of the modality.</param>
        public void Clear(int modality) => _rings[modality].Count = 0;

        /// <summary>Removes all frames.</summary>
        public void Clear()
        {
            for (int m = 0; m < _rings.Length; ++m)
                Clear(m);
        }

        // The frames in the order of time, modality after modality.
        internal int Pack(out float[] values, out long[] steps)
        {
            int count = 0;
            for (int m = 0; m < _rings.Length; ++m)
            {
                _rings[m].CopyTo(_values, count);
                _steps[m] = _rings[m].Count / _rings[m].Features;
                count += _rings[m].Count;
            }
            values = _values;
            steps = _steps;
            return count;
        }

        private sealed class Ring
        {
            internal readonly float[] Values;
            internal readonly int Features;
            internal int Count;
            private int _next;

            internal Ring(int size, int features)
            {
                Values = new float[size];
                Features = features;
            }

            internal void Add(float[] frame)
            {
                Array.Copy(frame, 0, Values, _next, Features);
                _next = (_next + Features) % Values.Length;
                Count = Math.Min(Count + Features, Values.Length);
            }

            internal void CopyTo(float[] target, int at)
            {
                int first = (_next - Count + Values.Length) % Values.Length;
                int before = Math.Min(Count, Values.Length - first);
                Array.Copy(Values, first, target, at, before);
                Array.Copy(Values, 0, target, at + before, Count - before);
            }
        }
    }
}
