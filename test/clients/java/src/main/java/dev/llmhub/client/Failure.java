package dev.llmhub.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** What the gateway says with an error. */
record Failure(Status.Code code, List<Any> details) {
  static Failure of(Throwable error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    return new Failure(Status.fromThrowable(error).getCode(), status == null ? List.of() : status.getDetailsList());
  }

  /** ErrorInfo, BadRequest, llmhub.v1.CompletionFailure and others; empty where the error has none. */
  <T extends Message> Optional<T> detail(Class<T> kind) {
    return details.stream().filter(detail -> detail.is(kind)).findFirst().map(detail -> unpack(detail, kind));
  }

  /** Name of an llmhub.v1.ErrorReason. Empty: the error is not the gateway's, but of the way there. */
  String reason() {
    return detail(ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
  }

  /** When to repeat the call. Empty: that does not help. */
  Optional<Duration> retryDelay() {
    return detail(RetryInfo.class)
        .map(RetryInfo::getRetryDelay)
        .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
  }

  /** Repeats a call exactly when the gateway says that it may help, after the time that it says. */
  static <T> T retrying(int attempts, Callable<T> call) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        return call.call();
      } catch (StatusRuntimeException error) {
        Optional<Duration> delay = of(error).retryDelay();
        if (delay.isEmpty() || attempt == attempts) {
          throw error;
        }
        Thread.sleep(delay.get().toMillis());
      }
    }
  }

  private static <T extends Message> T unpack(Any detail, Class<T> kind) {
    try {
      return detail.unpack(kind);
    } catch (InvalidProtocolBufferException error) {
      throw new IllegalArgumentException("a detail that cannot be read", error);
    }
  }
}
