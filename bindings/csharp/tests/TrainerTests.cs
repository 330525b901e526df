#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;

namespace Casd.Tests
{
    public static class TrainerTests
    {
        // The options that bindings/csharp/test gives the program casd.
        private static ModelOptions SmallModel() =>
            new ModelOptions { Hidden = 16, Layers = 1, Seed = 3 };

        private static TrainerOptions ShortTraining() =>
            new TrainerOptions { TeacherEpochs = 2, Epochs = 3, Seed = 3 };

        private static Dataset Data() => Dataset.Synthetic(new SyntheticOptions { Seed = 4 });

        private static Trainer NewTrainer(Dataset data, TrainerOptions? options = null)
        {
            using Schema schema = data.GetSchema();
            using var model = new Model(schema, SmallModel());
            return new Trainer(model, options ?? ShortTraining());
        }

        [Test]
        public static void TrainsToTheBitsOfTheProgram()
        {
            using var folder = new TemporaryFolder();
            using Dataset data = Data();
            using Trainer trainer = NewTrainer(data);
            var reports = new Reports();
            trainer.Fit(data, folder.File("checkpoint"), reports);
            Check.Equal(TrainingPhase.Done, trainer.Phase);
            Check.Equal(Pooling.Auto, trainer.Pooling);
            using (Model trained = trainer.Snapshot())
                Check.That(trained.GetOptions().Pooling != Pooling.Auto, "the pooling is decided");
            Check.That(File.Exists(folder.File("checkpoint")), "a checkpoint");
            Check.Equal(TrainingPhase.Student, reports.Last!.Phase);
            Check.Equal(3, reports.Last.Epochs);
            Check.Equal(reports.Last.Steps, reports.Last.Step);
            Check.That(reports.Last.BestScore > 0 && reports.Last.SamplesPerSecond > 0, "numbers");
            using Model model = trainer.Snapshot();
            string expectedFile = Path.Combine(Settings.Expected, "expected.casd");
            Check.Same(File.ReadAllBytes(expectedFile), model.ToBytes());
            model.Save(folder.File("mood.casd"));
            using Model loaded = Model.Load(folder.File("mood.casd"));
            using var predictor = new Predictor(loaded);
            using Batch batch = data.ReadAll("test");
            using Schema schema = loaded.GetSchema();
            int masks = 0;
            foreach (string csv in Directory.GetFiles(Settings.Expected, "mask-*.csv"))
            {
                string[] names = Path.GetFileNameWithoutExtension(csv).Substring(5).Split('+');
                using Prediction result = predictor.Predict(batch, schema.Mask(names));
                CompareWithProgram(csv, result, schema);
                ++masks;
            }
            Check.Equal(7, masks);
        }

        private static void CompareWithProgram(string csv, Prediction result, Schema schema)
        {
            string[] lines = File.ReadAllLines(csv);
            string[] head = lines[0].Split(',');
            Check.Equal((int)result.Rows, lines.Length - 1);
            var fields = new Dictionary<string, Field>
            {
                ["probability"] = Field.Probabilities, ["confidence"] = Field.Confidence,
                ["uncertainty"] = Field.Uncertainty, ["disagreement"] = Field.Disagreement,
                ["variance"] = Field.ModalityVariance, ["aleatoric"] = Field.ModalityAleatoric,
                ["epistemic"] = Field.ModalityEpistemic, ["weight"] = Field.ModalityWeight,
                ["degrees_of_freedom"] = Field.ModalityDegreesOfFreedom,
            };
            int compared = 0;
            for (int column = 0; column < head.Length; ++column)
            {
                string[] parts = head[column].Split(':');
                if (!fields.TryGetValue(parts[0], out Field field))
                    continue;
                int index = parts.Length < 2 ? 0 : field == Field.Probabilities
                    ? schema.OutputIndex(parts[1]) : schema.ModalityIndex(parts[1]);
                float[,] table = result.ToTable(field);
                for (int row = 0; row < table.GetLength(0); ++row)
                {
                    string text = lines[row + 1].Split(',')[column];
                    float expected = text.Length == 0 || text == "nan" || text == "NaN" ? float.NaN
                        : float.Parse(text, CultureInfo.InvariantCulture);
                    Check.That(expected.Equals(table[row, index]),
                               $"{csv} {head[column]} row {row}: {text}, got {table[row, index]:R}");
                }
                ++compared;
            }
            Check.Equal(2 + 3 + 5 * 3, compared);
        }

        // The monitor has the report's numbers of the finished model.
        [Test]
        public static void HasAMonitor()
        {
            using Dataset data = Data();
            using Trainer trainer = NewTrainer(data);
            Check.That(double.IsNaN(trainer.MonitorValue(TrainQuantity.Scale, ModalityMask.All)), "no number yet");
            Check.Equal(0, trainer.GetRemarks().Count);
            trainer.Fit(data);
            using Model model = trainer.Snapshot();
            using var predictor = new Predictor(model);
            using Report report = Report.Evaluate(predictor, data, "valid");
            var both = new ModalityMask(3);
            Check.That(Math.Abs(report.Value("language+audio", "f1") -
                                trainer.MonitorValue(TrainQuantity.Score, both)) < 1e-9, "the score");
            Check.That(Math.Abs(report.Value("language+audio", "uncertainty") -
                                trainer.MonitorValue(TrainQuantity.Uncertainty, both)) < 1e-9, "the uncertainty");
            double weights = Enumerable.Range(0, 3).Sum(
                m => trainer.MonitorValue(TrainQuantity.Weight, ModalityMask.Of(m)));
            Check.That(Math.Abs(weights - 1) < 1e-6, "the sum of the weights");
            var error = Check.Throws<CasdException>(() => trainer.MonitorValue(TrainQuantity.Variance, both));
            Check.Equal(Status.InvalidArgument, error.Status);
            Check.That(trainer.GetRemarks()[0].StartsWith("too few steps", StringComparison.Ordinal), "a remark");
        }

        [Test]
        public static void AReportHasRemarks()
        {
            using Dataset data = Data();
            using Schema schema = data.GetSchema();
            using var model = new Model(schema, new ModelOptions { Hidden = 16, AlphaMax = 1.3 });
            using var predictor = new Predictor(model);
            using Report report = Report.Evaluate(predictor, data, "valid");
            Check.Contains("collapsed to its upper limit", report.Remarks[0]);
        }

        [Test]
        public static void IsCancelledAndResumed()
        {
            using var folder = new TemporaryFolder();
            string checkpoint = folder.File("checkpoint");
            using Dataset data = Data();
            using (Trainer trainer = NewTrainer(data))
            {
                using var source = new CancellationTokenSource();
                var reports = new Reports(_ => source.Cancel());
                var error = Check.Throws<OperationCanceledException>(
                    () => trainer.Fit(data, checkpoint, reports, source.Token));
                Check.Equal(source.Token, error.CancellationToken);
                Check.Contains("cancelled", error.Message);
                Check.That(trainer.Phase != TrainingPhase.Done, "not done");
                Check.Throws<OperationCanceledException>(
                    () => trainer.Epoch(data, source.Token));
            }
            using Trainer resumed = Trainer.Load(checkpoint);
            Check.Equal(3, resumed.GetOptions().Epochs);
            resumed.FitAsync(data, checkpoint).Wait();
            using Model model = resumed.Snapshot();
            Check.Same(File.ReadAllBytes(Path.Combine(Settings.Expected, "expected.casd")),
                       model.ToBytes());
        }

        [Test]
        public static void ARequestThatCameTooLateStopsNothing()
        {
            using Dataset data = Data();
            using Trainer trainer = NewTrainer(data);
            trainer.Cancel(); // Nothing runs.
            int cancelled = 0, epochs = 0;
            for (bool more = true; more;)
            {
                // Cancels somewhere in the epoch, often at its end or after it.
                using var source = new CancellationTokenSource();
                source.CancelAfter(1 + epochs * 7);
                try
                {
                    more = trainer.Epoch(data, source.Token).GoOn;
                    ++epochs;
                }
                catch (OperationCanceledException)
                {
                    ++cancelled;
                    Check.That(source.IsCancellationRequested, "an own request");
                    more = trainer.Epoch(data).GoOn; // Never stopped by the request before.
                    ++epochs;
                }
            }
            Check.Equal(TrainingPhase.Done, trainer.Phase);
            using Model model = trainer.Snapshot();
            Check.Same(File.ReadAllBytes(Path.Combine(Settings.Expected, "expected.casd")),
                       model.ToBytes());
        }

        [Test]
        public static void ARequestOfACallThatIsOverStopsNothing()
        {
            using Dataset data = Data();
            using Trainer trainer = NewTrainer(data);
            // As if Cancel() had been called between the last step of a call and its return.
            const BindingFlags inside = BindingFlags.NonPublic | BindingFlags.Instance;
            object handle = typeof(Trainer).GetField("_handle", inside)!.GetValue(trainer)!;
            typeof(Trainer).GetField("_stale", inside)!.SetValue(trainer, true);
            typeof(Trainer).Assembly.GetType("Casd.NativeMethods", true)!
                .GetMethod("casd_trainer_cancel")!.Invoke(null, new[] { handle });
            Check.That(trainer.Epoch(data).GoOn, "an epoch");
        }

        [Test]
        public static void AFailingProgressHandlerEndsTheTraining()
        {
            using Dataset data = Data();
            var options = ShortTraining();
            options.TeacherEpochs = 100000;
            options.Patience = 100000;
            using Trainer trainer = NewTrainer(data, options);
            var error = Check.Throws<AggregateException>(
                () => trainer.Fit(data, null, new Reports(_ => throw new NotSupportedException("x"))));
            Check.That(error.InnerException is NotSupportedException, "the handler's exception");
            Check.That(trainer.Epoch(data).GoOn, "it can go on");
        }

        [Test]
        public static void IsNotSharedWhileItTrains()
        {
            using Dataset data = Data();
            var options = ShortTraining();
            options.TeacherEpochs = 100000;
            options.Patience = 100000;
            Trainer trainer = NewTrainer(data, options);
            Task training = trainer.FitAsync(data);
            while (trainer.Progress.Steps == 0)
                Thread.Sleep(1);
            Check.Throws<InvalidOperationException>(() => trainer.Snapshot());
            Check.Throws<InvalidOperationException>(() => trainer.Fit(data));
            Check.That(trainer.Progress.Seconds >= 0 && trainer.Progress.SecondsLeft > 0, "progress");
            trainer.Dispose(); // The training keeps what it needs.
            Check.Throws<ObjectDisposedException>(() => trainer.Fit(data));
            trainer.Cancel();
            try
            {
                training.GetAwaiter().GetResult();
                throw new Exception("it was not cancelled");
            }
            catch (OperationCanceledException)
            {
            }
        }

        [Test]
        public static void CalibratesWithoutATrainer()
        {
            using Dataset data = Data();
            using Schema schema = data.GetSchema();
            using Model fresh = new Model(schema, new ModelOptions { Hidden = 8, Layers = 1, Heads = 2 });
            Check.Fails(Status.State, "not trained", () => fresh.Calibrate(data));
            using var trainer = new Trainer(fresh, new TrainerOptions { TeacherEpochs = 1, Epochs = 1 });
            trainer.Fit(data);
            using Model trained = trainer.Snapshot();
            using Model other = trained.Calibrate(data, "test", threads: 2);
            Check.That(!other.ToBytes().SequenceEqual(trained.ToBytes()), "another calibration");
            // The samples of the training give the calibration of the training.
            using Model again = other.Calibrate(data);
            Check.Same(trained.ToBytes(), again.ToBytes());
            using Model later = other.CalibrateAsync(data, threads: 2).Result;
            Check.Same(trained.ToBytes(), later.ToBytes());
            using Model maps = other.Calibrate(data, fitMaps: true);
            Check.Same(trained.ToBytes(), maps.ToBytes());
            using Model equal = other.Calibrate(data, fitMaps: true, balanceClasses: false);
            Check.That(!equal.ToBytes().SequenceEqual(trained.ToBytes()), "other maps");
            Check.Fails(Status.NotFound, "it has 'train', 'valid', 'test'",
                        () => trained.Calibrate(data, "dawn"));
            Check.Fails(Status.InvalidArgument, "threads", () => trained.Calibrate(data, threads: 0));
        }

        [Test]
        public static void TrainsStepByStep()
        {
            using Dataset data = Data();
            using Schema schema = data.GetSchema();
            using Batch all = data.ReadAll("train"), held = data.ReadAll("valid");
            using Trainer trainer = NewTrainer(data);
            Check.Fails(Status.State, "", () => trainer.Step(all));
            trainer.Prepare(all);
            TrainStats stats = trainer.Step(all);
            Check.Equal(TrainingPhase.Teacher, stats.Phase);
            Check.Equal(1L, stats.Step);
            Check.Equal(600L, stats.Samples);
            Check.That(stats.Loss > 0 && stats.TaskLoss > 0 && stats.GradientNorm > 0 &&
                       stats.LearningRate > 0, "numbers");
            using (Model teacher = trainer.Snapshot())
                trainer.SetTeacher(teacher);
            trainer.SetPhase(TrainingPhase.Student);
            stats = trainer.Step(all);
            Check.That(stats.EvidenceLoss != 0 && !double.IsNaN(stats.LogitLoss), "the student's losses");
            Check.That(double.IsNaN(stats.Score) || stats.Score == 0, "no score");
            Check.Fails(Status.State, "", () => trainer.SetPhase(TrainingPhase.Teacher));
            trainer.Calibrate(held);
            using Model model = trainer.Snapshot();
            Check.That(model.Temperature(ModalityMask.All) != 1, "calibrated");
            using var folder = new TemporaryFolder();
            trainer.Save(folder.File("checkpoint"));
            using Trainer loaded = Trainer.Load(folder.File("checkpoint"));
            Check.Equal(TrainingPhase.Student, loaded.Phase);
        }

        [Test]
        public static void EpochsTellWhetherThereIsMore()
        {
            using Dataset data = Data();
            using Trainer trainer = NewTrainer(data);
            trainer.Prepare(data);
            TrainStats stats = trainer.Epoch(data);
            Check.Equal(0, stats.Epoch);
            Check.That(stats.GoOn && stats.Score > 0 && stats.BestScore == stats.Score, "more");
            Check.Equal(64, trainer.GetOptions().BatchSize);
        }

        [Test]
        public static void OptionsHaveNamesAndText()
        {
            var options = new TrainerOptions();
            foreach (string name in TrainerOptions.Names)
                options.Set(name, options.Get(name));
            Check.Equal(0.4, options.Dropout);
            Check.Equal(TeacherMode.Frozen, options.Teacher);
            Check.That(options.BalanceClasses && options.Calibrate && !options.FitTrust, "switches");
            Check.Equal("auto", options.Get("epochs"));
            using Dataset data = Data();
            options.Resolve(data);
            Check.Equal(64, options.BatchSize);
            Check.Fails(Status.NotFound, "epoch", () => options.Set("epoch", "1"));
            options.UseRecipe(Recipe.Paper);
            Check.Equal(0.0, options.EvidenceWeight);
            var set = new TrainerOptions
            {
                Teacher = TeacherMode.MovingAverage, Sampling = SamplingMode.Gaussian, TeacherEpochs = 2,
                Epochs = 3, SelectFrom = 1, Patience = 4, BatchSize = 5, TotalSteps = 6,
                BalanceClasses = false, Calibrate = false, FitTrust = true, Threads = 2,
                Schedule = Recipe.Paper, Dropout = 0.125, FrameDrop = 0.25, SigmaScale = 2,
                EmaDecay = 0.5, LogitWeight = 3, UncertaintyWeight = 4, EvidenceWeight = 5,
                EvidenceRegularizer = 0.5, EvidenceRate = 6, LearningRate = 0.25, FinalRate = 0.125,
                WeightDecay = 0.5, GradientClip = 7, Seed = 8,
            };
            using Trainer trainer = NewTrainer(data, set);
            TrainerOptions got = trainer.GetOptions();
            foreach (string name in TrainerOptions.Names)
                Check.Equal(set.Get(name), got.Get(name));
            Check.Equal("ema", got.Get("teacher"));
            Check.Equal("0.125", got.Get("final_rate"));
            Check.Equal(SamplingMode.Gaussian, got.Sampling);
            Check.Equal(7.0, got.GradientClip);
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using Dataset data = Data();
            using Model small = Samples.Model();
            using var trainer = new Trainer(small);
            Check.Fails(Status.InvalidArgument, "visual", () => trainer.Fit(data));
            Check.Fails(Status.InvalidArgument, "dropout",
                        () => NewTrainer(data, new TrainerOptions { Dropout = 2 }));
            using var folder = new TemporaryFolder();
            Check.Fails(Status.IO, "absent", () => Trainer.Load(folder.File("absent")));
            File.WriteAllText(folder.File("text"), "text");
            Check.Fails(Status.Format, "", () => Trainer.Load(folder.File("text")));
            using Trainer other = NewTrainer(data);
            Check.Fails(Status.IO, "", () => other.Fit(data, folder.File("no/folder/checkpoint")));
            Check.Throws<ArgumentNullException>(() => other.Fit(null!));
            other.Dispose();
            Check.Throws<ObjectDisposedException>(() => other.Fit(data));
            Check.Throws<ObjectDisposedException>(() => other.Progress.ToString());
        }

        private sealed class Reports : IProgress<TrainProgress>
        {
            private readonly Action<TrainProgress>? _action;

            public Reports(Action<TrainProgress>? action = null)
            {
                _action = action;
            }

            public TrainProgress? Last { get; private set; }

            public void Report(TrainProgress value)
            {
                Last = value;
                _action?.Invoke(value);
            }
        }
    }
}
