#nullable enable
using System;
using System.Threading;
using System.Threading.Tasks;

namespace Casd
{
    /// <summary>
    /// One prediction on the thread pool. It holds the predictor and the native copy of the input from
    /// its start to its end, whatever the caller closes or cancels meanwhile.
    /// </summary>
    internal sealed class AsyncPrediction
    {
        private static int _pending; // queued or running
        private static volatile bool _unloading;

        private readonly PredictorHandle _predictor;
        private readonly IDisposable _input;
        private readonly Action<Prediction> _predict;
        private readonly TaskCompletionSource<Prediction> _completion =
            new TaskCompletionSource<Prediction>(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationToken _cancellation;
        private CancellationTokenRegistration _registration;

        // Where an application domain is unloaded (Mono, Unity's editor, .NET Framework), calls in the queue
        // would never run, and threads would be aborted at any point: their native objects would be lost.
        static AsyncPrediction() =>
            AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => EndAll();

        private static void EndAll()
        {
            _unloading = true;
            for (int i = 0; i < 10000 && Volatile.Read(ref _pending) > 0; ++i)
                Thread.Sleep(1);
        }

        private AsyncPrediction(PredictorHandle predictor, IDisposable input,
                                CancellationToken cancellation, Action<Prediction> predict)
        {
            _predictor = predictor;
            _input = input;
            _cancellation = cancellation;
            _predict = predict;
        }

        internal static Task<Prediction> Start(PredictorHandle predictor, IDisposable input,
                                               CancellationToken cancellation,
                                               Action<Prediction> predict)
        {
            var call = new AsyncPrediction(predictor, input, cancellation, predict);
            bool held = false;
            Interlocked.Increment(ref _pending);
            try
            {
                predictor.DangerousAddRef(ref held);
                call._registration = cancellation.Register(
                    state => ((AsyncPrediction)state!).Cancel(), call);
                ThreadPool.UnsafeQueueUserWorkItem(state => ((AsyncPrediction)state!).Run(), call);
            }
            catch
            {
                call._registration.Dispose();
                if (held)
                    predictor.DangerousRelease();
                input.Dispose();
                Interlocked.Decrement(ref _pending);
                throw;
            }
            return call._completion.Task;
        }

        private void Cancel() => _completion.TrySetCanceled(_cancellation);

        private void Run()
        {
            Prediction? result = null;
            Exception? failure = null;
            try
            {
                if (_unloading)
                    _completion.TrySetCanceled();
                if (!_completion.Task.IsCompleted)
                {
                    result = new Prediction();
                    _predict(result);
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
            finally
            {
                _input.Dispose();
                _predictor.DangerousRelease();
                _registration.Dispose();
            }
            // Everything else is released before the task ends, so that its owner sees it released.
            if (failure != null || result == null || !_completion.TrySetResult(result))
                result?.Dispose();
            if (failure != null)
                _completion.TrySetException(failure);
            Interlocked.Decrement(ref _pending);
        }
    }
}
