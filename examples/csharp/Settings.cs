using System;
using System.Collections.Generic;
using System.Globalization;

namespace Casd.Examples
{
    /// <summary>The options of the command line.</summary>
    internal sealed class Settings
    {
        public const string Usage =
            "usage: service MODEL [options]\n" +
            "  --address HOST:PORT   default 127.0.0.1:8080; host *: all addresses; port 0: any free one\n" +
            "  --pages FOLDER        with index.html and openapi.json; default ../service\n" +
            "  --examples DATA       samples for the page: a dataset file, or synthetic\n" +
            "  --max-body BYTES      largest body of a request; default 4194304\n" +
            "  --seconds S           limit for the arrival of a body and its wait for a worker; 10\n" +
            "  --requests N          predictions in progress, the arrival of their bodies included; 256\n" +
            "  --workers N           predictions that are computed at the same time; default: processors";

        public string Model { get; }
        public string Host { get; private set; } = "127.0.0.1";
        public int Port { get; private set; } = 8080;
        public string Pages { get; private set; } = "../service";
        public string Examples { get; private set; } = "";
        public int MaxBody { get; private set; } = 4 << 20;
        public double Seconds { get; private set; } = 10;
        public int Requests { get; private set; } = 256;
        public int Workers { get; private set; } = Environment.ProcessorCount;

        public TimeSpan Limit => TimeSpan.FromSeconds(Seconds);

        /// <exception cref="ArgumentException">An option is unknown, has no value or is out of range.</exception>
        public Settings(IReadOnlyList<string> arguments)
        {
            if (arguments.Count == 0 || arguments[0].StartsWith("-", StringComparison.Ordinal))
                throw new ArgumentException("no MODEL was given");
            Model = arguments[0];
            for (int i = 1; i < arguments.Count; i += 2)
            {
                if (i + 1 == arguments.Count)
                    throw new ArgumentException(arguments[i] + " needs a value");
                Set(arguments[i], arguments[i + 1]);
            }
            if (MaxBody < 1 || !(Seconds > 0 && Seconds < 1e6) || Requests < 1 || Workers < 1)
                throw new ArgumentException("an option is out of range");
        }

        private void Set(string option, string value)
        {
            switch (option)
            {
                case "--address":
                    int colon = value.LastIndexOf(':');
                    Host = value.Substring(0, Math.Max(colon, 0));
                    Port = Number(option, value.Substring(colon + 1));
                    break;
                case "--pages":
                    Pages = value;
                    break;
                case "--examples":
                    Examples = value;
                    break;
                case "--max-body":
                    MaxBody = Number(option, value);
                    break;
                case "--seconds":
                    if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds))
                        throw new ArgumentException($"{option}: {value} is no number");
                    Seconds = seconds;
                    break;
                case "--requests":
                    Requests = Number(option, value);
                    break;
                case "--workers":
                    Workers = Number(option, value);
                    break;
                default:
                    throw new ArgumentException("there is no option " + option);
            }
        }

        private static int Number(string option, string value) =>
            int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? number
                : throw new ArgumentException($"{option}: {value} is no whole number");
    }
}
