#nullable enable
using System;
using System.Linq;

namespace Casd.Tests
{
    public static class PredictorTests
    {
        [Test]
        public static void AllFormsOfInputGiveTheSameBits()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            float[] packed = Samples.Packed();
            for (uint bits = 1; bits < 4; ++bits)
            {
                var mask = new ModalityMask(bits);
                using Prediction result = predictor.Predict(batch, mask);
                float[] expected = Samples.All(result);
                Check.That(expected.Any(v => v != 0 && !float.IsNaN(v)), "numbers");
                using var other = new Prediction();
                predictor.Predict(other, batch, mask);
                Check.SameBits(expected, Samples.All(other));
                predictor.Predict(other, packed, Samples.Steps, mask);
                Check.SameBits(expected, Samples.All(other));
                predictor.Predict(other, new[] { packed.Take(12).ToArray(), packed.Skip(12).ToArray() },
                                  mask);
                Check.SameBits(expected, Samples.All(other));
#if NETSTANDARD2_1
                predictor.Predict(other, new ReadOnlySpan<float>(packed),
                                  new ReadOnlySpan<long>(Samples.Steps), mask);
                Check.SameBits(expected, Samples.All(other));
#endif
                using Prediction later = predictor.PredictAsync(batch, mask).Result;
                Check.SameBits(expected, Samples.All(later));
                using Prediction laterPacked = predictor.PredictAsync(packed, Samples.Steps, mask).Result;
                Check.SameBits(expected, Samples.All(laterPacked));
            }
        }

        [Test]
        public static void ReadsFields()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            Samples.Add(batch, 2);
            using Prediction result = predictor.Predict(batch);
            Check.Equal(2L, result.Rows);
            Check.Equal(2L, result.Columns(Field.Probabilities));
            Check.Equal(8L, result.Columns(Field.Representation));
            float[] probabilities = result.ToArray(Field.Probabilities);
            Check.Equal(4, probabilities.Length);
            Check.That(Math.Abs(probabilities[2] + probabilities[3] - 1) < 1e-5, "sum 1");
            float[,] table = result.ToTable(Field.Probabilities);
            Check.Equal(probabilities[3], table[1, 1]);
            var buffer = new float[10];
            Check.Equal(4, result.CopyTo(buffer, Field.Probabilities));
            Check.Same(probabilities, buffer.Take(4));
            Check.Equal(6, result.CopyTo(buffer, new[] { Field.Confidence, Field.ModalityWeight }));
            Check.Same(result.ToArray(Field.ModalityWeight), buffer.Skip(2).Take(4));
            Check.Equal(Status.Ok, result.RowStatus(1));
#if NETSTANDARD2_1
            Span<float> span = stackalloc float[4];
            Check.Equal(4, result.CopyTo(span, Field.Probabilities));
            Check.Same(probabilities, span.ToArray());
            Check.Equal(2, result.CopyTo(span, new ReadOnlySpan<Field>(new[] { Field.Uncertainty })));
            Check.Same(result.ToArray(Field.Uncertainty), span.Slice(0, 2).ToArray());
#endif
            Check.Fails(Status.BufferTooSmall, "4", () => result.CopyTo(new float[3], Field.Probabilities));
            Check.Fails(Status.BufferTooSmall, "4", () => result.CopyTo(new float[0], Field.Probabilities));
            Check.Fails(Status.InvalidArgument, "", () => result.ToArray(Field.Value));
            Check.Fails(Status.InvalidArgument, "", () => result.ToArray((Field)6));
            Check.Fails(Status.InvalidArgument, "", () => result.CopyTo(buffer, new Field[0]));
            Check.Fails(Status.InvalidArgument, "", () => result.RowStatus(2));
        }

        [Test]
        public static void AnAbsentModalityIsNaNAndNotRead()
        {
            using Predictor predictor = Samples.Predictor();
            using Prediction result = new Prediction();
            float[] packed = Samples.Packed();
            predictor.Predict(result, packed, Samples.Steps, ModalityMask.Of(1));
            float[] expected = Samples.All(result);
            Check.That(float.IsNaN(result.ToArray(Field.ModalityVariance)[0]), "NaN");
            for (int i = 0; i < 12; ++i)
                packed[i] = float.NaN;
            predictor.Predict(result, packed, Samples.Steps, ModalityMask.Of(1));
            Check.SameBits(expected, Samples.All(result));
            predictor.Predict(result, packed.Skip(12).ToArray(), new long[] { 0, 3 }, ModalityMask.All);
            Check.SameBits(expected, Samples.All(result));
            predictor.Predict(result, new[] { null, packed.Skip(12).ToArray() }, ModalityMask.All);
            Check.SameBits(expected, Samples.All(result));
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            using var result = new Prediction();
            float[] packed = Samples.Packed();
            Check.Fails(Status.State, "", () => result.Rows.ToString());
            // A wrong mask.
            Check.Fails(Status.InvalidArgument, "mask", () => predictor.Predict(batch, new ModalityMask(0)));
            Check.Fails(Status.InvalidArgument, "mask", () => predictor.Predict(batch, new ModalityMask(8)));
            Check.Fails(Status.InvalidArgument, "mask",
                        () => predictor.Predict(result, packed, Samples.Steps, new ModalityMask(4)));
            // A wrong number of features, values or modalities.
            Check.Fails(Status.InvalidArgument, "17", () => predictor.Predict(
                            result, packed.Take(17).ToArray(), Samples.Steps, ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "3", () => predictor.Predict(
                            result, packed, new long[] { 4, 3, 0 }, ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "0", () => predictor.Predict(
                            result, new float[0], new long[0], ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "", () => predictor.Predict(
                            result, new float[]?[] { packed.Take(3).ToArray() }, ModalityMask.All));
            Check.Throws<ArgumentException>(() => predictor.Predict(
                            result, new[] { packed.Take(4).ToArray(), null }, ModalityMask.All));
            Check.Throws<ArgumentException>(() => predictor.Predict(
                            result, new float[33][], ModalityMask.All));
            // A sample that is left without a modality, or too long.
            Check.Fails(Status.InvalidArgument, "", () => predictor.Predict(
                            result, new float[0], new long[] { 0, 0 }, ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "16", () => predictor.Predict(
                            result, new float[51], new long[] { 17, 0 }, ModalityMask.All));
            using Schema schema = Samples.Schema();
            using var empty = new Batch(schema);
            Check.Fails(Status.InvalidArgument, "no samples", () => predictor.Predict(empty));
            Check.Throws<ArgumentNullException>(() => predictor.Predict((Batch)null!));
            Check.Throws<ArgumentNullException>(() => predictor.Predict(null!, batch, ModalityMask.All));
        }

        [Test]
        public static void OptionsReachTheLibrary()
        {
            using Model model = Samples.Model();
            var options = new PredictorOptions();
            Check.Equal(1, options.Threads);
            Check.Equal(Device.Cpu, options.Device);
            Check.Equal(0, options.DeviceIndex);
            Check.Equal(OnEmpty.Error, options.OnEmpty);
            options.OnEmpty = OnEmpty.NaN;
            options.Threads = 2;
            using (var predictor = new Predictor(model, options))
            using (var result = new Prediction())
            {
                predictor.Predict(result, new float[0], new long[] { 0, 0 }, ModalityMask.All);
                Check.Equal(Status.State, result.RowStatus(0));
                Check.That(float.IsNaN(result.ToArray(Field.Uncertainty)[0]), "NaN");
                predictor.Trim();
            }
            options.Threads = 0;
            Check.Fails(Status.InvalidArgument, "threads", () => new Predictor(model, options));
            options.Threads = 1;
            options.DeviceIndex = 99;
            options.Device = Device.Cuda;
            Check.Fails(Status.Unavailable, "", () => new Predictor(model, options));
        }

        [Test]
        public static void RegressionHasValues()
        {
            using var schema = new Schema { Task = TaskKind.Regression };
            schema.AddModality("audio", 1).AddOutput("valence");
            using var model = new Model(schema, Samples.SmallOptions());
            using var predictor = new Predictor(model);
            using var result = new Prediction();
            predictor.Predict(result, new float[] { 1, 2 }, new long[] { 2 }, ModalityMask.All);
            Check.Equal(1, result.ToArray(Field.Value).Length);
            Check.Fails(Status.InvalidArgument, "", () => result.ToArray(Field.Probabilities));
        }

        [Test]
        public static void IsClosedOnce()
        {
            Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            Prediction result = predictor.Predict(batch);
            predictor.Dispose();
            predictor.Dispose();
            Check.Throws<ObjectDisposedException>(() => predictor.Predict(batch));
            Check.Throws<ObjectDisposedException>(
                () => predictor.Predict(result, Samples.Packed(), Samples.Steps, ModalityMask.All));
            Check.Throws<ObjectDisposedException>(() => predictor.Trim());
            Check.Throws<ObjectDisposedException>(
                () => predictor.PredictAsync(batch, ModalityMask.All));
            Check.Equal(2, result.ToArray(Field.Probabilities).Length);
            result.Dispose();
            Check.Throws<ObjectDisposedException>(() => result.ToArray(Field.Probabilities));
        }
    }
}
