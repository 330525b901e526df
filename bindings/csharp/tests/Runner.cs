#nullable enable
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Casd.Tests
{
    /// <summary>Marks a static method without parameters as a test.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class TestAttribute : Attribute
    {
    }

    /// <summary>Ends a test whose subject does not exist here.</summary>
    public sealed class NotThereException : Exception
    {
        public NotThereException(string what) : base(what)
        {
        }
    }

    /// <summary>What the script that runs the tests passes on.</summary>
    public static class Settings
    {
        public static readonly bool Mono = Type.GetType("Mono.Runtime") != null;

        /// <summary>The repository.</summary>
        public static string Source => Variable("CASD_SOURCE_DIR");

        /// <summary>The build folder, with lib and bin.</summary>
        public static string Build => Variable("CASD_BUILD_DIR");

        /// <summary>What the program casd and the C compiler made for these tests.</summary>
        public static string Expected => Variable("CASD_TEST_DATA");

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name)
            ?? throw new InvalidOperationException(name + " is not set: run bindings/csharp/test");
    }

    public static class Check
    {
        public static void That(bool condition, string what)
        {
            if (!condition)
                throw new Exception("expected: " + what);
        }

        public static void Equal<T>(T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
                throw new Exception($"expected {expected}, got {actual}");
        }

        public static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual)
        {
            T[] a = expected.ToArray(), b = actual.ToArray();
            if (!a.SequenceEqual(b))
                throw new Exception($"expected [{string.Join(", ", a)}], got [{string.Join(", ", b)}]");
        }

        /// <summary>Bit for bit, NaN too.</summary>
        public static void SameBits(float[] expected, float[] actual) =>
            Same(expected.Select(BitConverter.GetBytes).Select(b => BitConverter.ToInt32(b, 0)),
                 actual.Select(BitConverter.GetBytes).Select(b => BitConverter.ToInt32(b, 0)));

        public static void Contains(string part, string text)
        {
            if (text.IndexOf(part, StringComparison.Ordinal) < 0)
                throw new Exception($"'{part}' is not in: {text}");
        }

        public static E Throws<E>(Action action) where E : Exception
        {
            try
            {
                action();
            }
            catch (E error)
            {
                return error;
            }
            throw new Exception("no " + typeof(E).Name);
        }

        /// <summary>Fails with a status and the library's message.</summary>
        public static CasdException Fails(Status status, string message, Action action)
        {
            var error = Throws<CasdException>(action);
            Equal(status, error.Status);
            Contains(message, error.Message);
            return error;
        }
    }

    public static class Runner
    {
        public static int Main(string[] arguments)
        {
            if (arguments.Length > 0 && arguments[0].StartsWith("--", StringComparison.Ordinal))
                return Probe.Run(arguments);
            int passed = 0, failed = 0;
            Console.WriteLine((Settings.Mono ? "Mono, " : ".NET, ") + "runtime " + Environment.Version);
            foreach (MethodInfo test in Tests())
            {
                string name = test.DeclaringType!.Name + "." + test.Name;
                if (arguments.Length > 0 &&
                    !arguments.Any(part => name.IndexOf(part, StringComparison.Ordinal) >= 0))
                    continue;
                var watch = Stopwatch.StartNew();
                try
                {
                    test.Invoke(null, null);
                    ++passed;
                    Console.WriteLine($"ok    {name} ({watch.ElapsedMilliseconds} ms)");
                }
                catch (TargetInvocationException error)
                    when (error.InnerException is NotThereException missing)
                {
                    Console.WriteLine($"skip  {name}: not there: {missing.Message}");
                }
                catch (TargetInvocationException error)
                {
                    ++failed;
                    Console.WriteLine($"FAIL  {name}: {error.InnerException}");
                }
            }
            Console.WriteLine($"{passed} passed, {failed} failed");
            return failed == 0 && passed > 0 ? 0 : 1;
        }

        private static IEnumerable<MethodInfo> Tests() =>
            from type in Assembly.GetExecutingAssembly().GetTypes()
            orderby type.Name
            from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static)
            where method.GetCustomAttribute<TestAttribute>() != null
            select method;
    }

    /// <summary>Makes a test's own folder and removes it.</summary>
    public sealed class TemporaryFolder : IDisposable
    {
        public TemporaryFolder(string name = "casd")
        {
            Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(),
                                          name + "-" + Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(Path);
        }

        public string Path { get; }

        public string File(string name) => System.IO.Path.Combine(Path, name);

        public void Dispose() => Directory.Delete(Path, true);
    }
}
