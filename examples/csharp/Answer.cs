using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Http.Headers;
using System.Threading.Tasks;

namespace Casd.Examples
{
    /// <summary>A request, its limits and the answer to it.</summary>
    internal sealed class Answer
    {
        // What is read and ignored after an answer, at most. The time is added to the limit of a request.
        private const int DrainBytes = 16 << 20;
        private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private readonly TimeSpan _limit;
        private readonly Func<bool> _stopping;
        private TimeSpan _end;
        private Task<int>? _lateRead;

        public Answer(HttpListenerContext context, TimeSpan limit, Func<bool> stopping)
        {
            Context = context;
            _limit = limit;
            _end = limit;
            _stopping = stopping;
        }

        public HttpListenerContext Context { get; }

        /// <summary>For the metrics: one of the known paths, or other.</summary>
        public string Path { get; set; } = "other";

        /// <summary>0 before the answer.</summary>
        public int Status { get; private set; }

        public double Seconds => _clock.Elapsed.TotalSeconds;

        public TimeSpan TimeLeft
        {
            get
            {
                TimeSpan left = _end - _clock.Elapsed;
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }

        public Problem NotAllowed(string methods)
        {
            Context.Response.Headers["Allow"] = methods;
            return new Problem(405, $"{Path} has {methods} only, not {Context.Request.HttpMethod}");
        }

        /// <summary>Checks the head of a request with JSON and returns the length of its body.</summary>
        public int CheckHead(int maxBody)
        {
            HttpListenerRequest request = Context.Request;
            if (!IsJson(request.Headers["Content-Type"]) || request.Headers["Content-Encoding"] != null)
                throw new Problem(415, "the body has to be application/json in UTF-8 without a content encoding");
            if (request.ContentLength64 < 0 || request.Headers["Transfer-Encoding"] != null)
                throw new Problem(411, "the request has no Content-Length");
            if (request.ContentLength64 > maxBody)
                throw new Problem(413, $"the body has {request.ContentLength64} bytes, at most {maxBody} are allowed");
            return (int)request.ContentLength64;
        }

        private static bool IsJson(string? contentType) =>
            MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type) &&
            string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase) &&
            (type.CharSet == null ||
             string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase));

        /// <summary>Reads what there is, up to the end of the buffer; -1 if the time is up before that.</summary>
        private async Task<int> ReadAsync(byte[] buffer, int offset)
        {
            // A read that was late goes on. Its bytes are ignored, as the request was answered meanwhile.
            Task<int> read = _lateRead ??
                             Context.Request.InputStream.ReadAsync(buffer, offset, buffer.Length - offset);
            _lateRead = null;
            if (!read.IsCompleted && await Task.WhenAny(read, Task.Delay(TimeLeft)) != read)
            {
                _lateRead = read;
                _ = read.ContinueWith(task => task.Exception); // Ends when the connection is closed.
                return -1;
            }
            try
            {
                return await read;
            }
            catch (Exception e) when (e is HttpListenerException || e is IOException)
            {
                return 0; // The client closed the connection.
            }
        }

        public async Task<byte[]> ReadBodyAsync(int length)
        {
            var body = new byte[length];
            for (int count = 0; count < length;)
            {
                int read = await ReadAsync(body, count);
                if (read < 0)
                    throw new Problem(408, $"{count} of {length} bytes of the body arrived within " +
                                           $"{_limit.TotalSeconds} s");
                if (read == 0)
                    throw new Problem(400, $"the body ended after {count} of {length} bytes");
                count += read;
            }
            return body;
        }

        public async Task WriteAsync(int status, string contentType, byte[] body)
        {
            HttpListenerResponse response = Context.Response;
            Status = status;
            response.StatusCode = status;
            response.ContentType = contentType;
            response.ContentLength64 = body.Length;
            if (_stopping())
                response.KeepAlive = false;
            if (Context.Request.HttpMethod == "HEAD")
                return; // Close sends the head.
            Task write = response.OutputStream.WriteAsync(body, 0, body.Length);
            if (!write.IsCompleted && await Task.WhenAny(write, Task.Delay(4 * _limit)) != write)
            {
                _ = write.ContinueWith(task => task.Exception);
                throw new IOException("the client does not read the answer");
            }
            await write;
        }

        /// <summary>Answers with a Problem, unless there was an answer.</summary>
        public async Task RefuseAsync(Problem problem)
        {
            if (Status != 0)
                return;
            HttpListenerRequest request = Context.Request;
            bool unread = problem.Status != 422 &&
                          (request.ContentLength64 > 0 || request.Headers["Transfer-Encoding"] != null);
            if (unread)
                Context.Response.KeepAlive = false;
            if (problem.Status == 503)
                Context.Response.Headers["Retry-After"] = "1";
            await WriteAsync(problem.Status, "application/problem+json", Documents.Problem(problem));
            if (!unread)
                return;
            // A body that nobody reads is read and ignored, within limits, because closing the connection
            // earlier can make the client lose the answer.
            _end = _clock.Elapsed + _limit + DrainTime;
            var buffer = new byte[1 << 16];
            for (int total = 0, count = 1; count > 0 && total < DrainBytes && TimeLeft > TimeSpan.Zero; total += count)
                count = await ReadAsync(buffer, 0);
        }

        public void Abort() => Context.Response.Abort();

        public void Close()
        {
            try
            {
                Context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException || e is IOException ||
                                      e is ObjectDisposedException || e is InvalidOperationException)
            {
                Context.Response.Abort(); // The client has gone.
            }
        }
    }
}
