#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Casd.Tests
{
    /// <summary>The assembly against the C headers.</summary>
    public static class StructureTests
    {
        private static readonly Assembly Library = typeof(Casd.Library).Assembly;

        [Test]
        public static void StructsHaveTheLayoutOfTheHeaders()
        {
            string locks = File.ReadAllText(Path.Combine(Settings.Source, "tests/abi/layout.c"));
            int compared = 0;
            foreach (Match match in Regex.Matches(locks, @"^LOCK\(casd_(\w+), (\w+), (\w+)( \*)?, (\d+)\);",
                                                  RegexOptions.Multiline))
            {
                string name = string.Concat(match.Groups[1].Value.Split('_').Select(
                    word => char.ToUpperInvariant(word[0]) + word.Substring(1))) + "Data";
                Type type = Library.GetType("Casd." + name, true)!;
                string field = match.Groups[2].Value;
                Check.Equal(int.Parse(match.Groups[5].Value), (int)Marshal.OffsetOf(type, field));
                if (match.Groups[4].Length == 0)
                {
                    Type declared = type.GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!
                        .FieldType;
                    Check.Equal(CSharpType(match.Groups[3].Value), declared);
                }
                ++compared;
            }
            Check.That(compared > 90, "fields compared: " + compared);
        }

        private static Type CSharpType(string type) => type switch
        {
            "int32_t" => typeof(int),
            "uint32_t" => typeof(uint),
            "int64_t" => typeof(long),
            "uint64_t" => typeof(ulong),
            "double" => typeof(double),
            _ => throw new Exception("type " + type),
        };

        [Test]
        public static void EveryFunctionIsImported()
        {
            var exported = File.ReadAllLines(Path.Combine(Settings.Source, "tests/abi/symbols.txt"))
                .Where(line => line.StartsWith("casd_", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0]);
            var imported = new HashSet<string>(
                ReversePInvoke.Imports(Library).Where(m => ReversePInvoke.Import(m)!.Value == "casd")
                    .Select(m => ReversePInvoke.Import(m)!.EntryPoint ?? m.Name));
            // Passes the host's function to the library.
            imported.Add("casd_set_parallel_for");
            Check.Same(exported.OrderBy(n => n, StringComparer.Ordinal),
                       imported.OrderBy(n => n, StringComparer.Ordinal));
        }

        [Test]
        public static void EveryConstantHasItsEnumeration()
        {
            // Names differ in style, so values are counted: an enumeration that lacks a new value fails.
            var constants = Library.GetType("Casd.NativeMethods", true)!
                .GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(f => f.IsLiteral && f.FieldType == typeof(int) && f.Name != "CASD_MAX_MODALITIES");
            int values = Library.GetExportedTypes().Where(t => t.IsEnum)
                .Sum(t => Enum.GetNames(t).Length);
            Check.Equal(constants.Count(), values);
        }

        [Test]
        public static void NoFunctionOfTheLibraryCallsBack()
        {
            Check.Same(new string[0], ReversePInvoke.Scan(Library));
        }

        [Test]
        public static void TheScanFindsWhatItLooksFor()
        {
            string[] found = ReversePInvoke.Scan(typeof(StructureTests).Assembly).ToArray();
            Check.Equal(3, found.Length);
            Check.Contains("ImportWithDelegate", string.Join("\n", found));
            Check.Contains("ImportWithStruct", string.Join("\n", found));
            Check.Contains("PassesAPointer", string.Join("\n", found));
        }

        // What the scan must find; never called.
        private static class Examples
        {
            internal delegate void Callback();

            internal struct Table
            {
                internal Callback? Function;

                internal Table(Callback function)
                {
                    Function = function;
                }
            }

            [DllImport("absent")]
            internal static extern void ImportWithDelegate(Callback callback);

            [DllImport("absent")]
            internal static extern void ImportWithStruct(ref Table table);

            internal static IntPtr PassesAPointer(Callback callback) =>
                Marshal.GetFunctionPointerForDelegate(callback);
        }
    }
}
