package org.casd.examples;

/** An answer that is no success: status and what is wrong. */
final class Problem extends Exception {
  private static final long serialVersionUID = 1L;

  final int status;

  Problem(int status, String detail) {
    super(detail, null, false, false); // expected: no stack trace
    this.status = status;
  }

  /** The standard text of the status. */
  String title() {
    switch (status) {
      case 400:
        return "Bad Request";
      case 404:
        return "Not Found";
      case 405:
        return "Method Not Allowed";
      case 408:
        return "Request Timeout";
      case 411:
        return "Length Required";
      case 413:
        return "Content Too Large";
      case 415:
        return "Unsupported Media Type";
      case 422:
        return "Unprocessable Content";
      case 503:
        return "Service Unavailable";
      default:
        return "Internal Server Error";
    }
  }
}
