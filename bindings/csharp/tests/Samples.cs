#nullable enable
using System;
using System.Linq;

namespace Casd.Tests
{
    /// <summary>Small objects that many tests use.</summary>
    public static class Samples
    {
        /// <summary>language (3 features), audio (2); classes negative, positive.</summary>
        public static Schema Schema() => new Schema()
            .AddModality("language", 3).AddModality("audio", 2)
            .AddOutput("negative").AddOutput("positive");

        public static ModelOptions SmallOptions() =>
            new ModelOptions { Hidden = 8, Layers = 1, Heads = 2, MaxSteps = 16, Seed = 5 };

        public static Model Model()
        {
            using Schema schema = Schema();
            return new Model(schema, SmallOptions());
        }

        public static Predictor Predictor()
        {
            using Model model = Model();
            return new Predictor(model);
        }

        /// <summary>4 frames of language and 3 of audio, packed; other numbers for each seed.</summary>
        public static float[] Packed(int seed = 0) =>
            Enumerable.Range(0, 4 * 3 + 3 * 2).Select(i => (float)Math.Sin(i + 0.7 * seed)).ToArray();

        public static readonly long[] Steps = { 4, 3 };

        public static readonly Field[] AllFields =
            ((Field[])Enum.GetValues(typeof(Field)))
            .Where(f => f != Field.Value && f != Field.StandardDeviation && f != Field.Interval)
            .ToArray();

        /// <summary>The sample that <see cref="Packed"/> has, as a batch.</summary>
        public static Batch Batch(int seed = 0)
        {
            using Schema schema = Schema();
            var batch = new Batch(schema);
            Add(batch, seed);
            return batch;
        }

        public static void Add(Batch batch, int seed)
        {
            float[] values = Packed(seed);
            long sample = batch.AddSample();
            batch.SetFrames(sample, 0, values, 4, 3);
            batch.SetFrames(sample, 1, values.Skip(12).ToArray(), 3, 2);
        }

        public static float[] All(Prediction prediction)
        {
            var buffer = new float[4096];
            return buffer.Take(prediction.CopyTo(buffer, AllFields)).ToArray();
        }

        /// <summary>Collects until a condition holds; the finalizers run on their own thread.</summary>
        public static void CollectUntil(Func<bool> condition, string what)
        {
            for (int i = 0; i < 200 && !condition(); ++i)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                if (i > 20)
                    System.Threading.Thread.Sleep(10);
            }
            Check.That(condition(), what);
        }
    }
}
