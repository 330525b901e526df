#nullable enable
using System;

namespace Casd
{
    /// <summary>What became of a call of the library. New values may be added.</summary>
    public enum Status
    {
        /// <summary>It worked.</summary>
        Ok = NativeMethods.CASD_OK,

        /// <summary>An argument is out of range or does not fit.</summary>
        InvalidArgument = NativeMethods.CASD_ERROR_INVALID_ARGUMENT,

        /// <summary>Memory ran out.</summary>
        OutOfMemory = NativeMethods.CASD_ERROR_OUT_OF_MEMORY,

        /// <summary>A file could not be read or written.</summary>
        IO = NativeMethods.CASD_ERROR_IO,

        /// <summary>The bytes are not a valid file of the expected kind.</summary>
        Format = NativeMethods.CASD_ERROR_FORMAT,

        /// <summary>A valid file, but made by a newer library.</summary>
        Version = NativeMethods.CASD_ERROR_VERSION,

        /// <summary>A plug-in, device or build option is missing.</summary>
        Unavailable = NativeMethods.CASD_ERROR_UNAVAILABLE,

        /// <summary>The right call at the wrong time.</summary>
        State = NativeMethods.CASD_ERROR_STATE,

        /// <summary>The call was cancelled.</summary>
        Cancelled = NativeMethods.CASD_ERROR_CANCELLED,

        /// <summary>A loss or a result is not finite.</summary>
        Numeric = NativeMethods.CASD_ERROR_NUMERIC,

        /// <summary>The device failed, or has too little memory.</summary>
        Device = NativeMethods.CASD_ERROR_DEVICE,

        /// <summary>A defect of the library: please report it.</summary>
        Internal = NativeMethods.CASD_ERROR_INTERNAL,

        /// <summary>There is no item of that name or index.</summary>
        NotFound = NativeMethods.CASD_ERROR_NOT_FOUND,

        /// <summary>The caller's buffer is too small.</summary>
        BufferTooSmall = NativeMethods.CASD_ERROR_BUFFER_TOO_SMALL,
    }

    /// <summary>
    /// A call of the library failed. The message is the library's: it says what was wrong, with the
    /// value and the allowed range.
    /// </summary>
    public sealed class CasdException : Exception
    {
        /// <summary>Creates an exception.</summary>
        /// <param name="status">What became of the call.</param>
        /// <param name="message">The library's message.</param>
        public CasdException(Status status, string message) : base(message)
        {
            Status = status;
        }

        /// <summary>What became of the call.</summary>
        public Status Status { get; }

        /// <summary>The name of the status in the C API, such as "INVALID_ARGUMENT".</summary>
        public string StatusName =>
            NativeText.FromUtf8(NativeMethods.casd_status_name((int)Status)) ?? "UNKNOWN";
    }

    /// <summary>
    /// The native library could not be loaded, or is not the one that this assembly needs. The
    /// message has the path, the reason and what to do.
    /// </summary>
    public sealed class CasdLoadException : DllNotFoundException
    {
        /// <summary>Creates an exception.</summary>
        /// <param name="message">The path, the reason and what to do.</param>
        /// <param name="inner">The cause, if there is one.</param>
        public CasdLoadException(string message, Exception? inner = null) : base(message, inner)
        {
        }
    }
}
