#nullable enable
using System;
using System.Collections.Generic;
using System.Threading;

namespace Casd.Unity
{
    /// <summary>
    /// The thread that computes the predictions of one <see cref="FramePredictor"/>, one at a time. The
    /// two threads never wait for each other: <see cref="_state"/> tells which of them owns the input
    /// and the result.
    /// </summary>
    internal sealed class FrameWorker
    {
        private const int Idle = 0; // The caller's thread owns both.
        private const int Submitted = 1; // The worker owns both.
        private const int Finished = 2; // The caller's thread owns both.

        private readonly Predictor _predictor;
        private readonly Prediction _prediction;
        private readonly FrameResult _result;
        private readonly AutoResetEvent _wake = new AutoResetEvent(false);
        private float[] _values = Array.Empty<float>();
        private long[] _steps = Array.Empty<long>();
        private int _valueCount;
        private ModalityMask _mask;
        private Exception? _failure;
        private int _state;
        private volatile bool _stopping;
        private Thread? _thread;

        internal FrameWorker(Predictor predictor, Field[] fields)
        {
            _predictor = predictor;
            _prediction = new Prediction();
            _result = new FrameResult(fields);
        }

        internal bool Busy => Volatile.Read(ref _state) == Submitted;

        internal bool TrySubmit(float[] values, int valueCount, long[] steps, ModalityMask mask)
        {
            if (_stopping) // by StopAll(): its owner was left over
                throw new ObjectDisposedException(nameof(FramePredictor));
            if (Volatile.Read(ref _state) != Idle)
                return false;
            if (_values.Length < values.Length) // not the count, which may grow later
                _values = new float[values.Length];
            if (_steps.Length != steps.Length)
                _steps = new long[steps.Length];
            Array.Copy(values, _values, valueCount);
            Array.Copy(steps, _steps, steps.Length);
            _valueCount = valueCount;
            _mask = mask;
            if (_thread == null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "CASD prediction" };
                FrameWorkers.Add(this);
                _thread.Start();
            }
            Volatile.Write(ref _state, Submitted);
            _wake.Set();
            return true;
        }

        internal bool Poll(FrameResult result)
        {
            if (Volatile.Read(ref _state) != Finished)
                return false;
            Exception? failure = _failure;
            _failure = null;
            if (failure == null)
                result.CopyFrom(_result);
            Volatile.Write(ref _state, Idle);
            if (failure != null)
                throw failure;
            return true;
        }

        /// <summary>Ends the thread after the prediction that it is computing. Does not wait.</summary>
        internal void Stop()
        {
            _stopping = true;
            if (_thread == null)
            {
                _prediction.Dispose();
                return;
            }
            try
            {
                _wake.Set();
            }
            catch (ObjectDisposedException)
            {
                // Finalizers run in any order at the end of a domain, whose threads have ended then.
            }
        }

        /// <summary>Waits until the thread has ended: at most as long as one prediction takes.</summary>
        internal void Join()
        {
            if (_thread != null && _thread != Thread.CurrentThread)
                _thread.Join();
        }

        private void Run()
        {
            try
            {
                for (;;)
                {
                    _wake.WaitOne();
                    if (_stopping)
                        return;
                    if (Volatile.Read(ref _state) == Submitted)
                        Compute();
                }
            }
            finally
            {
                _prediction.Dispose();
                FrameWorkers.Remove(this);
            }
        }

        private void Compute()
        {
            try
            {
                _predictor.PredictFrames(_prediction, _values, _valueCount, _steps, _mask);
                _result.Read(_prediction);
            }
            catch (Exception error) when (!(error is ThreadAbortException))
            {
                _failure = error;
            }
            Volatile.Write(ref _state, Finished);
        }
    }

    /// <summary>
    /// The threads that run. They must end before their application domain is unloaded, as Unity's editor
    /// does at each domain reload, and when play mode ends without one.
    /// </summary>
    internal static class FrameWorkers
    {
        private static readonly HashSet<FrameWorker> Running = new HashSet<FrameWorker>();
        private static bool _watching;

        internal static void Add(FrameWorker worker)
        {
            lock (Running)
            {
                if (!_watching)
                    AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => StopAll();
                _watching = true;
                Running.Add(worker);
            }
        }

        internal static void Remove(FrameWorker worker)
        {
            lock (Running)
                Running.Remove(worker);
        }

        internal static int Count
        {
            get
            {
                lock (Running)
                    return Running.Count;
            }
        }

        internal static void StopAll()
        {
            FrameWorker[] workers;
            lock (Running)
            {
                workers = new FrameWorker[Running.Count];
                Running.CopyTo(workers);
            }
            foreach (FrameWorker worker in workers)
                worker.Stop();
            foreach (FrameWorker worker in workers)
                worker.Join();
        }
    }
}
