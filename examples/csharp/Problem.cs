using System;

namespace Casd.Examples
{
    /// <summary>An answer that is no success: status and what is wrong.</summary>
    internal sealed class Problem : Exception
    {
        public Problem(int status, string detail) : base(detail)
        {
            Status = status;
        }

        public int Status { get; }

        /// <summary>The standard text of the status.</summary>
        public string Title => Status switch
        {
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            411 => "Length Required",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
    }
}
