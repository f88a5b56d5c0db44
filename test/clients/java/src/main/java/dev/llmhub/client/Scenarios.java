package dev.llmhub.client;

import dev.llmhub.v1.CompleteRequest;
import dev.llmhub.v1.CompleteResponse;
import dev.llmhub.v1.CompletionServiceGrpc;
import dev.llmhub.v1.CompletionServiceGrpc.CompletionServiceBlockingStub;
import dev.llmhub.v1.EmbedRequest;
import dev.llmhub.v1.EmbedResponse;
import dev.llmhub.v1.EmbeddingServiceGrpc;
import dev.llmhub.v1.FinishReason;
import dev.llmhub.v1.StreamCompleteRequest;
import dev.llmhub.v1.StreamCompleteResponse;
import dev.llmhub.v1.StreamFinished;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What a program does with the gateway, one method each. They throw where something is not as it should be. */
final class Scenarios {
  // The simulator's answers come at once with this model; other words behind the colons make it slow or let it fail.
  static final String MODEL = "simulator/gpt:first-token-0:pace-0";
  static final String PROMPT = "Count to 20";
  static final long TIMEOUT_S = 30;

  private Scenarios() {}

  static CompletionServiceBlockingStub completions(Channel channel) {
    return CompletionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS);
  }

  static CompleteRequest ask(String model, String input) {
    return CompleteRequest.newBuilder().setModel(model).setInput(input).build();
  }

  static void check(boolean holds, Object found) {
    if (!holds) {
      throw new AssertionError(found);
    }
  }

  /** A whole answer. */
  static void unary(Channel channel) {
    CompleteResponse answer = completions(channel).complete(ask("simulator/gpt", PROMPT));
    check(answer.getMessage().getContent(0).getText().endsWith("19, 20."), answer);
    check(answer.getFinishReason() == FinishReason.FINISH_REASON_STOP, answer);
    check(answer.getUsage().getInputTokens() > 0 && answer.getUsage().getOutputTokens() > 0, answer);
    check(answer.getCost().getTotal().getCurrencyCode().equals("USD"), answer);
    check(answer.getCost().getTotal().getAmountNanos() > 0, answer);
    check(answer.getRouting().getProvider().equals("simulator"), answer);
  }

  /** An answer piece by piece. */
  static void stream(Channel channel) {
    List<String> pieces = new ArrayList<>();
    StreamFinished finished = new Answer(ask(MODEL, PROMPT)).read(completions(channel), pieces::add);
    check(String.join("", pieces).endsWith("19, 20."), pieces);
    check(pieces.size() > 5, pieces);
    check(finished.getUsage().getOutputTokens() > 0, finished);
  }

  /** All is as without TLS. */
  static void encrypted(Channel channel) {
    unary(channel);
    stream(channel);
  }

  /** Who stops listening pays for no more: the call ends with the Context that it is made in. */
  static void cancel(Channel channel) {
    Answer answer = new Answer(ask("simulator/gpt:first-token-0:pace-1000", "Count to 1000"));
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      context.run(() -> answer.read(completions(channel), piece -> context.cancel(null)));
      throw new AssertionError("it was answered");
    } catch (StatusRuntimeException error) {
      check(error.getStatus().getCode() == Status.Code.CANCELLED, error);
    }
  }

  /** A stream without a thread that waits for it. */
  static void asyncStream(Channel channel) throws Exception {
    StringBuilder text = new StringBuilder();
    CompletableFuture<String> answered = new CompletableFuture<>();
    StreamCompleteRequest request = StreamCompleteRequest.newBuilder().setRequest(ask(MODEL, PROMPT)).build();
    CompletionServiceGrpc.newStub(channel)
        .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
        .streamComplete(request, new StreamObserver<>() {
          private boolean finished;

          @Override
          public void onNext(StreamCompleteResponse event) {
            text.append(event.getPartDelta().getText());
            finished |= event.hasFinished();
          }

          @Override
          public void onError(Throwable error) {
            answered.completeExceptionally(error);
          }

          @Override
          public void onCompleted() {
            if (finished) {
              answered.complete(text.toString());
            } else {
              answered.completeExceptionally(new IllegalStateException("the answer was cut"));
            }
          }
        });
    check(answered.get().endsWith("19, 20."), answered);
  }

  /** Its observer can cancel it. */
  static void asyncCancel(Channel channel) throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    CompleteRequest slow = ask("simulator/gpt:first-token-0:pace-1000", "Count to 1000");
    CompletionServiceGrpc.newStub(channel)
        .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
        .streamComplete(
            StreamCompleteRequest.newBuilder().setRequest(slow).build(),
            new ClientResponseObserver<StreamCompleteRequest, StreamCompleteResponse>() {
              private ClientCallStreamObserver<StreamCompleteRequest> call;

              @Override
              public void beforeStart(ClientCallStreamObserver<StreamCompleteRequest> call) {
                this.call = call;
              }

              @Override
              public void onNext(StreamCompleteResponse event) {
                if (event.hasPartDelta()) {
                  call.cancel("enough", null);
                }
              }

              @Override
              public void onError(Throwable error) {
                ended.completeExceptionally(error);
              }

              @Override
              public void onCompleted() {
                ended.complete(null);
              }
            });
    try {
      ended.get();
      throw new AssertionError("it was answered");
    } catch (ExecutionException error) {
      check(Status.fromThrowable(error).getCode() == Status.Code.CANCELLED, error);
    }
  }

  /** A connection breaks in the middle of an answer, and no word of it is lost or comes twice. */
  static void resume(Channel channel) {
    StringBuilder text = new StringBuilder();
    Answer answer = new Answer(ask("simulator/claude:first-token-0:pace-10", "Count to 50"));
    answer.read(completions(channel), text::append);
    String counted = IntStream.rangeClosed(1, 50).mapToObj(Integer::toString).collect(Collectors.joining(", "));
    check(text.toString().equals(counted + "."), text);
    check(answer.resumes() > 0, "the connection did not break"); // more where a call goes to the one that has just died
  }

  /** A repeat with the same key gets the first answer, and costs nothing. */
  static void idempotency(Channel channel) {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    CompletionServiceBlockingStub stub = completions(channel).withInterceptors(
        MetadataUtils.newAttachHeadersInterceptor(Gateway.header("idempotency-key", UUID.randomUUID().toString())),
        MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    CompleteResponse first = stub.complete(ask(MODEL, PROMPT));
    CompleteResponse second = stub.complete(ask(MODEL, PROMPT));
    check(first.getId().equals(second.getId()), first.getId() + " " + second.getId());
    check("true".equals(value(headers.get(), "x-llmhub-idempotent-replay")), headers);
  }

  /** Headers of an answer: the id of the call's log line, and what a limit leaves. */
  static void headers(Channel channel) {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    completions(channel)
        .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
        .complete(ask(MODEL, PROMPT));
    check("metadata".equals(value(headers.get(), "x-request-id")), headers);
    check("10000".equals(value(headers.get(), "x-ratelimit-limit-requests")), headers);
  }

  static String value(Metadata headers, String name) {
    return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  /** A request of 6.6 MB, and an answer above the 4 MiB that channels take unless told otherwise. */
  static void bigMessage(Channel channel) {
    CompleteResponse answer = completions(channel).complete(ask(MODEL, "All work and no play. ".repeat(300_000)));
    check(answer.getUsage().getInputTokens() > 1_000_000, answer.getUsage());
    EmbedRequest.Builder request = EmbedRequest.newBuilder().setModel("simulator/embedding").setDimensions(3072);
    IntStream.range(0, 400).mapToObj(Integer::toString).forEach(request::addInputs);
    EmbedResponse embedded = EmbeddingServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
        .embed(request.build());
    check(embedded.getVectorsCount() == 400, embedded.getVectorsCount());
    check(embedded.getVectors(399).getValuesCount() == 3072, embedded.getVectors(399).getValuesCount());
  }

  /** Whether the gateway, and a service of it, can be called. */
  static void health(Channel channel) {
    for (String service : List.of("", "llmhub.v1.CompletionService")) {
      HealthCheckResponse answer = HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
          .check(HealthCheckRequest.newBuilder().setService(service).build());
      check(answer.getStatus() == ServingStatus.SERVING, answer);
    }
  }

  /** The gateway describes itself. */
  static void reflection(Channel channel) throws Exception {
    CompletableFuture<ServerReflectionResponse> answered = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> questions = ServerReflectionGrpc.newStub(channel)
        .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
        .serverReflectionInfo(new StreamObserver<>() {
          @Override
          public void onNext(ServerReflectionResponse answer) {
            answered.complete(answer);
          }

          @Override
          public void onError(Throwable error) {
            answered.completeExceptionally(error);
          }

          @Override
          public void onCompleted() {}
        });
    questions.onNext(ServerReflectionRequest.newBuilder().setListServices("*").build());
    List<String> names = answered.get().getListServicesResponse().getServiceList().stream()
        .map(ServiceResponse::getName)
        .toList();
    questions.onCompleted();
    check(names.contains("llmhub.v1.CompletionService"), names);
  }
}
