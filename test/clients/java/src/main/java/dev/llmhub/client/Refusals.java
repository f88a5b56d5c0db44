package dev.llmhub.client;

import static dev.llmhub.client.Scenarios.MODEL;
import static dev.llmhub.client.Scenarios.PROMPT;
import static dev.llmhub.client.Scenarios.ask;
import static dev.llmhub.client.Scenarios.check;
import static dev.llmhub.client.Scenarios.completions;

import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import dev.llmhub.v1.Attempt;
import dev.llmhub.v1.CompleteResponse;
import dev.llmhub.v1.CompletionFailure;
import dev.llmhub.v1.CompletionServiceGrpc.CompletionServiceBlockingStub;
import dev.llmhub.v1.CountTokensRequest;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** How calls fail, and when they are repeated; as Scenarios. */
final class Refusals {
  private Refusals() {}

  private static Failure failureOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      return Failure.of(error);
    }
    throw new AssertionError("it was answered");
  }

  /** What takes too long ends with DEADLINE_EXCEEDED, on both sides. */
  static void deadline(Channel channel) {
    CompletionServiceBlockingStub stub = completions(channel).withDeadlineAfter(500, TimeUnit.MILLISECONDS);
    Failure failure = failureOf(() -> stub.complete(ask("simulator/gpt:latency-60000", PROMPT)));
    check(failure.code() == Status.Code.DEADLINE_EXCEEDED, failure);
  }

  /** What an error says beside its code: what is wrong, or what was tried and when to come again. */
  static void errorDetails(Channel channel) {
    CompletionServiceBlockingStub stub = completions(channel);
    Failure wrong = failureOf(() -> stub.complete(ask(MODEL, PROMPT).toBuilder().setTemperature(9).build()));
    check(wrong.code() == Status.Code.INVALID_ARGUMENT, wrong);
    check(wrong.reason().equals("INVALID_REQUEST"), wrong);
    check(wrong.detail(ErrorInfo.class).orElseThrow().getDomain().equals("llmhub"), wrong);
    check(wrong.detail(BadRequest.class).orElseThrow().getFieldViolations(0).getField().equals("temperature"), wrong);
    check(wrong.retryDelay().isEmpty(), wrong);

    Failure limited = failureOf(() -> stub.complete(ask("simulator/gpt-java:429:retry-after-1", PROMPT)));
    check(limited.code() == Status.Code.RESOURCE_EXHAUSTED, limited);
    check(limited.reason().equals("PROVIDER_RATE_LIMITED"), limited);
    check("simulator".equals(limited.detail(ErrorInfo.class).orElseThrow().getMetadataMap().get("provider")), limited);
    Duration delay = limited.retryDelay().orElseThrow();
    check(delay.compareTo(Duration.ZERO) > 0 && delay.compareTo(Duration.ofSeconds(1)) <= 0, delay);
    CompletionFailure tried = limited.detail(CompletionFailure.class).orElseThrow();
    List<Integer> statuses = tried.getAttemptsList().stream().map(Attempt::getUpstreamStatus).toList();
    check(statuses.equals(List.of(429, 429, 429)), tried);
  }

  /** The key allows one call at a time: a second is refused until the stream is over. */
  static void retry(Channel channel) throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    Answer slow = new Answer(ask("simulator/gpt:first-token-0:pace-20", PROMPT));
    var ended = CompletableFuture.runAsync(() -> slow.read(completions(channel), piece -> began.countDown()));
    check(began.await(Scenarios.TIMEOUT_S, TimeUnit.SECONDS), "the stream did not begin");

    AtomicReference<Metadata> trailers = new AtomicReference<>();
    CompletionServiceBlockingStub stub = completions(channel)
        .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers));
    List<Failure> refusals = new ArrayList<>();
    CompleteResponse answer = Failure.retrying(5, () -> {
      try {
        return stub.complete(ask(MODEL, PROMPT));
      } catch (StatusRuntimeException error) {
        Failure refusal = Failure.of(error);
        refusals.add(refusal);
        check(refusal.reason().equals("CONCURRENCY_LIMITED"), refusal);
        // The same delay, for libraries that know nothing of details.
        String pushback = Scenarios.value(trailers.get(), "grpc-retry-pushback-ms");
        check(pushback.equals(String.valueOf(refusal.retryDelay().orElseThrow().toMillis())), pushback);
        throw error;
      }
    });
    ended.get();
    check(!refusals.isEmpty() && !answer.getId().isEmpty(), refusals);
  }

  /** The service config repeats no call that costs something. */
  static void noBlindRetry(Channel channel) {
    Failure failure = failureOf(() -> completions(channel).complete(ask("simulator/gpt:503", PROMPT)));
    check(failure.code() == Status.Code.UNAVAILABLE && failure.retryDelay().isPresent(), failure);
  }

  /** It repeats those that do not, when the gateway says. */
  static void readRetry(Channel channel) {
    CountTokensRequest request = CountTokensRequest.newBuilder()
        .setRequest(ask("simulator/claude:503:retry-after-0", PROMPT))
        .build();
    Failure failure = failureOf(() -> completions(channel).countTokens(request));
    check(failure.code() == Status.Code.UNAVAILABLE, failure);
  }
}
