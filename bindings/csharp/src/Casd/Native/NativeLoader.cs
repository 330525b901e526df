#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>
    /// Finds and loads libcasd, checks its ABI version, and makes the P/Invoke methods use it.
    /// Searched are, in this order: the path given to <see cref="Library.Load"/>, the environment
    /// variable CASD_LIBRARY_PATH, the folders of <see cref="NativeFolders"/>, the system's own search
    /// path, and last whatever the runtime itself finds for the name "casd". The first file that
    /// exists is taken; if it does not fit, that is an error.
    /// </summary>
    internal static class NativeLoader
    {
        internal const string PathVariable = "CASD_LIBRARY_PATH";
        internal const uint AbiVersion = 2;

        private static readonly object Gate = new object();
        private static volatile bool _loaded;
        private static string _path = "";

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate uint VersionFunction();

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate IntPtr TextFunction();

        /// <summary>Loads the library if that was not done. A failure is reported at each call.</summary>
        internal static void EnsureLoaded()
        {
            if (!_loaded)
                Load(null);
        }

        internal static string Load(string? path)
        {
            lock (Gate)
            {
                if (_loaded)
                    return _path;
                string? variable = Environment.GetEnvironmentVariable(PathVariable);
                if (!string.IsNullOrEmpty(path))
                    LoadFile(Resolve(path!, "The path given to Library.Load()"));
                else if (!string.IsNullOrEmpty(variable))
                    LoadFile(Resolve(variable!, PathVariable));
                else
                    LoadFound();
                _loaded = true;
                return _path;
            }
        }

        private static string Resolve(string path, string origin)
        {
            if (File.Exists(path))
                return Path.GetFullPath(path);
            if (!Directory.Exists(path))
                throw new CasdLoadException($"{origin} is '{path}': there is no such file or folder. " +
                                            "Set it to libcasd or to the folder that it is in.");
            foreach (string name in NativeFolders.FileNames)
                if (File.Exists(Path.Combine(path, name)))
                    return Path.GetFullPath(Path.Combine(path, name));
            throw new CasdLoadException($"{origin} is '{path}': the folder has no file named " +
                                        string.Join(" or ", NativeFolders.FileNames) +
                                        ". Set it to libcasd or to the folder that it is in.");
        }

        private static void LoadFound()
        {
#if UNITY_5_3_OR_NEWER
            // Unity imports the plug-ins of a package itself and knows where they lie on each platform.
            LetRuntimeFind("Searched were the plug-ins of the Unity project",
                           "Enable libcasd for this platform in the import settings of the package's " +
                           "folder Plugins");
#else
            var searched = new List<string>();
            foreach (string folder in NativeFolders.All())
            {
                foreach (string name in NativeFolders.FileNames)
                {
                    string file = Path.Combine(folder, name);
                    if (File.Exists(file))
                    {
                        LoadFile(file);
                        return;
                    }
                }
                searched.Add(folder);
            }
            // The names of libcasd in the system's own search path; the one with the ABI version first.
            string reasons = "";
            foreach (string name in NativeFolders.FileNames)
            {
                IntPtr library = DynamicLoader.Open(name, out string reason);
                if (library == IntPtr.Zero)
                {
                    reasons += (reasons.Length > 0 ? "; " : "") + reason;
                    continue;
                }
                Use(library, name);
                return;
            }
            LetRuntimeFind($"Searched were {string.Join(", ", searched)} and the system's search path " +
                           $"({reasons})", "Put it beside the assembly");
#endif
        }

        private static void LoadFile(string file)
        {
            IntPtr library = DynamicLoader.Open(file, out string reason);
            if (library == IntPtr.Zero)
            {
                string hint = reason.Contains("failed to map segment")
                    ? " (is the file system mounted with noexec?)" : "";
                throw new CasdLoadException(
                    $"{file} could not be loaded: {reason}{hint}. Install what it needs, or set " +
                    $"{PathVariable} to a libcasd for this system.");
            }
            Use(library, file);
        }

        private static void Use(IntPtr library, string file)
        {
            CheckVersion(library, file);
            Redirection.Install(library, file);
            CheckRuntime(library, file);
            _path = file;
        }

        /// <summary>Checks a library before any other of its functions is called.</summary>
        private static void CheckVersion(IntPtr library, string file)
        {
            IntPtr function = DynamicLoader.Find(library, "casd_abi_version");
            if (function == IntPtr.Zero)
                throw Foreign(file, null);
            RequireVersion(Marshal.GetDelegateForFunctionPointer<VersionFunction>(function)(), file);
        }

        // Mono binds an imported function when it compiles the method that calls it, and keeps a failure.
        // So the two methods below are not part of their callers, and call different functions.

        /// <summary>Checks that the P/Invoke methods call the library that was opened.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void CheckRuntime(IntPtr library, string file)
        {
            try
            {
                // The text is a constant of the library, so that its address tells which one is called.
                IntPtr function = DynamicLoader.Find(library, "casd_version_string");
                if (function == IntPtr.Zero ||
                    Marshal.GetDelegateForFunctionPointer<TextFunction>(function)() !=
                    NativeImports.casd_version_string())
                    throw new CasdLoadException(
                        $"{file} was loaded, but the process uses another libcasd already, and this " +
                        "runtime has one for the process. Name the same file, or use another process.");
            }
            catch (Exception error) when (!(error is CasdLoadException) &&
                                          (error is DllNotFoundException ||
                                           error is EntryPointNotFoundException))
            {
                throw new CasdLoadException(
                    $"{file} was loaded, but the runtime does not use it: {error.Message}. Put libcasd " +
                    "where the runtime finds it under the name casd.", error);
            }
        }

        /// <summary>Where the binding finds no library, the runtime may (Unity, IL2CPP).</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void LetRuntimeFind(string searched, string remedy)
        {
            const string name = "casd";
            try
            {
                RequireVersion(NativeImports.casd_abi_version(), name);
                _path = name;
            }
            catch (EntryPointNotFoundException error)
            {
                throw Foreign(name, error);
            }
            catch (DllNotFoundException error) when (!(error is CasdLoadException))
            {
                throw new CasdLoadException(
                    $"libcasd was not found. {searched}{Reason(error)}. {remedy}, or set {PathVariable} to " +
                    "it.", error);
            }
        }

        // In Unity the runtime's message is the only one that there is; it may have several lines.
        private static string Reason(DllNotFoundException error) =>
#if UNITY_5_3_OR_NEWER
            $" ({error.Message.Trim().Replace("\n", "; ")})";
#else
            "";
#endif

        private static void RequireVersion(uint version, string file)
        {
            if (version != AbiVersion)
                throw new CasdLoadException(
                    $"{file} has ABI version {version}, but this assembly needs {AbiVersion}. Use the " +
                    $"libcasd that was released with it, or set {PathVariable} to that.");
        }

        private static CasdLoadException Foreign(string file, Exception? inner) =>
            new CasdLoadException(
                $"{file} is another library of that name: it has no function casd_abi_version. " +
                $"Remove it, or set {PathVariable} to libcasd.", inner);
    }

    /// <summary>Where libcasd may lie, and under which names.</summary>
    internal static class NativeFolders
    {
        internal static readonly string[] FileNames =
            RuntimeInformation.IsOSPlatform(OSPlatform.Windows)
                ? new[] { "casd.dll", "libcasd-2.dll", "libcasd.dll" }
                : RuntimeInformation.IsOSPlatform(OSPlatform.OSX)
                    ? new[] { "libcasd.2.dylib", "libcasd.dylib" }
                    : new[] { "libcasd.so.2", "libcasd.so" };

        /// <summary>The system and the kind of processor, such as "linux-x64".</summary>
        internal static string RuntimeIdentifier
        {
            get
            {
                string system = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "win"
                    : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? "osx" : "linux";
                return system + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
            }
        }

        /// <summary>
        /// Beside the assembly and beside the program, each with the folder of a NuGet package; the
        /// folders that the host names; the NuGet package that the assembly itself lies in.
        /// </summary>
        internal static IEnumerable<string> All()
        {
            string inPackage = Path.Combine("runtimes", RuntimeIdentifier, "native");
            string? assembly = AssemblyFolder();
            foreach (string? folder in new[] { assembly, AppContext.BaseDirectory })
            {
                if (string.IsNullOrEmpty(folder))
                    continue;
                yield return Path.Combine(folder, inPackage);
                yield return folder!;
            }
            if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string host)
                foreach (string folder in host.Split(Path.PathSeparator))
                    if (folder.Length > 0)
                        yield return folder;
            if (!string.IsNullOrEmpty(assembly))
                yield return Path.GetFullPath(Path.Combine(assembly, "..", "..", inPackage));
        }

        // null where the assembly is in memory or part of a single file.
        private static string? AssemblyFolder()
        {
            string location = typeof(NativeFolders).Assembly.Location;
            return string.IsNullOrEmpty(location) ? null : Path.GetDirectoryName(location);
        }
    }
}
