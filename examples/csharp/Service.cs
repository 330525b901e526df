using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Casd.Examples
{
    /// <summary>Answers requests, any number of them at the same time.</summary>
    internal sealed class Service : IDisposable
    {
        private const string Json = "application/json";

        private readonly Settings _settings;
        private readonly SchemaInfo _schema;
        private readonly Predictor _predictor;
        private readonly ConcurrentBag<Prediction> _predictions = new ConcurrentBag<Prediction>();
        private readonly SemaphoreSlim _workers;  // As many permits as predictions may be computed.
        private readonly SemaphoreSlim _requests; // As many permits as predictions may be in progress.
        private readonly Dictionary<string, (string ContentType, byte[] Body)> _documents;
        private readonly Metrics _metrics = new Metrics();

        private readonly object _lock = new object();
        private readonly TaskCompletionSource<bool> _idle =
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _accepted;
        private int _inProgress;
        private volatile bool _stopping;

        public Service(Model model, Settings settings)
        {
            _settings = settings;
            _schema = new SchemaInfo(model);
            _predictor = new Predictor(model);
            for (int i = 0; i < settings.Workers; ++i)
                _predictions.Add(new Prediction());
            _workers = new SemaphoreSlim(settings.Workers);
            _requests = new SemaphoreSlim(settings.Requests);
            _documents = new Dictionary<string, (string, byte[])>
            {
                ["/"] = ("text/html; charset=utf-8", File.ReadAllBytes(Path.Combine(settings.Pages, "index.html"))),
                ["/openapi.json"] = (Json, File.ReadAllBytes(Path.Combine(settings.Pages, "openapi.json"))),
                ["/model"] = (Json, Documents.Model(model, _schema, settings)),
                ["/example"] = (Json, Documents.Examples(model, _schema, settings.Examples)),
            };
        }

        public long Accepted
        {
            get
            {
                lock (_lock)
                    return _accepted;
            }
        }

        /// <summary>Accepts no further request, and ends when those in progress are answered.</summary>
        public async Task StopAsync(TimeSpan patience)
        {
            lock (_lock)
            {
                _stopping = true;
                if (_inProgress == 0)
                    _idle.TrySetResult(true);
            }
            await Task.WhenAny(_idle.Task, Task.Delay(patience));
        }

        private bool Begin()
        {
            lock (_lock)
            {
                if (_stopping)
                    return false;
                ++_accepted;
                ++_inProgress;
                return true;
            }
        }

        private void End()
        {
            lock (_lock)
            {
                if (--_inProgress == 0 && _stopping)
                    _idle.TrySetResult(true);
            }
        }

        public void Dispose()
        {
            _predictor.Dispose();
            foreach (Prediction prediction in _predictions)
                prediction.Dispose();
        }

        /// <summary>Answers one request. Does not throw.</summary>
        public async Task HandleAsync(HttpListenerContext context)
        {
            bool accepted = Begin();
            var answer = new Answer(context, _settings.Limit, () => _stopping);
            try
            {
                try
                {
                    await RouteAsync(answer, accepted);
                }
                catch (Problem problem)
                {
                    await answer.RefuseAsync(problem);
                }
                catch (CasdException e) when (e.Status == Status.InvalidArgument)
                {
                    await answer.RefuseAsync(new Problem(422, e.Message));
                }
                catch (Exception e) when (!(e is HttpListenerException || e is IOException ||
                                            e is ObjectDisposedException || e is OperationCanceledException))
                {
                    Console.Error.WriteLine("service: " + e);
                    await answer.RefuseAsync(new Problem(500, e.Message));
                }
            }
            catch (Exception)
            {
                answer.Abort(); // The client has gone, or it does not read.
            }
            finally
            {
                answer.Close();
                _metrics.Count(answer.Path, answer.Status, answer.Seconds);
                if (accepted)
                    End();
            }
        }

        private async Task RouteAsync(Answer answer, bool accepted)
        {
            string path = answer.Context.Request.Url!.AbsolutePath;
            string method = answer.Context.Request.HttpMethod;
            bool isDocument = _documents.TryGetValue(path, out (string ContentType, byte[] Body) document);
            if (!isDocument && path != "/health" && path != "/metrics" && path != "/predict")
                throw new Problem(404, "there is no " + path);
            answer.Path = path;
            if (path == "/predict")
            {
                if (method != "POST")
                    throw answer.NotAllowed("POST");
                if (!accepted)
                    throw new Problem(503, "the service stops");
                await PredictAsync(answer);
                return;
            }
            if (method != "GET" && method != "HEAD")
                throw answer.NotAllowed("GET, HEAD");
            if (isDocument)
                await answer.WriteAsync(200, document.ContentType, document.Body);
            else if (path == "/metrics")
                await answer.WriteAsync(200, "text/plain; version=0.0.4; charset=utf-8", _metrics.Text(
                    _settings.Requests - _requests.CurrentCount, _settings.Workers - _workers.CurrentCount));
            else if (_stopping)
                await answer.WriteAsync(503, Json, Encoding.UTF8.GetBytes("{\"status\":\"stopping\"}"));
            else
                await answer.WriteAsync(200, Json, Encoding.UTF8.GetBytes("{\"status\":\"ok\"}"));
        }

        private async Task PredictAsync(Answer answer)
        {
            int length = answer.CheckHead(_settings.MaxBody);
            if (!_requests.Wait(0))
                throw new Problem(503, $"{_settings.Requests} requests are in progress already");
            byte[] result;
            try
            {
                float[]?[] frames = PredictRequest.Parse(await answer.ReadBodyAsync(length), _schema);
                if (!await _workers.WaitAsync(answer.TimeLeft))
                    throw new Problem(503, $"no worker was free within {_settings.Seconds} s");
                try
                {
                    _predictions.TryTake(out Prediction? free);
                    Prediction prediction = free!; // There are as many as permits.
                    try
                    {
                        _predictor.Predict(prediction, frames, ModalityMask.All);
                        result = Documents.Result(prediction, frames, _schema);
                    }
                    finally
                    {
                        _predictions.Add(prediction);
                    }
                }
                finally
                {
                    _workers.Release();
                }
            }
            finally
            {
                _requests.Release();
            }
            await answer.WriteAsync(200, Json, result);
        }
    }
}
