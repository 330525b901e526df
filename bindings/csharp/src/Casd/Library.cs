#nullable enable
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Casd
{
    /// <summary>How serious a log message is.</summary>
    public enum LogLevel
    {
        /// <summary>For those who debug the library.</summary>
        Debug = NativeMethods.CASD_LOG_DEBUG,

        /// <summary>What it is doing.</summary>
        Info = NativeMethods.CASD_LOG_INFO,

        /// <summary>It goes on, but the result may not be what is wanted.</summary>
        Warning = NativeMethods.CASD_LOG_WARNING,

        /// <summary>Something failed that no exception can report.</summary>
        Error = NativeMethods.CASD_LOG_ERROR,

        /// <summary>As a threshold: nothing at all.</summary>
        Off = NativeMethods.CASD_LOG_OFF,
    }

    /// <summary>A message of the library's log.</summary>
    public readonly struct LogMessage
    {
        internal LogMessage(LogLevel level, string text)
        {
            Level = level;
            Text = text;
        }

        /// <summary>How serious it is.</summary>
        public LogLevel Level { get; }

        /// <summary>The text, without a final newline.</summary>
        public string Text { get; }
    }

    /// <summary>What can run the computation.</summary>
    public sealed class Engine
    {
        internal unsafe Engine(ref EngineInfoData data)
        {
            Device = (Device)data.device;
            Available = data.available != 0;
            Trains = data.trains != 0;
            Concurrent = data.concurrent != 0;
            fixed (byte* name = data.name, reason = data.reason)
            {
                Name = NativeText.FromUtf8(name, 32);
                Reason = NativeText.FromUtf8(reason, 256);
            }
        }

        /// <summary>"cpu": built in. "torch": the plug-in libcasd_torch.</summary>
        public string Name { get; }

        /// <summary>Where it computes.</summary>
        public Device Device { get; }

        /// <summary>Whether it can be used here; if not, see <see cref="Reason"/>.</summary>
        public bool Available { get; }

        /// <summary>Whether it trains; if not, it only predicts.</summary>
        public bool Trains { get; }

        /// <summary>Whether calls on one predictor run concurrently.</summary>
        public bool Concurrent { get; }

        /// <summary>Why it is not available; empty if it is.</summary>
        public string Reason { get; }
    }

    /// <summary>
    /// The native library as a whole. Each method may be called on any thread at any time.
    /// </summary>
    public static unsafe class Library
    {
        /// <summary>
        /// Loads libcasd and checks its ABI version. Everything else in this namespace does that on its
        /// first use; call this method to choose the file, or to see an error early.
        /// </summary>
        /// <param name="path">
        /// The file, or the folder that it is in; null: the environment variable CASD_LIBRARY_PATH, or
        /// the search that docs/csharp.md describes. Ignored when the library is loaded already.
        /// </param>
        /// <returns>
        /// The file that is in use; only a name where the system's search path or the runtime found it.
        /// </returns>
        /// <exception cref="CasdLoadException">
        /// It cannot be loaded, or is not the library that this assembly needs. Another attempt is
        /// made by the next call.
        /// </exception>
        public static string Load(string? path = null) => NativeLoader.Load(path);

        /// <summary>The library's version, such as "0.2.0".</summary>
        public static string Version
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeText.FromUtf8(NativeMethods.casd_version_string()) ?? "";
            }
        }

        /// <summary>The library's version as major * 10000 + minor * 100 + patch.</summary>
        public static uint VersionNumber
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeMethods.casd_version();
            }
        }

        /// <summary>The version of the library's binary interface.</summary>
        public static uint AbiVersion
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeLoader.AbiVersion; // Every other one is refused.
            }
        }

        /// <summary>How the library was built, as a JSON object.</summary>
        public static string BuildInfo
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeText.FromUtf8(NativeMethods.casd_build_info()) ?? "";
            }
        }

        /// <summary>
        /// How many native objects exist that were not destroyed yet: for leak checks in tests.
        /// </summary>
        public static long LiveObjects
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeMethods.casd_live_objects();
            }
        }

        /// <summary>How many bytes the native objects hold in large buffers.</summary>
        public static long LiveBytes
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeMethods.casd_live_bytes();
            }
        }

        /// <summary>
        /// What can run the computation on this machine. Finding out loads the plug-in, which takes
        /// some time on the first call.
        /// </summary>
        public static IReadOnlyList<Engine> Engines
        {
            get
            {
                NativeLoader.EnsureLoaded();
                var engines = new List<Engine>();
                for (int i = 0;; ++i)
                {
                    var data = new EngineInfoData();
                    NativeMethods.casd_engine_info_init(ref data, (UIntPtr)sizeof(EngineInfoData));
                    int status = NativeImports.casd_engine_get_info(ref data, i);
                    if (status == NativeMethods.CASD_ERROR_NOT_FOUND)
                        return engines;
                    NativeStatus.Check(status);
                    engines.Add(new Engine(ref data));
                }
            }
        }

        /// <summary>
        /// Names the folder in which plug-ins (libcasd_torch, libcasd_hdf5) are looked for first. After
        /// it come the folders of the environment variable CASD_PLUGIN_PATH and the folder of libcasd.
        /// </summary>
        /// <param name="folder">The folder; null: none.</param>
        public static void SetPluginPath(string? folder)
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_set_plugin_path(folder);
        }

        /// <summary>
        /// Sets the least serious level that is logged, to stderr or, once <see cref="PollLog"/> is used,
        /// to its queue. The default is <see cref="LogLevel.Warning"/>.
        /// </summary>
        /// <param name="level">The level.</param>
        /// <exception cref="CasdException">There is no such level.</exception>
        public static void SetLogLevel(LogLevel level)
        {
            NativeLoader.EnsureLoaded();
            NativeStatus.Check(casd_set_log(IntPtr.Zero, (int)level, IntPtr.Zero));
        }

        /// <summary>
        /// Takes the oldest message out of the log. The first call starts a queue of 256 messages; from
        /// then on messages go there and no longer to stderr. Call it regularly.
        /// </summary>
        /// <param name="message">The message.</param>
        /// <returns>false if there is none.</returns>
        public static bool PollLog(out LogMessage message)
        {
            NativeLoader.EnsureLoaded();
            const int capacity = 4096;
            byte* buffer = stackalloc byte[capacity];
            int level = NativeMethods.casd_log_poll(buffer, (UIntPtr)capacity);
            message = level < 0 ? default
                : new LogMessage((LogLevel)level, NativeText.FromUtf8(buffer, capacity));
            return level >= 0;
        }

        /// <summary>Ends the queue of <see cref="PollLog"/>; messages go to stderr again.</summary>
        public static void EndLogQueue()
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.casd_log_poll(null, UIntPtr.Zero);
        }

        // Not generated, as other languages leave callbacks out; the callback is always NULL here.
        [DllImport("casd", CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        private static extern int casd_set_log(IntPtr callback, int level, IntPtr user);
    }
}
