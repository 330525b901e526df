using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Casd.Unity;
using UnityEngine;

namespace Casd.Tests
{
    /// <summary>What a play session does in an application domain of its own.</summary>
    public static class Probe
    {
        private static readonly List<object> Kept = new List<object>(); // as static variables of a game do

        public static int Run(string[] arguments)
        {
            Play(int.Parse(arguments[1]));
            return 0;
        }

        /// <summary>Leaves work in flight and objects open.</summary>
        internal static void Play(int session)
        {
            byte[] bytes = Frames.ModelBytes();
            Player.EnterPlayMode();
            var player = new Player();
            var thing = new GameObject();
            var component = thing.AddComponent<CasdPredictor>();
            Player.Set(component, "model", new TextAsset(bytes));
            player.Enable(component);
            FramePredictor frames = component.Predictor;
            var window = new FrameWindow(frames.Schema, 16);
            for (int i = 0; i < 16; ++i)
            {
                window.Add(0, Frames.Frame(0, i));
                window.Add(1, Frames.Frame(1, i));
            }
            frames.Predict(window, Frames.All);
            frames.TrySubmit(window, Frames.All);
            var other = new FramePredictor(bytes); // never disposed of
            other.TrySubmit(window, Frames.All);
            Kept.Add(other);
            Model model = Model.Load(bytes);
            var predictor = new Predictor(model);
            float[] values = { 1, 2, 3, 4, 5 };
            for (int i = 0; i < 8; ++i)
                predictor.PredictAsync(values, new long[] { 1, 1 }, Frames.All);
            Kept.Add(model);
            if (session % 2 == 0) // Unity disables components before a reload; a crash of a script may not.
                player.End();
        }

        internal static void Forget() => Kept.Clear();
    }

    public static class ReloadTests
    {
        private const int Sessions = 1000;

        [Test]
        public static void DomainReload()
        {
            if (!Settings.Mono)
                throw new NotThereException("application domains");
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            string[] mapped = Mapped();
            long most = 0;
            for (int session = 0; session < Sessions; ++session)
            {
                AppDomain domain = AppDomain.CreateDomain("session " + session);
                domain.ExecuteAssembly(typeof(Probe).Assembly.Location, new[] { "--play", session.ToString() });
                most = Math.Max(most, Library.LiveObjects - objects);
                AppDomain.Unload(domain);
                if (session == 9 || session == Sessions - 1)
                    Frames.NothingIsLeft(objects, bytes);
            }
            Check.That(most >= 4, "objects of a session: " + most);
            Check.Same(mapped, Mapped());
        }

        [Test]
        public static void WithoutDomainReload()
        {
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            for (int session = 0; session < Sessions; ++session)
            {
                Probe.Play(session);
                if (session % 100 == 0)
                    GC.Collect();
            }
            Player.EnterPlayMode(); // ends the threads of the last session
            Check.Equal(0, FrameWorkers.Count);
            Probe.Forget();
            Frames.NothingIsLeft(objects, bytes);
        }

        // Where the native library lies in memory.
        private static string[] Mapped() => File.ReadAllLines("/proc/self/maps")
            .Where(line => line.Contains("libcasd")).Select(line => line.Split('-')[0]).ToArray();
    }
}
