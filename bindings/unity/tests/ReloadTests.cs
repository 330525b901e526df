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
            AppDomain domain = AppDomain.CurrentDomain;
            bool busy = Play(int.Parse(arguments[1]), (byte[])domain.GetData("model"),
                             (byte[])domain.GetData("slow model"));
            domain.SetData("busy", busy);
            return 0;
        }

        /// <summary>Leaves work in flight and objects open. true: one is being computed.</summary>
        internal static bool Play(int session, byte[] bytes, byte[] slow)
        {
            Player.EnterPlayMode();
            var player = new Player();
            var thing = new GameObject();
            var component = thing.AddComponent<CasdPredictor>();
            Player.Set(component, "model", new TextAsset(bytes));
            player.Enable(component);
            FramePredictor frames = component.Predictor;
            var window = new FrameWindow(frames.Schema, 200);
            float[] words = Frames.Frame(0, 1), voice = Frames.Frame(1, 1);
            for (int i = 0; i < 200; ++i)
            {
                window.Add(0, words);
                window.Add(1, voice);
            }
            frames.Predict(window, Frames.All);
            frames.TrySubmit(window, Frames.All);
            var other = new FramePredictor(slow); // never disposed of
            Kept.Add(other);
            Model model = Model.Load(bytes);
            var predictor = new Predictor(model);
            float[] values = { 1, 2, 3, 4, 5 };
            for (int i = 0; i < 8; ++i)
                predictor.PredictAsync(values, new long[] { 1, 1 }, Frames.All);
            Kept.Add(model);
            // The last thing, and again where it was over before it was seen: a machine may be busy itself.
            bool busy = false;
            for (int i = 0; i < 100 && !busy; ++i)
            {
                other.Poll();
                other.TrySubmit(window, Frames.All);
                busy = other.Busy;
            }
            if (session % 2 == 0) // Unity disables components before a reload; a crash of a script may not.
                player.End();
            return busy;
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
            byte[] model = Frames.ModelBytes(), slow = Frames.SlowModelBytes();
            long most = 0;
            int busy = 0;
            // Of the 1,000, those of this process.
            int sessions = int.Parse(Environment.GetEnvironmentVariable("CASD_TEST_RELOADS") ?? "1000");
            for (int session = 0; session < sessions; ++session)
            {
                AppDomain domain = AppDomain.CreateDomain("session " + session);
                domain.SetData("model", model);
                domain.SetData("slow model", slow);
                domain.ExecuteAssembly(typeof(Probe).Assembly.Location, new[] { "--play", session.ToString() });
                most = Math.Max(most, Library.LiveObjects - objects);
                busy += (bool)domain.GetData("busy") ? 1 : 0;
                AppDomain.Unload(domain);
                if (session == 9 || session == sessions - 1)
                    Frames.NothingIsLeft(objects, bytes);
            }
            Console.WriteLine($"      {sessions} reloads, {busy} of them during a prediction");
            Check.That(busy > 0, "a prediction in flight");
            Check.That(most >= 4, "objects of a session: " + most);
            Check.Same(mapped, Mapped());
        }

        [Test]
        public static void WithoutDomainReload()
        {
            long objects = Library.LiveObjects, bytes = Library.LiveBytes;
            byte[] model = Frames.ModelBytes();
            for (int session = 0; session < Sessions; ++session)
            {
                Probe.Play(session, model, model);
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
