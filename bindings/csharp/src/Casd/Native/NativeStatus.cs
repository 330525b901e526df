#nullable enable
using System;
using System.Runtime.CompilerServices;
using System.Text;

namespace Casd
{
    /// <summary>Turns a status into an exception.</summary>
    internal static class NativeStatus
    {
        /// <summary>
        /// To be called with the result of a P/Invoke method, as its next action on the same thread:
        /// the library keeps one message per thread, until that thread's next failed call.
        /// </summary>
        internal static void Check(int status)
        {
            if (status != NativeMethods.CASD_OK)
                Throw(status);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Throw(int status)
        {
            string message = NativeText.FromUtf8(NativeImports.casd_last_error()) ?? "";
            throw new CasdException((Status)status, message);
        }
    }

    /// <summary>Text between C# and the library: UTF-8 with a final zero.</summary>
    internal static unsafe class NativeText
    {
        internal delegate void Writer(byte* buffer, UIntPtr capacity, out UIntPtr needed);

        internal static byte[]? ToUtf8(string? text)
        {
            if (text == null)
                return null;
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("the text contains a zero character");
            var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
            Encoding.UTF8.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        internal static string? FromUtf8(IntPtr text)
        {
            return text == IntPtr.Zero ? null : FromUtf8((byte*)text, int.MaxValue);
        }

        internal static string FromUtf8(byte* text, int capacity)
        {
            int length = 0;
            while (length < capacity && text[length] != 0)
                ++length;
            return Encoding.UTF8.GetString(text, length);
        }

        /// <summary>The text that <paramref name="write"/> puts into a buffer of sufficient size.</summary>
        internal static string Read(Writer write)
        {
            write(null, UIntPtr.Zero, out UIntPtr needed);
            var bytes = new byte[checked((int)needed)];
            fixed (byte* buffer = bytes)
            {
                write(buffer, (UIntPtr)bytes.Length, out _);
                return FromUtf8(buffer, bytes.Length);
            }
        }
    }
}
