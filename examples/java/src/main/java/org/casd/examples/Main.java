package org.casd.examples;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.casd.CasdException;
import org.casd.Model;

/**
 * Answers predictions of one model over HTTP, as ../service/openapi.json describes.
 *
 * <p>The model is loaded once; all requests share one predictor. SIGTERM and SIGINT end the service
 * after it has answered every request that it accepted.
 */
public final class Main {
  private Main() {}

  /**
   * Starts the service.
   *
   * @param arguments see {@link Settings#USAGE}
   */
  public static void main(String[] arguments) {
    Settings settings;
    try {
      settings = new Settings(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("service: " + e.getMessage() + "\n" + Settings.USAGE);
      System.exit(1);
      return;
    }
    try (Model model = Model.load(settings.model)) {
      start(new Service(model, settings), settings);
    } catch (CasdException | IOException | IllegalArgumentException e) {
      System.err.println("service: " + e);
      System.exit(1);
    }
  }

  private static void start(Service service, Settings settings) throws IOException {
    // Of the whole process, read once. A thread serves each connection that sends a request, so that
    // their number limits the threads. The limits in seconds close connections without an answer: the
    // first one applies to slow heads, as Service limits the bodies before.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("jdk.httpserver.maxConnections", "1024");
    System.setProperty(
        "sun.net.httpserver.maxReqTime", Long.toString((long) Math.ceil(settings.seconds) + 2));
    System.setProperty(
        "sun.net.httpserver.maxRspTime", Long.toString((long) Math.ceil(4 * settings.seconds) + 10));
    InetSocketAddress address = new InetSocketAddress(settings.host, settings.port);
    HttpServer server = HttpServer.create(address, 1024);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", service);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, service, settings)));
    server.start();
    System.out.println(
        "listening on http://" + settings.host + ":" + server.getAddress().getPort());
  }

  /** Answers what was accepted, then ends the process with the status 0. */
  private static void stop(HttpServer server, Service service, Settings settings) {
    service.stopping();
    try {
      holdOpen(server);
    } catch (IOException | InterruptedException e) {
      System.err.println("service: requests may be cut off: " + e);
    }
    int patience = (int) Math.ceil(4 * settings.seconds);
    Thread closing = new Thread(() -> server.stop(patience));
    closing.start(); // closes the listening socket at once
    service.awaitEnd(TimeUnit.SECONDS.toNanos(patience));
    System.err.println("stopped: " + service.accepted() + " requests accepted");
    Runtime.getRuntime().halt(0);
  }

  /**
   * Keeps one exchange in progress. HttpServer.stop closes all connections as soon as there is none,
   * even those that have sent a request which no handler has seen.
   */
  private static void holdOpen(HttpServer server) throws IOException, InterruptedException {
    CountDownLatch held = new CountDownLatch(1);
    String path = "/" + UUID.randomUUID();
    server.createContext(
        path,
        exchange -> {
          held.countDown();
          try {
            new CountDownLatch(1).await(); // until the process ends
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    InetAddress host = server.getAddress().getAddress();
    @SuppressWarnings("resource") // open until the process ends
    Socket socket =
        new Socket(
            host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host,
            server.getAddress().getPort());
    OutputStream out = socket.getOutputStream();
    out.write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    out.flush();
    if (!held.await(5, TimeUnit.SECONDS)) {
      throw new IOException("no own request was answered within 5 s");
    }
  }
}
