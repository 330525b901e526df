#nullable enable
using System;

namespace Casd.Unity
{
    /// <summary>
    /// The numbers of one prediction, in arrays that are made once. Used by one thread at a time.
    /// </summary>
    internal sealed class FrameResult
    {
        private readonly Field[] _fields;
        private readonly int[] _offsets; // [fields + 1]
        private float[] _values = Array.Empty<float>();

        internal FrameResult(Field[] fields)
        {
            _fields = fields;
            _offsets = new int[fields.Length + 1];
        }

        internal bool Filled { get; private set; }

        internal void Read(Prediction prediction)
        {
            if (!Filled)
            {
                // The model decides on the sizes, so that they stay.
                for (int i = 0; i < _fields.Length; ++i)
                    _offsets[i + 1] = _offsets[i] + (int)prediction.Columns(_fields[i]);
                _values = new float[_offsets[_fields.Length]];
            }
            prediction.CopyTo(_values, _fields);
            Filled = true;
        }

        internal void CopyFrom(FrameResult other)
        {
            if (_values.Length != other._values.Length)
                _values = new float[other._values.Length];
            Array.Copy(other._offsets, _offsets, _offsets.Length);
            Array.Copy(other._values, _values, _values.Length);
            Filled = other.Filled;
        }

        internal int Columns(Field field)
        {
            int index = Index(field);
            return _offsets[index + 1] - _offsets[index];
        }

        internal float Get(Field field, int column)
        {
            int index = Index(field);
            if (column < 0 || column >= _offsets[index + 1] - _offsets[index])
                throw new ArgumentOutOfRangeException(nameof(column));
            return _values[_offsets[index] + column];
        }

        private int Index(Field field)
        {
            if (!Filled)
                throw new InvalidOperationException("There is no result yet: call Predict, or Poll until " +
                                                    "it returns true.");
            for (int i = 0; i < _fields.Length; ++i)
                if (_fields[i] == field)
                    return i;
            throw new ArgumentException($"The field {field} was not asked for: name it in the constructor " +
                                        "of FramePredictor.", nameof(field));
        }
    }
}
