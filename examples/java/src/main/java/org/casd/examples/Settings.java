package org.casd.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;

/** The options of the command line. */
final class Settings {
  static final String USAGE =
      "usage: service MODEL [options]\n"
          + "  --address HOST:PORT   default 127.0.0.1:8080; port 0: any free one\n"
          + "  --pages FOLDER        with index.html and openapi.json; default ../service\n"
          + "  --examples DATA       samples for the page: a dataset file, or synthetic\n"
          + "  --max-body BYTES      largest body of a request; default 4194304\n"
          + "  --seconds S           limit for the arrival of a request and its wait for a worker; 10\n"
          + "  --requests N          predictions in progress, the arrival of their bodies included; 256\n"
          + "  --workers N           predictions that are computed at the same time; default: processors";

  final Path model;
  String host = "127.0.0.1";
  int port = 8080;
  Path pages = Path.of("../service");
  String examples = "";
  int maxBody = 4 << 20;
  double seconds = 10;
  int requests = 256;
  int workers = Runtime.getRuntime().availableProcessors();

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException if an option is unknown, has no value or is out of range
   */
  Settings(String[] arguments) {
    if (arguments.length == 0 || arguments[0].startsWith("-")) {
      throw new IllegalArgumentException("no MODEL was given");
    }
    model = Path.of(arguments[0]);
    Iterator<String> rest = Arrays.asList(arguments).subList(1, arguments.length).iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      if (!rest.hasNext()) {
        throw new IllegalArgumentException(option + " needs a value");
      }
      set(option, rest.next());
    }
    if (maxBody < 1 || !(seconds > 0 && seconds < 1e6) || requests < 1 || workers < 1) {
      throw new IllegalArgumentException("an option is out of range");
    }
  }

  private void set(String option, String value) {
    switch (option) {
      case "--address":
        int colon = value.lastIndexOf(':');
        host = value.substring(0, Math.max(colon, 0));
        port = Integer.parseInt(value.substring(colon + 1));
        break;
      case "--pages":
        pages = Path.of(value);
        break;
      case "--examples":
        examples = value;
        break;
      case "--max-body":
        maxBody = Integer.parseInt(value);
        break;
      case "--seconds":
        seconds = Double.parseDouble(value);
        break;
      case "--requests":
        requests = Integer.parseInt(value);
        break;
      case "--workers":
        workers = Integer.parseInt(value);
        break;
      default:
        throw new IllegalArgumentException("there is no option " + option);
    }
  }

  long nanoseconds() {
    return (long) (seconds * 1e9);
  }
}
