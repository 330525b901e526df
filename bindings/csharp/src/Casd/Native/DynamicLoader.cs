#nullable enable
using System;
using System.ComponentModel;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>The system's dynamic loader.</summary>
    internal static class DynamicLoader
    {
        private const int Now = 2;
        private const uint WithAlteredSearchPath = 8;

        private static readonly bool Windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

        /// <summary>Opens a library, or gives zero and the system's reason.</summary>
        internal static IntPtr Open(string path, out string reason)
        {
            reason = "";
            try
            {
                return Windows ? OpenWindows(path, out reason) : OpenUnix(path, out reason);
            }
            catch (Exception error) when (error is DllNotFoundException ||
                                          error is EntryPointNotFoundException)
            {
                // A system without these functions: its runtime loads the library itself.
                reason = error.Message;
                return IntPtr.Zero;
            }
        }

        /// <summary>The address of a function; zero if there is none.</summary>
        internal static IntPtr Find(IntPtr library, string name) =>
            Windows ? WindowsFunctions.GetProcAddress(library, name)
                : UnixFunctions.Find(library, NativeText.ToUtf8(name)!);

        private static IntPtr OpenWindows(string path, out string reason)
        {
            uint flags = Path.IsPathRooted(path) ? WithAlteredSearchPath : 0;
            IntPtr library = WindowsFunctions.LoadLibraryExW(path, IntPtr.Zero, flags);
            reason = library == IntPtr.Zero ? new Win32Exception().Message : "";
            return library;
        }

        private static IntPtr OpenUnix(string path, out string reason)
        {
            byte[] name = NativeText.ToUtf8(path)!;
            // Also binds dlerror(), whose binding would otherwise replace the message.
            UnixFunctions.Error();
            IntPtr library = UnixFunctions.Open(name, Now);
            reason = library == IntPtr.Zero
                ? NativeText.FromUtf8(UnixFunctions.Error()) ?? "unknown reason" : "";
            return library;
        }

        private static class WindowsFunctions
        {
            [DllImport("kernel32", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
            internal static extern IntPtr LoadLibraryExW(string path, IntPtr reserved, uint flags);

            [DllImport("kernel32", CharSet = CharSet.Ansi, ExactSpelling = true, BestFitMapping = false)]
            internal static extern IntPtr GetProcAddress(IntPtr library, string name);
        }

        // The functions are in the C library, in libdl where that is older than glibc 2.34.
        internal static class UnixFunctions
        {
            private static readonly bool InLibrary = Probe();

            internal static IntPtr Open(byte[] path, int flags) =>
                InLibrary ? dlopen(path, flags) : libdl_dlopen(path, flags);

            internal static IntPtr Find(IntPtr library, byte[] name) =>
                InLibrary ? dlsym(library, name) : libdl_dlsym(library, name);

            internal static IntPtr Error() => InLibrary ? dlerror() : libdl_dlerror();

            private static bool Probe()
            {
                try
                {
                    dlerror();
                    return true;
                }
                catch (EntryPointNotFoundException)
                {
                    return false;
                }
            }

            [DllImport("libc")]
            private static extern IntPtr dlopen(byte[] path, int flags);

            [DllImport("libc")]
            private static extern IntPtr dlsym(IntPtr library, byte[] name);

            [DllImport("libc")]
            private static extern IntPtr dlerror();

            [DllImport("libdl.so.2", EntryPoint = "dlopen")]
            private static extern IntPtr libdl_dlopen(byte[] path, int flags);

            [DllImport("libdl.so.2", EntryPoint = "dlsym")]
            private static extern IntPtr libdl_dlsym(IntPtr library, byte[] name);

            [DllImport("libdl.so.2", EntryPoint = "dlerror")]
            private static extern IntPtr libdl_dlerror();
        }
    }

    /// <summary>
    /// Makes the P/Invoke methods of this assembly use an open library instead of searching for one.
    /// .NET and Mono each have a function for it, which netstandard does not name. Where there is none
    /// (.NET Framework, IL2CPP), the runtime finds the library by its name, on Windows the open one.
    /// </summary>
    internal static class Redirection
    {
        private const string Name = "casd";
        private static IntPtr _library;

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void InsertFunction(IntPtr image, byte[] name, IntPtr function, byte[] target,
                                             IntPtr targetFunction);

        internal static void Install(IntPtr library, string file)
        {
            _library = library;
            if (!InstallResolver())
                InstallMap(file);
        }

        // .NET: NativeLibrary.SetDllImportResolver().
        private static bool InstallResolver()
        {
            var type = Type.GetType("System.Runtime.InteropServices.NativeLibrary, " +
                                    "System.Runtime.InteropServices", false);
            MethodInfo? install = type?.GetMethod("SetDllImportResolver");
            if (install == null)
                return false;
            Delegate resolver = Delegate.CreateDelegate(
                install.GetParameters()[1].ParameterType, typeof(Redirection), nameof(Resolve));
            try
            {
                install.Invoke(null, new object[] { typeof(Redirection).Assembly, resolver });
            }
            catch (TargetInvocationException error)
                when (error.InnerException is InvalidOperationException)
            {
                // The program, or an earlier attempt that failed, has set a resolver.
            }
            return true;
        }

        private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
            name == Name ? _library : IntPtr.Zero;

        // Mono: mono_dllmap_insert().
        private static void InstallMap(string file)
        {
            if (Type.GetType("Mono.Runtime") == null || RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
                return;
            IntPtr insert = DynamicLoader.Find(IntPtr.Zero, "mono_dllmap_insert");
            if (insert == IntPtr.Zero)
                return;
            Marshal.GetDelegateForFunctionPointer<InsertFunction>(insert)(
                IntPtr.Zero, NativeText.ToUtf8(Name)!, IntPtr.Zero, NativeText.ToUtf8(file)!, IntPtr.Zero);
        }
    }
}
