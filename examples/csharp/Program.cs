using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Casd.Examples
{
    /// <summary>
    /// Answers predictions of one model over HTTP, as ../service/openapi.json describes.
    /// </summary>
    /// <remarks>
    /// The model is loaded once; all requests share one predictor. SIGTERM and SIGINT end the service after
    /// it has answered every request that it accepted.
    /// </remarks>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            try
            {
                var settings = new Settings(arguments);
                using Model model = Model.Load(settings.Model);
                using var service = new Service(model, settings);
                // Not disposed of: that would answer requests which nobody has seen with an empty success.
                HttpListener listener = Listen(settings, out int port);
                var ended = new ManualResetEventSlim();
                var stop = new ManualResetEventSlim();
                AppDomain.CurrentDomain.ProcessExit += (sender, e) =>
                {
                    // SIGTERM. The process ends when this method returns.
                    if (ended.IsSet)
                        return;
                    stop.Set();
                    ended.Wait();
                    Environment.ExitCode = 0;
                };
                Console.CancelKeyPress += (sender, e) =>
                {
                    e.Cancel = true;
                    stop.Set();
                };
                _ = Accept(listener, service);
                Console.WriteLine($"listening on http://{settings.Host}:{port}");
                stop.Wait();
                // The listener stays open meanwhile: closing it would also close the connections of requests
                // in progress. What arrives now is answered with 503.
                service.StopAsync(TimeSpan.FromSeconds(4 * settings.Seconds)).Wait();
                Console.Error.WriteLine($"stopped: {service.Accepted} requests accepted");
                ended.Set();
                return 0;
            }
            catch (ArgumentException e)
            {
                Console.Error.WriteLine($"service: {e.Message}\n{Settings.Usage}");
                return 1;
            }
            catch (Exception e) when (e is CasdException || e is CasdLoadException || e is IOException ||
                                      e is HttpListenerException || e is UnauthorizedAccessException)
            {
                Console.Error.WriteLine("service: " + e.Message);
                return 1;
            }
        }

        /// <summary>HttpListener cannot choose a port: for port 0 a free one is found first.</summary>
        private static HttpListener Listen(Settings settings, out int port)
        {
            for (int attempt = 0; ; ++attempt)
            {
                port = settings.Port != 0 ? settings.Port : FreePort();
                var listener = new HttpListener { IgnoreWriteExceptions = true };
                listener.Prefixes.Add($"http://{settings.Host}:{port}/");
                try
                {
                    listener.Start();
                    return listener;
                }
                catch (HttpListenerException) when (settings.Port == 0 && attempt < 10)
                {
                    listener.Close(); // Another program was faster.
                }
            }
        }

        private static int FreePort()
        {
            var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            int port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            return port;
        }

        private static async Task Accept(HttpListener listener, Service service)
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException || e is ObjectDisposedException)
                {
                    if (!listener.IsListening)
                        return;
                    continue; // The client has gone.
                }
                _ = Task.Run(() => service.HandleAsync(context));
            }
        }
    }
}
