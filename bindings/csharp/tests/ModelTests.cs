#nullable enable
using System;
using System.IO;
using System.Linq;

namespace Casd.Tests
{
    public static class ModelTests
    {
        [Test]
        public static void SavesAndLoadsTheSameBytes()
        {
            using var folder = new TemporaryFolder("casd-\u00fc");
            using Model model = Samples.Model();
            string path = folder.File("mood.casd");
            model.Save(path);
            byte[] bytes = model.ToBytes();
            Check.Same(File.ReadAllBytes(path), bytes);
            using Model loaded = Model.Load(path);
            Check.Same(bytes, loaded.ToBytes());
            using Model fromMemory = Model.Load(bytes);
            Check.Same(bytes, fromMemory.ToBytes());
#if NETSTANDARD2_1
            using Model fromSpan = Model.Load(new ReadOnlySpan<byte>(bytes));
            Check.Same(bytes, fromSpan.ToBytes());
#endif
        }

        [Test]
        public static void Describes()
        {
            using Model model = Samples.Model();
            Check.That(model.ParameterCount > 100, "parameters");
            Check.Contains("\"parameters\":" + model.ParameterCount, model.Info.Replace(" ", ""));
            using Schema schema = model.GetSchema();
            Check.Same(new[] { "language", "audio" }, schema.Modalities);
            ModelOptions options = model.GetOptions();
            Check.Equal(8, options.Hidden);
            Check.Equal(1, options.Layers);
            Check.Equal(16, options.MaxSteps);
            Check.Equal(0ul, options.Seed);
            Check.Equal(1.0, model.Temperature(ModalityMask.All));
            Check.Fails(Status.InvalidArgument, "", () => model.Temperature(new ModalityMask(0)));
        }

        [Test]
        public static void KeepsUserValues()
        {
            using Model model = Samples.Model();
            Check.Equal(null, model.UserValue("user.extractor"));
            using Model named = model.WithUserValue("user.extractor", "version \u2463");
            Check.Equal("version \u2463", named.UserValue("user.extractor"));
            Check.Same(new[] { "user.extractor" }, named.UserValues.Keys);
            Check.Equal("version \u2463", named.UserValues["user.extractor"]);
            using Model removed = named.WithUserValue("user.extractor", null);
            Check.Equal(0, removed.UserValues.Count);
            Check.Fails(Status.InvalidArgument, "user.", () => model.WithUserValue("key", "x"));
        }

        [Test]
        public static void OptionsHaveNamesAndText()
        {
            var options = new ModelOptions();
            Check.Equal(40, options.Hidden);
            Check.Equal(2, options.FeedForwardFactor);
            Check.Equal(1.25, options.AlphaMin);
            Check.Equal(FusionWeighting.ExcessDegreesOfFreedom, options.Weights);
            options.Set("hidden", "64");
            options.Set("absent", "zeros");
            Check.Equal(64, options.Hidden);
            Check.Equal(AbsentPolicy.Zeros, options.Absent);
            Check.Equal("zeros", options.Get("absent"));
            Check.That(ModelOptions.Names.Contains("fused_variance"), "names");
            foreach (string name in ModelOptions.Names)
                options.Set(name, options.Get(name));
            Check.Fails(Status.NotFound, "hiden", () => options.Set("hiden", "1"));
            Check.Fails(Status.InvalidArgument, "", () => options.Set("hidden", "many"));
            Check.Fails(Status.NotFound, "hiden", () => options.Get("hiden"));
            options.UsePreset(Preset.Reference);
            Check.Equal(10, options.Heads);
            Check.Equal(4, options.FeedForwardFactor);
            options.UseRecipe(Recipe.Paper);
            Check.Equal("zeros", options.Get("absent"));
            Check.Fails(Status.InvalidArgument, "", () => options.UsePreset((Preset)7));
            Check.Fails(Status.InvalidArgument, "", () => options.UseRecipe((Recipe)7));
        }

        [Test]
        public static void EveryOptionReachesTheLibrary()
        {
            using Schema schema = Samples.Schema();
            var options = new ModelOptions
            {
                Hidden = 12, Layers = 3, Heads = 3, FeedForwardFactor = 5,
                Pooling = Pooling.Mean, Absent = AbsentPolicy.Zeros, Weights = FusionWeighting.Precision,
                FusedVariance = FusedVariance.Mean, MaxSteps = 33, InputClip = 4.5, DeltaMin = 0.125,
                DeltaMax = 19, AlphaMin = 1.5, AlphaMax = 18, BetaMin = 0.25, Seed = 3,
            };
            using var model = new Model(schema, options);
            ModelOptions got = model.GetOptions();
            Check.Equal(12 * 5, got.FeedForward); // A model keeps the width itself.
            foreach (string name in ModelOptions.Names.Where(
                         n => n != "seed" && n.IndexOf("feed_forward", StringComparison.Ordinal) < 0))
                Check.Equal(options.Get(name), got.Get(name));
            options.FeedForward = 17;
            using var other = new Model(schema, options);
            Check.Equal(17, other.GetOptions().FeedForward);
            Check.Equal(0.125, got.DeltaMin);
            Check.Equal(Pooling.Mean, got.Pooling);
            Check.Equal(FusedVariance.Mean, got.FusedVariance);
        }

        [Test]
        public static void FailsWithTheMessageOfTheLibrary()
        {
            using var folder = new TemporaryFolder();
            using var empty = new Schema();
            Check.Fails(Status.InvalidArgument, "modality", () => new Model(empty));
            using Schema schema = Samples.Schema();
            Check.Fails(Status.InvalidArgument, "heads",
                        () => new Model(schema, new ModelOptions { Hidden = 7, Heads = 2 }));
            Check.Fails(Status.IO, folder.File("absent"), () => Model.Load(folder.File("absent")));
            Check.Fails(Status.Format, "", () => Model.Load(new byte[] { 1, 2, 3 }));
            Check.Fails(Status.Format, "", () => Model.Load(new byte[0]));
            using Model model = Samples.Model();
            Check.Fails(Status.IO, "", () => model.Save(folder.File("no/folder/x.casd")));
            Check.Throws<ArgumentNullException>(() => Model.Load((string)null!));
            Check.Throws<ArgumentNullException>(() => new Model(null!));
            model.Dispose();
            Check.Throws<ObjectDisposedException>(() => model.ToBytes());
            Check.Throws<ObjectDisposedException>(() => model.Info.ToString());
            Check.Throws<ObjectDisposedException>(() => new Predictor(model));
        }
    }
}
