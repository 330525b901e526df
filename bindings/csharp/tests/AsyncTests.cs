#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Casd.Tests
{
    public static class AsyncTests
    {
        [Test]
        public static void WorksOnCopies()
        {
            using Model model = Samples.Model();
            var predictor = new Predictor(model);
            using Batch reference = Samples.Batch(3);
            using Prediction expected = predictor.Predict(reference);
            Batch batch = Samples.Batch(3);
            float[] packed = Samples.Packed(3);
            long[] steps = { 4, 3 };
            var tasks = new List<Task<Prediction>>();
            for (int i = 0; i < 50; ++i)
            {
                tasks.Add(predictor.PredictAsync(batch, ModalityMask.All));
                tasks.Add(predictor.PredictAsync(packed, steps, ModalityMask.All));
#if NETSTANDARD2_1
                tasks.Add(predictor.PredictAsync(packed.AsSpan(), steps.AsSpan(), ModalityMask.All));
#endif
            }
            // Everything that the tasks were given is changed and closed at once.
            batch.Clear();
            batch.Dispose();
            Array.Clear(packed, 0, packed.Length);
            Array.Clear(steps, 0, steps.Length);
            predictor.Dispose();
            GC.Collect();
            foreach (Task<Prediction> task in tasks)
                using (Prediction result = task.Result)
                    Check.SameBits(Samples.All(expected), Samples.All(result));
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            foreach (Task<Prediction> task in new[]
                     {
                         predictor.PredictAsync(batch, new ModalityMask(8)),
                         predictor.PredictAsync(Samples.Packed(), Samples.Steps, new ModalityMask(8)),
                     })
            {
                var error = (CasdException)Check.Throws<AggregateException>(() => task.Wait())
                    .InnerException!;
                Check.Equal(Status.InvalidArgument, error.Status);
                Check.Contains("mask", error.Message);
            }
        }

        [Test]
        public static void IsCancelled()
        {
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            using var source = new CancellationTokenSource();
            source.Cancel();
            Check.That(predictor.PredictAsync(batch, ModalityMask.All, source.Token).IsCanceled, "batch");
            Check.That(predictor.PredictAsync(Samples.Packed(), Samples.Steps, ModalityMask.All,
                                              source.Token).IsCanceled, "arrays");
        }

        [Test]
        public static void CloseCancelAndCollectionInFlight()
        {
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            int done = 0, cancelled = 0, wrong = 0;
            using (Model model = Samples.Model())
            {
                float[][] inputs = Enumerable.Range(0, 8).Select(Samples.Packed).ToArray();
                float[][] expected = new float[8][];
                using (var predictor = new Predictor(model))
                using (var result = new Prediction())
                    for (int i = 0; i < 8; ++i)
                    {
                        predictor.Predict(result, inputs[i], Samples.Steps, ModalityMask.All);
                        expected[i] = result.ToArray(Field.Probabilities);
                    }
                var threads = Enumerable.Range(0, 8).Select(t => new Thread(() =>
                {
                    for (int round = 0; round < 125; ++round)
                    {
                        var predictor = new Predictor(model);
                        using var source = new CancellationTokenSource();
                        var tasks = Enumerable.Range(0, 100).Select(_ => predictor.PredictAsync(
                            inputs[t], Samples.Steps, ModalityMask.All, source.Token)).ToArray();
                        if (round % 2 == 0)
                            source.Cancel();
                        predictor.Dispose();
                        if (round % 10 == t) // After each thousand calls of all threads.
                            GC.Collect();
                        foreach (Task<Prediction> task in tasks)
                            try
                            {
                                using Prediction result = task.GetAwaiter().GetResult();
                                Interlocked.Increment(ref done);
                                if (!result.ToArray(Field.Probabilities).SequenceEqual(expected[t]))
                                    Interlocked.Increment(ref wrong);
                            }
                            catch (OperationCanceledException)
                            {
                                Interlocked.Increment(ref cancelled);
                            }
                    }
                })).ToArray();
                foreach (Thread thread in threads)
                    thread.Start();
                foreach (Thread thread in threads)
                    thread.Join();
            }
            Check.Equal(0, wrong);
            Check.Equal(100000, done + cancelled);
            Check.That(done >= 49600, "half of the rounds are not cancelled: " + done);
            // What was cancelled may still run.
            Samples.CollectUntil(() => Library.LiveObjects <= objects && Library.LiveBytes <= bytes,
                                 $"{Library.LiveObjects} objects after {objects}");
        }
    }
}
