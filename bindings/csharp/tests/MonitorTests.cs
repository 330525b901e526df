#nullable enable
using System.Linq;

namespace Casd.Tests
{
    public static class MonitorTests
    {
        private static Dataset Data() =>
            Dataset.Synthetic(new SyntheticOptions { TrainSamples = 64, ValidSamples = 100, TestSamples = 0 });

        private static Model Trained(Dataset data)
        {
            using Schema schema = data.GetSchema();
            using var fresh = new Model(schema, new ModelOptions { Hidden = 8, Layers = 1, Seed = 7 });
            using var trainer =
                new Trainer(fresh, new TrainerOptions { TeacherEpochs = 1, Epochs = 1, Seed = 7 });
            trainer.Fit(data);
            return trainer.Snapshot();
        }

        [Test]
        public static void OtherModalitiesRaiseAnAlarm()
        {
            using Dataset data = Data();
            using Model model = Trained(data);
            using Batch samples = data.ReadAll("valid");
            using Schema schema = model.GetSchema();
            using var predictor = new Predictor(model);
            using Prediction all = predictor.Predict(samples);
            using Prediction audio = predictor.Predict(samples, schema.Mask("audio"));
            using var monitor = new PredictionMonitor(model);
            Check.That(!monitor.Add(all), "samples like the held-out ones");
            Check.Equal(100L, monitor.State.Samples);
            Check.Equal(0L, monitor.State.Alarms);
            for (int i = 0; i < 5; ++i)
                monitor.Add(audio);
            MonitorState state = monitor.State;
            Check.That(state.Alarms > 0 && state.LastAlarm > 100, "an alarm");
            Check.Equal(MonitorSubject.Modalities, state.AlarmSubject);
            Check.Equal(-1, state.AlarmModality);
            Check.That(state.Evidence >= 0 && state.Evidence <= 1, "evidence");
        }

        [Test]
        public static void SetsAndAbstention()
        {
            using Dataset data = Data();
            using Model model = Trained(data);
            using Batch samples = data.ReadAll("valid");
            var options = new PredictorOptions();
            Check.Equal(0.9, options.Coverage);
            Check.Equal(0.0, options.ErrorRate);
            options.Coverage = 0.999;
            options.ErrorRate = 0.0001;
            using var predictor = new Predictor(model, options);
            using Prediction result = predictor.Predict(samples);
            Check.That(result.ToArray(Field.PredictionSet).All(value => value == 1), "all classes");
            Check.That(result.ToArray(Field.Abstain).All(value => value == 1), "no decision");
        }
    }
}
