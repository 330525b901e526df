#nullable enable
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Casd.Tests
{
    /// <summary>What a fresh process does: prints one line, "ok PATH" or "failed MESSAGE".</summary>
    public static class Probe
    {
        public static int Run(string[] arguments)
        {
            try
            {
                switch (arguments[0])
                {
                    case "--load":
                        Library.Load(arguments.Length > 1 ? arguments[1] : null);
                        break;
                    case "--use":
                        Samples.Model().Dispose();
                        break;
                    case "--retry":
                        Check.Throws<CasdLoadException>(() => new Schema());
                        Check.Throws<CasdLoadException>(() => Model.Load("x"));
                        Library.Load(arguments[1]);
                        Samples.Model().Dispose();
                        break;
                    case "--train":
                        using (Model model = Samples.Model())
                            new Trainer(model, new TrainerOptions { Engine = EngineChoice.Torch }).Dispose();
                        break;
                    default:
                        throw new ArgumentException(arguments[0]);
                }
                Console.WriteLine("ok " + Library.Load());
                return 0;
            }
            catch (Exception error)
            {
                Console.WriteLine($"failed {error.GetType().Name}: {error.Message}");
                return 1;
            }
        }
    }

    /// <summary>Where the native library is found, each case in a process of its own.</summary>
    public static class LoadingTests
    {
        private static string Native => Path.Combine(Settings.Build, "lib", "libcasd.so.2");

        /// <summary>A folder with the program and the assembly, and nothing else.</summary>
        private sealed class Installation : IDisposable
        {
            private readonly TemporaryFolder _folder;

            internal Installation(string name = "casd")
            {
                _folder = new TemporaryFolder(name);
                foreach (string file in Directory.GetFiles(AppContext.BaseDirectory))
                    if (new[] { ".dll", ".exe", ".json" }.Contains(Path.GetExtension(file)))
                        File.Copy(file, _folder.File(Path.GetFileName(file)));
            }

            internal string File_(string name) => _folder.File(name);

            internal string CopyNative(string folder, string name = "libcasd.so.2")
            {
                Directory.CreateDirectory(File_(folder));
                string path = Path.GetFullPath(Path.Combine(File_(folder), name));
                File.Copy(Native, path);
                return path;
            }

            internal string Run(string arguments, params (string, string)[] variables)
            {
                var start = new ProcessStartInfo
                {
                    FileName = Process.GetCurrentProcess().MainModule!.FileName!,
                    Arguments = (Settings.Mono ? "" : "exec ") +
                                $"\"{File_("CasdTests.exe")}\" {arguments}",
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                    WorkingDirectory = Path.GetTempPath(),
                };
                foreach (string name in new[] { "CASD_LIBRARY_PATH", "CASD_PLUGIN_PATH", "LD_LIBRARY_PATH" })
                    start.Environment.Remove(name);
                foreach ((string name, string value) in variables)
                    start.Environment[name] = value;
                using Process process = Process.Start(start)!;
                string output = process.StandardOutput.ReadToEnd().Trim();
                process.WaitForExit();
                return output;
            }

            public void Dispose() => _folder.Dispose();
        }

        private static void Fails(string output, params string[] parts)
        {
            Check.Contains("failed CasdLoadException: ", output);
            Check.Equal(1, output.Split('\n').Length);
            foreach (string part in parts)
                Check.Contains(part, output);
        }

        [Test]
        public static void IsFoundInEachPlace()
        {
            using var app = new Installation("casd \u00e4\u65e5");
            Fails(app.Run("--use"), "libcasd was not found", "native", "No such file",
                  "set CASD_LIBRARY_PATH");
            string packaged = app.CopyNative(Path.Combine("runtimes", "linux-x64", "native"));
            Check.Equal("ok " + packaged, app.Run("--use"));
            File.Delete(packaged);
            string beside = app.CopyNative(".", "libcasd.so");
            Check.Equal("ok " + beside, app.Run("--use"));
            // A file that was asked for comes first.
            string other = app.CopyNative("other");
            Check.Equal("ok " + other, app.Run("--use", ("CASD_LIBRARY_PATH", other)));
            Check.Equal("ok " + other, app.Run("--use", ("CASD_LIBRARY_PATH", app.File_("other"))));
            Check.Equal("ok " + other, app.Run($"--load \"{other}\"", ("CASD_LIBRARY_PATH", "/absent")));
            // A foreign library in the system's path is not looked at.
            File.Copy(Path.Combine(Settings.Expected, "libforeign.so"),
                      Path.Combine(Directory.CreateDirectory(app.File_("foreign")).FullName, "libcasd.so.2"));
            Check.Equal("ok " + beside, app.Run("--use", ("LD_LIBRARY_PATH", app.File_("foreign"))));
            File.Delete(beside);
            Check.Equal("ok libcasd.so.2", app.Run("--use", ("LD_LIBRARY_PATH", app.File_("other"))));
        }

        [Test]
        public static void AFailureSaysPathReasonAndRemedy()
        {
            using var app = new Installation();
            string foreign = Path.Combine(Settings.Expected, "libforeign.so");
            string old = Path.Combine(Settings.Expected, "libold.so");
            string incomplete = Path.Combine(Settings.Expected, "libincomplete.so");
            string text = app.File_("text.so");
            File.WriteAllText(text, "text");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", "/absent")), "'/absent'", "no such file", "Set it to");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", "/usr")), "'/usr'", "libcasd.so.2");
            Fails(app.Run("--load /absent"), "Library.Load", "'/absent'");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", text)), text, "file too short", "set CASD_LIBRARY_PATH");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", foreign)), foreign, "another library",
                  "set CASD_LIBRARY_PATH");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", old)), old, "ABI version 1", "needs 2",
                  "set CASD_LIBRARY_PATH");
            Fails(app.Run("--use", ("CASD_LIBRARY_PATH", incomplete)), incomplete, "libabsent.so");
            Fails(app.Run("--use", ("LD_LIBRARY_PATH", FolderOf(app, old))), "ABI version 1");
            // A failure can be corrected in the same process.
            Check.Equal("ok " + Native, app.Run($"--retry \"{Native}\""));
        }

        // A folder in which a library has libcasd's name.
        private static string FolderOf(Installation app, string library)
        {
            string folder = Directory.CreateDirectory(app.File_("old")).FullName;
            File.Copy(library, Path.Combine(folder, "libcasd.so.2"));
            return folder;
        }

        [Test]
        public static void AMissingPlugInIsReportedWithEachPath()
        {
            using var app = new Installation();
            string native = app.CopyNative(".");
            string output = app.Run("--train");
            Check.Contains("failed CasdException", output);
            Check.Contains(Path.Combine(Path.GetDirectoryName(native)!, "libcasd_torch.so"), output);
            Check.Contains("ok", app.Run("--train", ("CASD_PLUGIN_PATH", Path.Combine(Settings.Build, "lib"))));
        }

        [Test]
        public static void TwoLoadContextsHaveTheirOwnLibraries()
        {
            Type? type = Type.GetType("System.Runtime.Loader.AssemblyLoadContext, System.Runtime.Loader");
            if (type == null || Settings.Mono)
                throw new NotThereException("AssemblyLoadContext");
            using var app = new Installation();
            string native = app.CopyNative("second");
            object context = Activator.CreateInstance(type, "second", false)!;
            var second = (Assembly)type.GetMethod("LoadFromAssemblyPath")!
                .Invoke(context, new object[] { app.File_("Casd.dll") })!;
            Type library = second.GetType("Casd.Library", true)!;
            Check.That(library != typeof(Library), "another assembly");
            Check.Equal(native, library.GetMethod("Load")!.Invoke(null, new object[] { native }));
            Check.That(Library.Load() != native, "another file");
            long here = Library.LiveObjects;
            PropertyInfo live = library.GetProperty("LiveObjects")!;
            Check.Equal(0L, live.GetValue(null));
            using var schema = (IDisposable)Activator.CreateInstance(second.GetType("Casd.Schema", true)!)!;
            Check.Equal(1L, live.GetValue(null));
            Check.Equal(here, Library.LiveObjects);
        }
    }
}
