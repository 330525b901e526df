#nullable enable
using System;
using System.Diagnostics;

namespace Casd.Benchmark
{
    /// <summary>
    /// The calls of baseline.c through the binding, and a call that computes nothing. Prints the
    /// nanoseconds per frame, the best of many short rounds.
    /// </summary>
    public static class Program
    {
        private static readonly Field[] Fields =
            { Field.Probabilities, Field.Uncertainty, Field.ModalityVariance, Field.ModalityWeight };

        public static int Main(string[] arguments)
        {
            if (arguments[0] == "make") // "make FILE": a model so small that the calls count.
            {
                using Schema schema = new Schema().AddModality("language", 3).AddModality("audio", 2)
                    .AddOutput("negative").AddOutput("positive");
                using var made = new Model(schema, new ModelOptions { Hidden = 8, Layers = 1, Heads = 1 });
                made.Save(arguments[1]);
                return 0;
            }
            int frames = int.Parse(arguments[1]);
            using Model model = Model.Load(arguments[0]);
            using var predictor = new Predictor(model);
            using var result = new Prediction();
            var values = new float[5];
            for (int i = 0; i < values.Length; ++i)
                values[i] = i / 5.0f;
            long[] steps = { 1, 1 };
            var buffer = new float[64];
            const int rounds = 1000;
            double best = double.MaxValue;
            for (int round = 0; round < rounds; ++round)
            {
                var watch = Stopwatch.StartNew();
                for (int i = 0; i < frames; ++i)
                {
                    predictor.Predict(result, values, steps, ModalityMask.All);
                    result.CopyTo(buffer, Fields);
                }
                best = Math.Min(best, watch.Elapsed.TotalMilliseconds * 1e6 / frames);
            }
            Console.WriteLine(best.ToString("F0"));
            return 0;
        }
    }
}
