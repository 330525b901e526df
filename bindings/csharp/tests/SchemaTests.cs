#nullable enable
using System;

namespace Casd.Tests
{
    public static class SchemaTests
    {
        [Test]
        public static void HoldsModalitiesTaskAndOutputs()
        {
            using Schema schema = Samples.Schema();
            Check.Equal(TaskKind.Classes, schema.Task);
            Check.Equal(2, schema.ModalityCount);
            Check.Equal(2, schema.OutputCount);
            Check.Same(new[] { "language", "audio" }, schema.Modalities);
            Check.Same(new[] { "negative", "positive" }, schema.Outputs);
            Check.Equal("audio", schema.ModalityName(1));
            Check.Equal(2, schema.ModalityFeatures(1));
            Check.Equal(1, schema.ModalityIndex("audio"));
            Check.Equal("positive", schema.OutputName(1));
            Check.Equal(1, schema.OutputIndex("positive"));
            schema.AddModality("Bewegung_\u00fc\ud83d\ude42", 7);
            Check.Equal("Bewegung_\u00fc\ud83d\ude42", schema.Modalities[2]);
            schema.Task = TaskKind.MultiLabel;
            Check.Equal(TaskKind.MultiLabel, schema.Task);
        }

        [Test]
        public static void NamesFeatures()
        {
            using Schema schema = Samples.Schema();
            Check.Equal(null, schema.FeatureName(1, 0));
            schema.SetFeatureName(1, 0, "pitch");
            schema.SetFeatureName(1, 1, "energy");
            Check.Equal("energy", schema.FeatureName(1, 1));
            using Schema copy = schema.Clone();
            Check.Equal("pitch", copy.FeatureName(1, 0));
            schema.ClearFeatureNames(1);
            Check.Equal(null, schema.FeatureName(1, 0));
            Check.Equal("pitch", copy.FeatureName(1, 0));
        }

        [Test]
        public static void MakesMasks()
        {
            using Schema schema = Samples.Schema();
            Check.Equal(3u, schema.Mask("audio", "language").Bits);
            Check.Equal(ModalityMask.Of(1), schema.Mask("audio"));
            Check.Fails(Status.NotFound, "language", () => schema.Mask("smell"));
            Check.That(schema.Mask("audio").Contains(1) && !schema.Mask("audio").Contains(0), "bit 1 only");
            Check.That(!ModalityMask.All.Contains(32) && ModalityMask.All.Contains(31), "32 modalities");
            Check.Throws<ArgumentOutOfRangeException>(() => ModalityMask.Of(32));
            Check.Equal(new ModalityMask(1), schema.Mask("audio", "language") & ModalityMask.Of(0));
            Check.That(ModalityMask.Of(0) != ModalityMask.Of(1), "masks differ");
            Check.Equal("all", ModalityMask.All.ToString());
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using var schema = new Schema();
            var error = Check.Fails(Status.InvalidArgument, "65536", () => schema.AddModality("x", 0));
            Check.Equal("INVALID_ARGUMENT", error.StatusName);
            Check.Fails(Status.NotFound, "x", () => schema.ModalityIndex("x"));
            Check.Fails(Status.NotFound, "y", () => schema.OutputIndex("y"));
            Check.Fails(Status.InvalidArgument, "task", () => schema.Task = (TaskKind)9);
            Check.Fails(Status.InvalidArgument, "", () => schema.SetFeatureName(0, 0, "x"));
            Check.Fails(Status.InvalidArgument, "", () => schema.AddOutput(""));
            Check.Throws<ArgumentException>(() => schema.AddOutput("a\0b"));
            Check.Throws<ArgumentOutOfRangeException>(() => schema.ModalityName(0));
            Check.Throws<ArgumentOutOfRangeException>(() => schema.ModalityFeatures(0));
            Check.Throws<ArgumentOutOfRangeException>(() => schema.OutputName(-1));
        }

        [Test]
        public static void IsClosedOnce()
        {
            Schema schema = Samples.Schema();
            schema.Dispose();
            schema.Dispose();
            var error = Check.Throws<ObjectDisposedException>(() => schema.AddOutput("x"));
            Check.Equal("Schema", error.ObjectName);
            Check.Throws<ObjectDisposedException>(() => schema.ModalityName(0));
            Check.Throws<ObjectDisposedException>(() => new Model(schema));
        }
    }
}
