#nullable enable
using System;

namespace Casd.Unity
{
    /// <summary>
    /// A model for a frame loop: predicts within the frame, or on a thread of its own while frames go on.
    /// After the first result neither allocates managed memory. All methods are for one thread, which in
    /// Unity is the main thread.
    /// </summary>
    public sealed class FramePredictor : IDisposable
    {
        private readonly Predictor _predictor;
        private readonly Prediction _prediction;
        private readonly FrameWorker _worker;
        private readonly FrameResult _result;
        private bool _closed;

        /// <summary>Loads a model.</summary>
        /// <param name="model">The bytes of a model file, such as those of a TextAsset.</param>
        /// <param name="options">null: the defaults.</param>
        /// <param name="fields">
        /// Which tables are read after each prediction; null: probabilities (regression: value),
        /// uncertainty, and variance and weight of each modality.
        /// </param>
        /// <exception cref="CasdException">The bytes are no model, or an option is out of range.</exception>
        /// <exception cref="CasdLoadException">The native library cannot be loaded.</exception>
        public FramePredictor(byte[] model, PredictorOptions? options = null, Field[]? fields = null)
        {
            using (Model loaded = Model.Load(model))
            {
                Schema = loaded.GetSchema();
                _predictor = new Predictor(loaded, options);
            }
            fields = (Field[]?)fields?.Clone() ?? new[]
            {
                Schema.Task == TaskKind.Regression ? Field.Value : Field.Probabilities, Field.Uncertainty,
                Field.ModalityVariance, Field.ModalityWeight,
            };
            _prediction = new Prediction();
            _worker = new FrameWorker(_predictor, fields);
            _result = new FrameResult(fields);
        }

        /// <summary>Ends the thread of a predictor that was not disposed of.</summary>
        ~FramePredictor() => _worker?.Stop();

        /// <summary>The model's schema: modalities and outputs. Disposed of with this object.</summary>
        public Schema Schema { get; }

        /// <summary>Whether there is a result to read.</summary>
        public bool HasResult => _result.Filled;

        /// <summary>Whether a prediction is being computed.</summary>
        public bool Busy => _worker.Busy;

        /// <summary>Predicts within the call.</summary>
        /// <param name="window">The frames. A modality without frames is missing.</param>
        /// <param name="mask">Modalities that take part.</param>
        /// <exception cref="CasdException">Nothing is left of the sample, or the mask is wrong.</exception>
        /// <exception cref="ObjectDisposedException">The predictor was disposed of.</exception>
        public void Predict(FrameWindow window, ModalityMask mask)
        {
            int count = Pack(window, out float[] values, out long[] steps);
            Predict(values, count, steps, mask);
        }

        /// <summary>Predicts within the call.</summary>
        /// <param name="values">The frames of all modalities, one modality after the other.</param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities that take part.</param>
        /// <exception cref="CasdException">The input does not fit the model.</exception>
        /// <exception cref="ObjectDisposedException">The predictor was disposed of.</exception>
        public void Predict(float[] values, long[] steps, ModalityMask mask)
        {
            Check(values, steps);
            Predict(values, values.Length, steps, mask);
        }

        private void Predict(float[] values, int count, long[] steps, ModalityMask mask)
        {
            _predictor.PredictFrames(_prediction, values, count, steps, mask);
            _result.Read(_prediction);
        }

        /// <summary>
        /// Gives a copy of the frames to the thread of this predictor and returns. One prediction is
        /// computed at a time.
        /// </summary>
        /// <param name="window">The frames. A modality without frames is missing.</param>
        /// <param name="mask">Modalities that take part.</param>
        /// <returns>
        /// false: the one before is being computed, or <see cref="Poll"/> has not returned it. Leave this
        /// frame out, or try again in the next.
        /// </returns>
        /// <exception cref="ObjectDisposedException">The predictor was disposed of.</exception>
        public bool TrySubmit(FrameWindow window, ModalityMask mask)
        {
            int count = Pack(window, out float[] values, out long[] steps);
            return _worker.TrySubmit(values, count, steps, mask);
        }

        /// <summary>As the method with a window.</summary>
        /// <param name="values">The frames of all modalities, one modality after the other.</param>
        /// <param name="steps">[modalities] number of frames; 0: the modality is missing.</param>
        /// <param name="mask">Modalities that take part.</param>
        /// <returns>false: not now.</returns>
        /// <exception cref="ObjectDisposedException">The predictor was disposed of.</exception>
        public bool TrySubmit(float[] values, long[] steps, ModalityMask mask)
        {
            Check(values, steps);
            return _worker.TrySubmit(values, values.Length, steps, mask);
        }

        /// <summary>Takes the result of what was submitted, if it is there. Does not wait.</summary>
        /// <returns>true once for each submission: the results can be read.</returns>
        /// <exception cref="CasdException">The prediction failed, as that of Predict.</exception>
        public bool Poll()
        {
            CheckOpen();
            return _worker.Poll(_result);
        }

        /// <summary>One number of the last result.</summary>
        /// <param name="field">The table; one of those named in the constructor.</param>
        /// <param name="column">Index of the output or the modality; 0 for tables of one column.</param>
        /// <returns>NaN for a modality that took no part.</returns>
        /// <exception cref="InvalidOperationException">There is no result yet.</exception>
        public float Get(Field field, int column = 0) => _result.Get(field, column);

        /// <summary>The number of columns of a table.</summary>
        /// <param name="field">The table; one of those named in the constructor.</param>
        /// <returns>The number of columns.</returns>
        /// <exception cref="InvalidOperationException">There is no result yet.</exception>
        public int Columns(Field field) => _result.Columns(field);

        /// <summary>
        /// Closes the predictor. Does not wait: a prediction that is being computed ends, and its native
        /// memory is released then.
        /// </summary>
        public void Dispose()
        {
            if (_closed)
                return;
            _closed = true;
            _worker.Stop();
            _prediction.Dispose();
            _predictor.Dispose();
            Schema.Dispose();
            GC.SuppressFinalize(this);
        }

        private int Pack(FrameWindow window, out float[] values, out long[] steps)
        {
            CheckOpen();
            if (window == null)
                throw new ArgumentNullException(nameof(window));
            return window.Pack(out values, out steps);
        }

        private void Check(float[] values, long[] steps)
        {
            CheckOpen();
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            if (steps == null)
                throw new ArgumentNullException(nameof(steps));
        }

        private void CheckOpen()
        {
            if (_closed)
                throw new ObjectDisposedException(nameof(FramePredictor));
        }
    }
}
