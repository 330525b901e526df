#nullable enable
using System;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Casd.Tests
{
    public static class LifetimeTests
    {
        [Test]
        public static void EightThreadsShareOnePredictor()
        {
            long objects = Library.LiveObjects;
            int wrong = 0, mixed = 0, failures = 0;
            using (Predictor predictor = Samples.Predictor())
            {
                // Each thread has its own input, result and mistake, whose message has its number.
                var threads = Enumerable.Range(0, 8).Select(t => new Thread(() =>
                {
                    float[] input = Samples.Packed(t), buffer = new float[64];
                    using var result = new Prediction();
                    predictor.Predict(result, input, Samples.Steps, ModalityMask.All);
                    float[] expected = Samples.All(result);
                    for (int i = 0; i < 12500; ++i)
                    {
                        predictor.Predict(result, input, Samples.Steps, ModalityMask.All);
                        int count = result.CopyTo(buffer, Samples.AllFields);
                        for (int k = 0; k < count; ++k)
                            if (!buffer[k].Equals(expected[k]))
                                Interlocked.Increment(ref wrong);
                        if (i % 100 != 0)
                            continue;
                        try
                        {
                            predictor.Predict(result, new float[100 + t], Samples.Steps, ModalityMask.All);
                            Interlocked.Increment(ref wrong);
                        }
                        catch (CasdException error)
                        {
                            Interlocked.Increment(ref failures);
                            if (error.Message.IndexOf((100 + t).ToString(), StringComparison.Ordinal) < 0)
                                Interlocked.Increment(ref mixed);
                        }
                    }
                })).ToArray();
                foreach (Thread thread in threads)
                    thread.Start();
                foreach (Thread thread in threads)
                    thread.Join();
            }
            Check.Equal(0, wrong);
            Check.Equal(0, mixed);
            Check.Equal(1000, failures);
            Check.Equal(objects, Library.LiveObjects);
        }

        [Test]
        public static void CloseDuringACallIsSafe()
        {
            long objects = Library.LiveObjects;
            int calls = 0, closed = 0, other = 0;
            float[] input = Samples.Packed();
            using (Model model = Samples.Model())
                for (int round = 0; round < 50; ++round)
                {
                    var predictor = new Predictor(model);
                    var started = new CountdownEvent(3);
                    var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
                    {
                        using var result = new Prediction();
                        started.Signal();
                        try
                        {
                            for (;;)
                            {
                                predictor.Predict(result, input, Samples.Steps, ModalityMask.All);
                                Interlocked.Increment(ref calls);
                            }
                        }
                        catch (ObjectDisposedException)
                        {
                            Interlocked.Increment(ref closed);
                        }
                        catch (Exception error)
                        {
                            Console.WriteLine("      " + error);
                            Interlocked.Increment(ref other);
                        }
                    })).ToArray();
                    foreach (Thread thread in threads)
                        thread.Start();
                    started.Wait();
                    Thread.Yield();
                    predictor.Dispose();
                    foreach (Thread thread in threads)
                        thread.Join();
                }
            Check.Equal(150, closed);
            Check.Equal(0, other);
            Check.That(calls > 0, "calls");
            Check.Equal(objects, Library.LiveObjects);
        }

        [Test]
        public static void TextOutlivesAHandleThatIsClosedMeanwhile()
        {
            for (int round = 0; round < 100; ++round)
            {
                Model model = Samples.Model();
                string expected = model.Info;
                var thread = new Thread(() => model.Dispose());
                thread.Start();
                try
                {
                    for (int i = 0; i < 100; ++i)
                        Check.Equal(expected, model.Info);
                }
                catch (ObjectDisposedException)
                {
                }
                thread.Join();
            }
        }

        [Test]
        public static void DroppedObjectsAreCollected()
        {
            long objects = Library.LiveObjects;
            Drop(200);
            Check.That(Library.LiveObjects > objects, "objects");
            Samples.CollectUntil(() => Library.LiveObjects <= objects,
                                 $"{Library.LiveObjects} objects, before {objects}");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Drop(int count)
        {
            for (int i = 0; i < count; ++i)
            {
                Predictor predictor = new Predictor(Samples.Model());
                predictor.Predict(Samples.Batch());
                Dataset.Synthetic(new SyntheticOptions { TrainSamples = 1, ValidSamples = 0, TestSamples = 0 });
                Check.Throws<CasdException>(() => predictor.Predict(Samples.Batch(), new ModalityMask(0)));
            }
        }

        [Test]
        public static void ParentsMayBeClosedFirst()
        {
            Schema schema = Samples.Schema();
            Model model = new Model(schema, Samples.SmallOptions());
            schema.Dispose();
            var predictor = new Predictor(model);
            model.Dispose();
            using Batch batch = Samples.Batch();
            using Prediction result = predictor.Predict(batch);
            predictor.Dispose();
            Check.Equal(2, result.ToArray(Field.Probabilities).Length);
        }

        [Test]
        public static void FailedCallsLeaveNothing()
        {
            using Schema schema = Samples.Schema();
            using Predictor predictor = Samples.Predictor();
            using Batch batch = Samples.Batch();
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            for (int i = 0; i < 100; ++i)
            {
                Check.Throws<CasdException>(() => new Model(schema, new ModelOptions { Hidden = -1 }));
                Check.Throws<CasdException>(() => predictor.Predict(batch, new ModalityMask(0)));
                Check.Throws<CasdException>(() => Model.Load("/absent"));
                Check.Throws<CasdException>(() => Dataset.Parse("no,header"));
            }
            Check.Equal(objects, Library.LiveObjects);
            Check.Equal(bytes, Library.LiveBytes);
        }
    }
}
