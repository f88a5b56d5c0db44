package dev.llmhub.client;

import dev.llmhub.v1.CompleteRequest;
import dev.llmhub.v1.CompletionServiceGrpc.CompletionServiceBlockingStub;
import dev.llmhub.v1.StreamCompleteRequest;
import dev.llmhub.v1.StreamCompleteResponse;
import dev.llmhub.v1.StreamFinished;
import dev.llmhub.v1.StreamResume;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;
import java.util.function.Consumer;

/** A streamed answer, read on another connection where the one breaks. */
final class Answer {
  private static final int RESUMES_MAX = 5;

  private final CompleteRequest request;
  private String token = "";
  private int sequence;
  private int resumes;
  private StreamFinished finished;

  Answer(CompleteRequest request) {
    this.request = request;
  }

  int resumes() {
    return resumes;
  }

  /**
   * Hands on pieces of text as they come, and gives the last event. The stub's deadline is for all of it; to stop early,
   * cancel the Context that this is called in, or throw.
   */
  StreamFinished read(CompletionServiceBlockingStub stub, Consumer<String> text) {
    while (finished == null) {
      Context.CancellableContext call = Context.current().withCancellation();
      Context caller = call.attach();
      try {
        Iterator<StreamCompleteResponse> events = stub.streamComplete(next());
        while (events.hasNext()) {
          take(events.next(), text);
        }
        if (finished == null) {
          throw Status.UNAVAILABLE.withDescription("the answer was cut").asRuntimeException();
        }
      } catch (StatusRuntimeException error) {
        if (!canResume(error)) {
          throw error;
        }
        resumes++;
      } finally {
        call.detachAndCancel(caller, null);
      }
    }
    return finished;
  }

  /** Asks for the answer, or for the rest of it. */
  private StreamCompleteRequest next() {
    StreamCompleteRequest.Builder next = StreamCompleteRequest.newBuilder();
    return token.isEmpty()
        ? next.setRequest(request).build()
        : next.setResume(StreamResume.newBuilder().setToken(token).setAfterSequence(sequence)).build();
  }

  private void take(StreamCompleteResponse event, Consumer<String> text) {
    // Heartbeats have no number.
    sequence = Math.max(sequence, event.getSequence());
    switch (event.getEventCase()) {
      case STARTED -> token = event.getStarted().getResumeToken();
      case PART_DELTA -> text.accept(event.getPartDelta().getText());
      case FINISHED -> finished = event.getFinished();
      default -> {}
    }
  }

  /** The error is not the gateway's, nor the caller's own, but of the way there; and there is a rest to ask for. */
  private boolean canResume(StatusRuntimeException error) {
    Failure failure = Failure.of(error);
    boolean isLost = failure.reason().isEmpty() && failure.code() != Status.Code.DEADLINE_EXCEEDED;
    return isLost && !Context.current().isCancelled() && !token.isEmpty() && resumes < RESUMES_MAX;
  }
}
