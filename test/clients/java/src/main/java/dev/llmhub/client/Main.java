package dev.llmhub.client;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Calls the gateway as a Java program would, and says of each thing that it tries whether it went well. */
public final class Main {
  private interface Body {
    void run(Channel channel) throws Exception;
  }

  private record Scenario(String name, Body body, String address, String key, String ca) {
    Scenario(String name, Body body) {
      this(name, body, "LLMHUB_ADDRESS", "LLMHUB_API_KEY");
    }

    Scenario(String name, Body body, String address, String key) {
      this(name, body, address, key, null);
    }
  }

  private static final List<Scenario> SCENARIOS = List.of(
      new Scenario("unary", Scenarios::unary),
      new Scenario("stream", Scenarios::stream),
      new Scenario("tls", Scenarios::encrypted, "LLMHUB_TLS_ADDRESS", "LLMHUB_API_KEY", "LLMHUB_CA"),
      new Scenario("async-stream", Scenarios::asyncStream),
      new Scenario("deadline", Refusals::deadline),
      new Scenario("cancel", Scenarios::cancel),
      new Scenario("async-cancel", Scenarios::asyncCancel),
      new Scenario("error-details", Refusals::errorDetails),
      new Scenario("resume", Scenarios::resume, "LLMHUB_BREAKING_ADDRESS", "LLMHUB_API_KEY"),
      new Scenario("idempotency", Scenarios::idempotency),
      new Scenario("metadata", Scenarios::headers),
      new Scenario("big-message", Scenarios::bigMessage),
      new Scenario("retry", Refusals::retry, "LLMHUB_ADDRESS", "LLMHUB_LIMITED_API_KEY"),
      new Scenario("no-blind-retry", Refusals::noBlindRetry),
      new Scenario("read-retry", Refusals::readRetry),
      new Scenario("health", Scenarios::health),
      new Scenario("reflection", Scenarios::reflection));

  public static void main(String[] args) {
    int failed = 0;
    for (Scenario scenario : SCENARIOS) {
      try {
        attempt(scenario);
        System.out.println("ok " + scenario.name());
      } catch (Throwable error) { // one that fails must not hide the next
        failed++;
        System.out.println("not ok " + scenario.name() + ": " + error.toString().replace("\n", " "));
      }
    }
    System.exit(failed);
  }

  private static void attempt(Scenario scenario) throws Exception {
    String config = Files.readString(Path.of(System.getenv("LLMHUB_SERVICE_CONFIG")));
    Path ca = scenario.ca() == null ? null : Path.of(System.getenv(scenario.ca()));
    Gateway gateway = new Gateway(System.getenv(scenario.address()), System.getenv(scenario.key()), config, ca);
    ManagedChannel channel = gateway.channel();
    try {
      // The gateway's log line of a call has it.
      var named = MetadataUtils.newAttachHeadersInterceptor(Gateway.header("x-request-id", scenario.name()));
      scenario.body().run(ClientInterceptors.intercept(channel, named));
    } finally {
      channel.shutdownNow();
    }
  }
}
