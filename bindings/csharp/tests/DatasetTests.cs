#nullable enable
using System;
using System.IO;
using System.Linq;

namespace Casd.Tests
{
    public static class DatasetTests
    {
        private const string Csv = "sample,split,group,label,language.a,language.b,audio.x\n" +
                                   "one,train,anna,happy,1,2,3\none,train,,,4,5,\n" +
                                   "two,train,ben,sad,6,7,8\nthree,valid,anna,sad,,,9\n";

        [Test]
        public static void ReadsCsv()
        {
            using Dataset data = Dataset.Parse(Csv, "moods.csv");
            Check.Same(new[] { "train", "valid" }, data.Splits);
            Check.Equal(2L, data.Size("train"));
            Check.Equal("two", data.SampleName("train", 1));
            Check.Equal("anna", data.GroupName("valid", 0));
            Check.Equal(null, data.SampleName("valid", 7));
            Check.Equal(null, data.GroupName("valid", 7));
            Check.Equal(2L, data.TargetCount("train"));
            Check.Equal(1L, data.TargetCount("train", 0));
            Check.Equal(0L, data.ModalityCount("valid", ModalityMask.Of(0)));
            Check.Equal(1L, data.ModalityCount("valid", ModalityMask.All));
            using Schema schema = data.GetSchema();
            Check.Same(new[] { "happy", "sad" }, schema.Outputs);
            Check.Equal("b", schema.FeatureName(0, 1));
            using Batch batch = data.ReadAll("train");
            Check.Same(new float[] { 1, 2, 4, 5 }, batch.Frames(0, 0).Cast<float>());
            Check.Same(new float[] { 1 }, batch.Target(1)!);
            batch.Clear();
            data.Read(batch, "train", new long[] { 1, 0, 1 });
            Check.Equal(3L, batch.Size);
            Check.Same(new float[] { 8 }, batch.Frames(2, 1).Cast<float>());
            data.Read(batch, "train", 1);
            data.Read(batch, "train", new long[0]);
            Check.Equal(4L, batch.Size);
            using var folder = new TemporaryFolder();
            File.WriteAllText(folder.File("m\u00f6\u00f6d.csv"), Csv);
            using Dataset opened = Dataset.Open(folder.File("m\u00f6\u00f6d.csv"), "classes:sad,happy");
            using Schema other = opened.GetSchema();
            Check.Same(new[] { "sad", "happy" }, other.Outputs);
        }

        [Test]
        public static void ReadsSeriesAndAddsFiles()
        {
            using var folder = new TemporaryFolder();
            const string head = "@classLabel true walk run\n@data\n";
            string train = folder.File("Moves_TRAIN.ts"), test = folder.File("Moves_TEST.ts");
            File.WriteAllText(train, head + "1,2:3,4:5:walk\n6,?:7,8:9:run\n");
            File.WriteAllText(test, head + "1:2:3:run\n");
            using Dataset data = Dataset.Open(train, null, null, "arm=0-1,leg=2");
            data.AddFile(test);
            data.AddFile(test, "more");
            Check.Same(new[] { "train", "test", "more" }, data.Splits);
            using Schema schema = data.GetSchema();
            Check.Same(new[] { "arm", "leg" }, schema.Modalities);
            using Batch batch = data.ReadAll("train");
            Check.Same(new float[] { 1, 3, 2, 4 }, batch.Frames(0, 0).Cast<float>());
            using Dataset renamed = Dataset.Open(train, "classes:slow,fast", "valid", "leg=2");
            Check.Same(new[] { "valid" }, renamed.Splits);
            Check.Fails(Status.InvalidArgument, "channel 0",
                        () => Dataset.Open(train, null, null, "arm=0,leg=0"));
            File.WriteAllText(test, head + "1:walk\n");
            Check.Fails(Status.InvalidArgument, "channel 1", () => data.AddFile(test));
            Check.Fails(Status.IO, "/absent.ts", () => data.AddFile("/absent.ts"));
            Check.Throws<ArgumentNullException>(() => data.AddFile(null!));
        }

        [Test]
        public static void IsBuiltFromBatches()
        {
            using Schema schema = Samples.Schema();
            using var data = new Dataset(schema);
            Check.Equal(0, data.Splits.Count);
            using var batch = new Batch(schema);
            for (int i = 0; i < 20; ++i)
            {
                Samples.Add(batch, i);
                batch.SetTarget(i, i % 2);
            }
            data.Add("train", batch);
            data.HoldOut("train", "valid", 0.25, 3);
            Check.Equal(20L, data.Size("train") + data.Size("valid"));
            Check.That(data.Size("valid") >= 4, "a quarter");
            Check.Fails(Status.State, "", () => data.Noise("train", 0, 0));
        }

        [Test]
        public static void MakesSyntheticData()
        {
            var options = new SyntheticOptions
            {
                Task = TaskKind.Regression, TrainSamples = 5, ValidSamples = 3, TestSamples = 2,
                MaxSteps = 4, MissingRate = 0.5, Seed = 9,
            };
            using Dataset data = Dataset.Synthetic(options);
            Check.Same(new long[] { 5, 3, 2 }, data.Splits.Select(data.Size));
            using Schema schema = data.GetSchema();
            Check.Equal(TaskKind.Regression, schema.Task);
            Check.Same(new[] { "language", "audio", "visual" }, schema.Modalities);
            Check.That(Enumerable.Range(0, 3).Any(m => data.Noise("train", 0, m) > 0), "noise");
            using Batch batch = data.ReadAll("train");
            Check.That(batch.Steps(0, 0) <= 4, "steps");
            Check.Equal(0.5, options.MissingRate);
            options.TrainSamples = 0;
            Check.Fails(Status.InvalidArgument, "train_samples", () => Dataset.Synthetic(options));
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using Dataset data = Dataset.Parse(Csv, "moods.csv");
            using Schema other = Samples.Schema();
            using var batch = new Batch(other);
            Check.Fails(Status.NotFound, "tset", () => data.Size("tset"));
            Check.Fails(Status.NotFound, "tset", () => data.ReadAll("tset"));
            Check.Fails(Status.NotFound, "tset", () => data.Read(batch, "tset", new long[0]));
            Check.Fails(Status.NotFound, "tset", () => data.TargetCount("tset"));
            Check.Fails(Status.NotFound, "tset", () => data.ModalityCount("tset", ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "", () => data.Read(batch, "train", 1));
            Check.Fails(Status.InvalidArgument, "", () => data.Add("train", batch));
            Check.Fails(Status.InvalidArgument, "", () => data.HoldOut("train", "more", 2));
            Check.Fails(Status.Format, "line 2", () => Dataset.Parse("sample,a.b\n1,word\n", "x.csv"));
            Check.Fails(Status.Format, "", () => Dataset.Load(new byte[0]));
            Check.Fails(Status.IO, "/absent.csv", () => Dataset.Open("/absent.csv"));
            data.Dispose();
            Check.Throws<ObjectDisposedException>(() => data.Size("train"));
            Check.Throws<ObjectDisposedException>(() => data.SampleName("train", 0));
        }
    }
}
