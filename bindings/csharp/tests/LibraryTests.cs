#nullable enable
using System;
using System.Linq;

namespace Casd.Tests
{
    public static class LibraryTests
    {
        [Test]
        public static void HasVersions()
        {
            string[] parts = Library.Version.Split('.');
            Check.Equal(3, parts.Length);
            Check.Equal(Library.VersionNumber,
                        uint.Parse(parts[0]) * 10000 + uint.Parse(parts[1]) * 100 + uint.Parse(parts[2]));
            Check.Equal(2u, Library.AbiVersion);
            Check.Contains("\"abi\"", Library.BuildInfo);
            Check.That(System.IO.File.Exists(Library.Load()), "the file in use: " + Library.Load());
        }

        [Test]
        public static void DescribesEngines()
        {
            var engines = Library.Engines;
            Check.Same(new[] { "cpu", "torch", "torch" }, engines.Select(e => e.Name));
            Check.That(engines[0].Available && engines[0].Concurrent && engines[0].Trains, "the built-in");
            Check.Equal("", engines[0].Reason);
            Check.That(engines[1].Available && engines[1].Trains, "torch: " + engines[1].Reason);
            Check.Equal(Device.Cuda, engines[2].Device);
            Check.That(engines[2].Available || engines[2].Reason.Length > 10, "a reason");
        }

        [Test]
        public static void PollsTheLog()
        {
            while (Library.PollLog(out _))
            {
            }
            // A class that does not occur is a warning.
            using Dataset data = Dataset.Parse("sample,label,a.x\n1,0,1\n2,0,2\n3,0,3\n", "x.csv",
                                               "classes:never,always");
            using Schema schema = data.GetSchema();
            using var model = new Model(schema, Samples.SmallOptions());
            using var trainer = new Trainer(model);
            trainer.Prepare(data);
            Check.That(Library.PollLog(out LogMessage message), "a message");
            Check.Equal(LogLevel.Warning, message.Level);
            Check.Contains("always", message.Text);
            while (Library.PollLog(out _))
            {
            }
            Library.SetLogLevel(LogLevel.Off);
            using var silent = new Trainer(model);
            silent.Prepare(data);
            Check.That(!Library.PollLog(out _), "no message");
            Library.SetLogLevel(LogLevel.Warning);
            Library.EndLogQueue();
            Check.Fails(Status.InvalidArgument, "", () => Library.SetLogLevel((LogLevel)17));
        }

        [Test]
        public static void EvaluatesUnderEveryCondition()
        {
            using Dataset data = Dataset.Synthetic(new SyntheticOptions { TestSamples = 20 });
            using Schema schema = data.GetSchema();
            using var model = new Model(schema, Samples.SmallOptions());
            using var predictor = new Predictor(model);
            using Report report = Report.Evaluate(predictor, data, "test");
            Check.Equal(7, report.Conditions.Count);
            Check.Equal("language+audio+visual", report.Conditions.Last());
            Check.Equal(20.0, report.Value("audio+language", "samples"));
            Check.That(report.Value(null, "mean_incomplete_f1") > 0, "a mean");
            Check.Contains("\"conditions\"", report.Json);
            Check.Fails(Status.NotFound, "f1", () => report.Value("audio", "f2"));
            Check.Fails(Status.NotFound, "audio", () => report.Value("smell", "f1"));
            using Report masked = Report.EvaluateAsync(predictor, data, "test", schema.Mask("audio")).Result;
            Check.Same(new[] { "audio" }, masked.Conditions);
            Check.Equal(report.Value("audio", "f1"), masked.Value("audio", "f1"));
            Check.Fails(Status.NotFound, "tset", () => Report.Evaluate(predictor, data, "tset"));
            Check.Fails(Status.InvalidArgument, "", () => Report.Evaluate(predictor, data, "test",
                                                                          new ModalityMask(8)));
            report.Dispose();
            Check.Throws<ObjectDisposedException>(() => report.Json.ToString());
        }
    }
}
