using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using Casd.Unity;
using UnityEngine;

namespace Casd.Tests
{
    /// <summary>The components, the sample and the code of docs/unity.md.</summary>
    public static class ComponentTests
    {
        private static (Player, CasdPredictor, GameObject) Start(string field, object value)
        {
            var player = new Player();
            var thing = new GameObject();
            var component = thing.AddComponent<CasdPredictor>();
            Player.Set(component, field, value);
            Debug.Errors.Clear();
            player.Enable(component);
            return (player, component, thing);
        }

        [Test]
        public static void LoadsATextAsset()
        {
            long objects = Library.LiveObjects;
            (Player player, CasdPredictor component, _) = Start("model", new TextAsset(Frames.ModelBytes()));
            Check.Equal("", component.Error);
            Check.Equal(2, component.Predictor.Schema.ModalityCount);
            FramePredictor first = component.Predictor;
            component.SetModel(new TextAsset(Frames.ModelBytes()));
            Check.That(first != component.Predictor, "another predictor");
            Check.Throws<ObjectDisposedException>(() => first.Poll());
            player.End();
            Check.That(component.Predictor == null, "closed");
            Check.Equal(objects, Library.LiveObjects);
        }

        [Test]
        public static void LoadsFromStreamingAssets()
        {
            using var folder = new TemporaryFolder();
            File.WriteAllBytes(folder.File("mood.casd"), Frames.ModelBytes());
            // A folder, and Android's address of a file within its package.
            foreach (string prefix in new[] { "", "jar:file://" })
            {
                Application.streamingAssetsPath = prefix + folder.Path;
                (Player player, CasdPredictor component, _) = Start("streamingAsset", "mood.casd");
                Check.Equal("", component.Error);
                Check.That(component.Predictor != null, "loaded");
                player.End();
                (player, component, _) = Start("streamingAsset", "absent.casd");
                Check.Contains("absent.casd cannot be read: ", component.Error);
                Check.Equal(component.Error, Debug.Errors.Single());
                player.End();
            }
        }

        [Test]
        public static void ReportsWhatCannotBeLoaded()
        {
            (Player player, CasdPredictor component, _) = Start("model", new TextAsset(new byte[64]));
            Check.That(component.Predictor == null && component.Error.Length > 0, "an error");
            Check.Equal(component.Error, Debug.Errors.Single());
            player.End();
            (player, component, _) = Start("streamingAsset", "");
            Check.Contains("neither", component.Error);
            player.End();
        }

        [Test]
        public static void TheSampleShowsAModalityThatDisappears()
        {
            (Player player, CasdPredictor component, GameObject thing) =
                Start("model", new TextAsset(Frames.ModelBytes()));
            var sample = thing.AddComponent<AffectSensing>();
            player.Enable(sample);
            void Show(Func<string, bool> expected, string what)
            {
                for (int i = 0; i < 5000; ++i)
                {
                    GUILayout.Shown.Clear();
                    player.Frame();
                    if (GUILayout.Shown.Any(expected))
                        return;
                    Thread.Sleep(1);
                }
                throw new Exception($"not shown: {what}; but: {string.Join("; ", GUILayout.Shown)}");
            }
            Show(line => line.StartsWith("positive: 0.", StringComparison.Ordinal), "probability");
            Show(line => line.StartsWith("audio: weight 0.", StringComparison.Ordinal), "audio");
            sample.Connect(1, false);
            Show(line => line.StartsWith("audio: weight NaN", StringComparison.Ordinal), "audio is missing");
            Show(line => line.StartsWith("language: weight 1.00", StringComparison.Ordinal), "language alone");
            sample.Connect(0, false);
            Show(line => line == "no sensor", "no sensor");
            sample.Connect(1, true);
            Show(line => line.StartsWith("audio: weight 1.00", StringComparison.Ordinal), "audio alone");
            player.End();
            player.Enable(component); // again, as after a domain reload: the sample notices
            player.Enable(sample);
            Show(line => line.StartsWith("audio: weight 0.", StringComparison.Ordinal), "audio again");
            player.End();
        }

        [Test]
        public static void TheCodeOfTheDocumentationRuns()
        {
            var model = new TextAsset(File.ReadAllBytes(Path.Combine(Settings.Expected, "mood.casd")));
            (Player player, _, GameObject thing) = Start("model", model);
            var first = thing.AddComponent<Documentation.FirstPrediction>();
            first.model = model;
            var mood = thing.AddComponent<Documentation.Mood>();
            player.Enable(first, mood);
            for (int i = 0; i < 5000 && mood.Positive == 0; ++i)
            {
                player.Frame();
                Thread.Sleep(1);
            }
            Check.That(mood.Positive > 0 && mood.Positive < 1, "a probability: " + mood.Positive);
            player.End();
            Check.Equal(2, typeof(Documentation.Mood).Assembly.GetTypes()
                .Count(t => t.Namespace == "Documentation" && typeof(MonoBehaviour).IsAssignableFrom(t)));
        }

        [Test]
        public static void NativeCodeCannotCallManagedCode()
        {
            Assembly[] assemblies = { typeof(CasdPredictor).Assembly, typeof(AffectSensing).Assembly };
            foreach (Assembly assembly in assemblies)
                Check.Same(new string[0], ReversePInvoke.Scan(assembly));
            Check.That(ReversePInvoke.Imports(assemblies[0]).Count() > 80, "the binding is part of the assembly");
        }
    }
}
