using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Casd.Unity;
using UnityEngine;

namespace Casd.Tests
{
    /// <summary>language (3 features), audio (2); classes negative, positive.</summary>
    public static class Frames
    {
        public static readonly ModalityMask All = ModalityMask.All;

        public static byte[] ModelBytes()
        {
            using Schema schema = new Schema().AddModality("language", 3).AddModality("audio", 2)
                .AddOutput("negative").AddOutput("positive");
            using var model = new Model(schema, new ModelOptions
            {
                Hidden = 8, Layers = 1, Heads = 2, MaxSteps = 256, Seed = 5,
            });
            return model.ToBytes();
        }

        /// <summary>A model whose prediction of 200 frames takes many milliseconds.</summary>
        public static byte[] SlowModelBytes()
        {
            using Schema schema = new Schema().AddModality("language", 3).AddModality("audio", 2)
                .AddOutput("negative").AddOutput("positive");
            using var model = new Model(schema, new ModelOptions
            {
                Hidden = 64, Layers = 4, Heads = 2, MaxSteps = 256, Seed = 5,
            });
            return model.ToBytes();
        }

        public static float[] Frame(int modality, int tick) =>
            Enumerable.Range(0, 3 - modality).Select(i => (float)Math.Sin(tick + 0.7 * i + modality)).ToArray();

        public static bool PollUntilDone(FramePredictor predictor)
        {
            for (int i = 0; i < 20000; ++i)
            {
                if (predictor.Poll())
                    return true;
                Thread.Sleep(1);
            }
            return false;
        }

        public static float[] Numbers(FramePredictor predictor) =>
            new[] { Field.Probabilities, Field.Uncertainty, Field.ModalityVariance, Field.ModalityWeight }
                .SelectMany(f => Enumerable.Range(0, predictor.Columns(f)).Select(c => predictor.Get(f, c)))
                .ToArray();

        /// <summary>No object and no byte is left, at the latest after a collection.</summary>
        public static void NothingIsLeft(long objects, long bytes)
        {
            for (int i = 0; i < 500 && (Library.LiveObjects > objects || Library.LiveBytes > bytes); ++i)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                Thread.Sleep(5);
            }
            // Fewer: those of an earlier test were collected.
            Check.That(Library.LiveObjects <= objects, $"{objects} objects, not {Library.LiveObjects}");
            Check.That(Library.LiveBytes <= bytes, $"{bytes} bytes, not {Library.LiveBytes}");
        }
    }

    public static class FrameTests
    {
        [Test]
        public static void GivesWhatThePredictorGives()
        {
            byte[] bytes = Frames.ModelBytes();
            using var frames = new FramePredictor(bytes);
            var window = new FrameWindow(frames.Schema, 4);
            using Model model = Model.Load(bytes);
            using var predictor = new Predictor(model);
            using var result = new Prediction();
            Field[] fields = { Field.Probabilities, Field.Uncertainty, Field.ModalityVariance, Field.ModalityWeight };
            var expected = new float[7];
            for (int tick = 0; tick < 11; ++tick)
            {
                // The window keeps four frames; audio comes every second tick and is lost at tick 6.
                window.Add(0, Frames.Frame(0, tick));
                if (tick % 2 == 0)
                    window.Add(1, Frames.Frame(1, tick));
                if (tick == 6)
                    window.Clear(1);
                float[] language = Enumerable.Range(Math.Max(0, tick - 3), Math.Min(4, tick + 1))
                    .SelectMany(t => Frames.Frame(0, t)).ToArray();
                float[] audio = Enumerable.Range(0, tick + 1).Where(t => t % 2 == 0 && (tick < 6 || t > 6))
                    .Reverse().Take(4).Reverse().SelectMany(t => Frames.Frame(1, t)).ToArray();
                predictor.Predict(result, new[] { language, audio }, Frames.All);
                result.CopyTo(expected, fields);
                frames.Predict(window, Frames.All);
                Check.SameBits(expected, Frames.Numbers(frames));
                Check.That(frames.TrySubmit(window, Frames.All), "submitted");
                Check.That(Frames.PollUntilDone(frames), "done");
                Check.SameBits(expected, Frames.Numbers(frames));
            }
        }

        [Test]
        public static void OneSubmissionGivesOneResult()
        {
            using var predictor = new FramePredictor(Frames.ModelBytes());
            Check.That(!predictor.Poll() && !predictor.HasResult && !predictor.Busy, "nothing was submitted");
            Check.Throws<InvalidOperationException>(() => predictor.Get(Field.Uncertainty));
            float[] values = { 1, 2, 3, 4, 5 };
            long[] steps = { 1, 1 };
            Check.That(predictor.TrySubmit(values, steps, Frames.All), "first");
            Check.That(!predictor.TrySubmit(values, steps, Frames.All), "the first was not polled");
            Check.That(Frames.PollUntilDone(predictor), "done");
            Check.That(!predictor.Poll(), "polled once");
            Check.Equal(2, predictor.Columns(Field.Probabilities));
            Check.Throws<ArgumentException>(() => predictor.Get(Field.Representation));
            Check.Throws<ArgumentOutOfRangeException>(() => predictor.Get(Field.Uncertainty, 1));
        }

        [Test]
        public static void WorksOnACopy()
        {
            using var predictor = new FramePredictor(Frames.ModelBytes());
            float[] values = { 1, 2, 3, 4, 5 };
            predictor.Predict(values, new long[] { 1, 1 }, Frames.All);
            float[] expected = Frames.Numbers(predictor);
            for (int i = 0; i < 200; ++i)
            {
                var copy = (float[])values.Clone();
                var steps = new long[] { 1, 1 };
                Check.That(predictor.TrySubmit(copy, steps, Frames.All), "submitted");
                Array.Clear(copy, 0, copy.Length);
                Array.Clear(steps, 0, steps.Length);
                Check.That(Frames.PollUntilDone(predictor), "done");
                Check.SameBits(expected, Frames.Numbers(predictor));
            }
        }

        [Test]
        public static void ErrorsHaveTheLibrarysMessage()
        {
            using var predictor = new FramePredictor(Frames.ModelBytes());
            var window = new FrameWindow(predictor.Schema, 2);
            Check.Contains("2", Check.Throws<ArgumentException>(() => window.Add(1, new float[3])).Message);
            Check.Throws<ArgumentOutOfRangeException>(() => new FrameWindow(predictor.Schema, 0));
            window.Add(0, new float[3]);
            Check.Fails(Status.InvalidArgument, "mask", () => predictor.Predict(window, new ModalityMask(8)));
            Check.That(predictor.TrySubmit(window, new ModalityMask(8)), "submitted");
            Check.Fails(Status.InvalidArgument, "mask", () => Frames.PollUntilDone(predictor));
            Check.That(predictor.TrySubmit(window, Frames.All) && Frames.PollUntilDone(predictor),
                       "works after an error");
            Check.Fails(Status.Format, "", () => new FramePredictor(new byte[100]));
            predictor.Dispose();
            predictor.Dispose();
            Check.Throws<ObjectDisposedException>(() => predictor.Predict(window, Frames.All));
            Check.Throws<ObjectDisposedException>(() => predictor.TrySubmit(window, Frames.All));
            Check.Throws<ObjectDisposedException>(() => predictor.Poll());
        }

        [Test]
        public static void AFrameAllocatesNothing()
        {
            using var predictor = new FramePredictor(Frames.ModelBytes());
            var window = new FrameWindow(predictor.Schema, 8);
            float[] words = Frames.Frame(0, 1), voice = Frames.Frame(1, 1);
            float sum = 0;
            int results = 0;
            void Frame(int tick, bool submit)
            {
                window.Add(0, words);
                if (tick % 50 == 0)
                    window.Clear(1); // The modality disappears and comes back.
                else
                    window.Add(1, voice);
                if (!submit)
                    predictor.Predict(window, Frames.All);
                else
                {
                    if (predictor.Poll())
                        ++results;
                    predictor.TrySubmit(window, Frames.All);
                }
                if (predictor.HasResult)
                    sum += predictor.Get(Field.Probabilities, 1);
            }
            foreach (bool submit in new[] { false, true })
            {
                for (int i = 0; i < 2000; ++i)
                    Frame(i, submit);
                // The first result makes the arrays; on a busy machine it may come late.
                if (submit && results == 0)
                    Check.That(Frames.PollUntilDone(predictor), "a first result");
                int seen = results;
                long before = GC.GetAllocatedBytesForCurrentThread();
                const int count = 20000;
                for (int i = 0; i < count || (submit && results == seen && i < 100000000); ++i)
                    Frame(i, submit);
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Console.WriteLine($"      {(submit ? "submit and poll" : "predict")}: {allocated} bytes in " +
                                  $"{count} frames");
                Check.Equal(0L, allocated);
            }
            Check.That(results > 0 && sum > 0, "results");
        }

        [Test]
        public static void EightThreadsCloseAndCancelInFlight()
        {
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            byte[] model = Frames.ModelBytes();
            float[] values = { 1, 2, 3, 4, 5 };
            long[] steps = { 1, 1 };
            float[] expected;
            using (var predictor = new FramePredictor(model))
            {
                predictor.Predict(values, steps, Frames.All);
                expected = Frames.Numbers(predictor);
            }
            int submitted = 0, wrong = 0, tasks = 0, cancelled = 0;
            void Run(int thread)
            {
                using Model shared = Model.Load(model);
                for (int round = 0; round < 125; ++round)
                {
                    var predictor = new FramePredictor(model);
                    var direct = new Predictor(shared);
                    using var source = new CancellationTokenSource();
                    var running = new List<Task<Prediction>>();
                    for (int i = 0; i < 50; ++i)
                    {
                        running.Add(direct.PredictAsync(values, steps, Frames.All, source.Token));
                        while (!predictor.TrySubmit(values, steps, Frames.All))
                            if (!predictor.Poll())
                                Thread.Yield();
                            else if (!Frames.Numbers(predictor).Select(BitConverter.GetBytes)
                                         .SelectMany(b => b).SequenceEqual(
                                             expected.Select(BitConverter.GetBytes).SelectMany(b => b)))
                                Interlocked.Increment(ref wrong);
                        Interlocked.Increment(ref submitted);
                    }
                    if (round % 10 == thread) // after each thousand calls of all threads
                        GC.Collect();
                    if (round % 2 == 0)
                        source.Cancel();
                    // Closed with a prediction in flight; one of eight is forgotten.
                    if (round % 8 != 0)
                        predictor.Dispose();
                    direct.Dispose();
                    foreach (Task<Prediction> task in running)
                        try
                        {
                            task.GetAwaiter().GetResult().Dispose();
                            Interlocked.Increment(ref tasks);
                        }
                        catch (OperationCanceledException)
                        {
                            Interlocked.Increment(ref cancelled);
                        }
                }
            }
            var threads = Enumerable.Range(0, 8).Select(t => new Thread(() => Run(t))).ToArray();
            foreach (Thread thread in threads)
                thread.Start();
            foreach (Thread thread in threads)
                thread.Join();
            Check.Equal(0, wrong);
            Check.Equal(100000, submitted + tasks + cancelled);
            Frames.NothingIsLeft(objects, bytes);
        }
    }
}
