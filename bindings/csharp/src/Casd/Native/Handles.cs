#nullable enable
using System;
using System.Runtime.InteropServices;

// The objects of the library. A call holds a reference to each handle that it is given, so that an
// object which is closed during a call is destroyed when the call has returned. Objects that were
// never closed are destroyed by the garbage collector.
namespace Casd
{
    internal abstract class NativeHandle : SafeHandle
    {
        private volatile bool _closed;

        protected NativeHandle() : base(IntPtr.Zero, true)
        {
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>
        /// Fails once the owner has closed the object; the handle itself stays open as long as
        /// another thread's call needs it.
        /// </summary>
        internal void ThrowIfClosed(string owner)
        {
            if (_closed)
                throw new ObjectDisposedException(owner);
        }

        /// <summary>Keeps the object while the caller reads memory that belongs to it.</summary>
        internal Lease Hold() => new Lease(this);

        protected override void Dispose(bool disposing)
        {
            _closed = true;
            base.Dispose(disposing);
        }

        internal readonly ref struct Lease
        {
            private readonly NativeHandle _held;

            internal Lease(NativeHandle handle)
            {
                bool success = false;
                handle.DangerousAddRef(ref success); // Fails where the handle is closed.
                _held = handle;
            }

            internal IntPtr Pointer => _held.handle;

            public void Dispose() => _held.DangerousRelease();
        }
    }

    internal sealed class SchemaHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_schema_destroy(handle);
            return true;
        }
    }

    internal sealed class ModelHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_model_destroy(handle);
            return true;
        }
    }

    internal sealed class BatchHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_batch_destroy(handle);
            return true;
        }
    }

    internal sealed class PredictorHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_predictor_destroy(handle);
            return true;
        }
    }

    internal sealed class PredictionHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_prediction_destroy(handle);
            return true;
        }
    }

    internal sealed class DatasetHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_dataset_destroy(handle);
            return true;
        }
    }

    internal sealed class ReportHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_report_destroy(handle);
            return true;
        }
    }

    internal sealed class MonitorHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_monitor_destroy(handle);
            return true;
        }
    }

    internal sealed class TrainerHandle : NativeHandle
    {
        protected override bool ReleaseHandle()
        {
            NativeMethods.casd_trainer_destroy(handle);
            return true;
        }
    }

    /// <summary>Memory outside the garbage-collected heap.</summary>
    internal sealed unsafe class NativeMemory : SafeHandle
    {
        internal NativeMemory(long bytes) : base(IntPtr.Zero, true)
        {
            SetHandle(Marshal.AllocHGlobal(new IntPtr(Math.Max(bytes, 1))));
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        internal byte* Pointer => (byte*)handle;

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }
    }
}
