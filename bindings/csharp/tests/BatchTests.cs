#nullable enable
using System;
using System.Linq;

namespace Casd.Tests
{
    public static class BatchTests
    {
        [Test]
        public static void HoldsFramesAndTargets()
        {
            using Schema schema = Samples.Schema();
            using var batch = new Batch(schema);
            batch.Reserve(4);
            long sample = batch.AddSample();
            Check.Equal(0L, sample);
            batch.SetFrames(sample, "language", new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
            batch.SetFrames(sample, 1, new float[] { 9, 1, 2, 9, 3, 4 }.Skip(1).ToArray(), 2, 2, 3);
            Check.Equal(2L, batch.Steps(0, 0));
            Check.Same(new float[] { 1, 2, 3, 4, 5, 6 }, batch.Frames(0, 0).Cast<float>());
            Check.Same(new float[] { 1, 2, 3, 4 }, batch.Frames(0, 1).Cast<float>());
            Check.Equal(null, batch.Target(0));
            batch.SetTarget(0, 1);
            Check.Same(new float[] { 1 }, batch.Target(0)!);
            batch.SetTarget(0);
            Check.Equal(null, batch.Target(0));
            batch.SetFrames(0, 0, new float[0, 3]);
            Check.Equal(0L, batch.Steps(0, 0));
            Check.Equal(0, batch.Frames(0, 0).Length);
            Check.Equal(1L, batch.AddSample());
            Check.Equal(2L, batch.Size);
            batch.Clear();
            Check.Equal(0L, batch.Size);
#if NETSTANDARD2_1
            batch.AddSample();
            ReadOnlySpan<float> span = stackalloc float[] { 7, 8, 9 };
            batch.SetFrames(0, 0, span, 1, 3);
            Check.Same(new float[] { 7, 8, 9 }, batch.Frames(0, 0).Cast<float>());
#endif
        }

        [Test]
        public static void ACopyIsIndependent()
        {
            using Schema schema = Samples.Schema();
            schema.SetFeatureName(1, 0, "pitch");
            schema.SetFeatureName(1, 1, "energy");
            var batch = new Batch(schema);
            Samples.Add(batch, 1);
            batch.AddSample();
            batch.SetTarget(0, 1);
            using Batch copy = batch.Clone();
            Check.Equal(2L, copy.Size);
            Check.Same(batch.Frames(0, 0).Cast<float>(), copy.Frames(0, 0).Cast<float>());
            Check.Equal(0L, copy.Steps(1, 1));
            Check.Same(new float[] { 1 }, copy.Target(0)!);
            Check.Equal(null, copy.Target(1));
            batch.Clear();
            batch.Dispose();
            Check.Equal(2L, copy.Size);
            // The names of the features are there, too: they do not match other names.
            using Schema other = Samples.Schema();
            other.SetFeatureName(1, 0, "pitch");
            other.SetFeatureName(1, 1, "loudness");
            using var model = new Model(other, Samples.SmallOptions());
            using var predictor = new Predictor(model);
            Check.Fails(Status.InvalidArgument, "loudness", () => predictor.Predict(copy));
        }

        [Test]
        public static void MultiLabelTargetsHaveANumberPerOutput()
        {
            using var schema = new Schema { Task = TaskKind.MultiLabel };
            schema.AddModality("audio", 1).AddOutput("happy").AddOutput("sad").AddOutput("angry");
            using var batch = new Batch(schema);
            batch.AddSample();
            batch.SetTarget(0, 0, 1, 1);
            Check.Same(new float[] { 0, 1, 1 }, batch.Target(0)!);
            using Batch copy = batch.Clone();
            Check.Same(new float[] { 0, 1, 1 }, copy.Target(0)!);
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using Batch batch = Samples.Batch();
            Check.Fails(Status.InvalidArgument, "audio", () => batch.SetFrames(0, 1, new float[2, 5]));
            Check.Fails(Status.InvalidArgument, "sample", () => batch.SetFrames(7, 1, new float[2, 2]));
            Check.Fails(Status.InvalidArgument, "modality", () => batch.SetFrames(0, 9, new float[2, 2]));
            Check.Fails(Status.NotFound, "language", () => batch.SetFrames(0, "smell", new float[2, 2]));
            Check.Fails(Status.InvalidArgument, "", () => batch.SetTarget(0, 2));
            Check.Fails(Status.InvalidArgument, "", () => batch.SetTarget(0, 0, 1));
            Check.Fails(Status.InvalidArgument, "", () => batch.Reserve(-1));
            Check.Fails(Status.InvalidArgument, "",
                        () => batch.SetFrames(0, 1, new float[8], -1, 2));
            Check.Fails(Status.InvalidArgument, "stride",
                        () => batch.SetFrames(0, 1, new float[8], 2, 2, 1));
            Check.Throws<ArgumentOutOfRangeException>(() => batch.Steps(0, 2));
            Check.Throws<ArgumentOutOfRangeException>(() => batch.Frames(1, 0));
            Check.Equal(null, batch.Target(5));
        }

        [Test]
        public static void NeverReadsBeyondAnArray()
        {
            using Batch batch = Samples.Batch();
            Check.Throws<ArgumentException>(() => batch.SetFrames(0, 1, new float[5], 3, 2));
            Check.Throws<ArgumentException>(() => batch.SetFrames(0, 1, new float[0], 1, 2));
            Check.Throws<ArgumentException>(() => batch.SetFrames(0, 1, new float[7], 3, 2, 3));
            Check.Throws<ArgumentException>(
                () => batch.SetFrames(0, 1, new float[7], long.MaxValue, 2, long.MaxValue));
            batch.SetFrames(0, 1, new float[8], 3, 2, 3);
            Check.Equal(3L, batch.Steps(0, 1));
        }

        [Test]
        public static void IsClosedOnce()
        {
            Batch batch = Samples.Batch();
            batch.Dispose();
            batch.Dispose();
            Check.Throws<ObjectDisposedException>(() => batch.AddSample());
            Check.Throws<ObjectDisposedException>(() => batch.Frames(0, 0));
            Check.Throws<ObjectDisposedException>(() => batch.Clone());
        }
    }
}
