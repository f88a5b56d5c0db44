package dev.llmhub.client;

import com.google.gson.Gson;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Where the gateway is, and the key that it knows the caller by.
 *
 * @param serviceConfig JSON: what is repeated, how connections are balanced
 * @param ca certificate authority of the gateway, PEM; null for clear text
 */
record Gateway(String address, String key, String serviceConfig, Path ca) {
  /** A program needs one channel: it is for all threads, and connects anew where a connection breaks. */
  ManagedChannel channel() throws IOException {
    // Retries are on by default. They do what the service config says, and repeat what no server has seen.
    return Grpc.newChannelBuilder(address, credentials())
        .defaultServiceConfig(new Gson().<Map<String, ?>>fromJson(serviceConfig, Map.class))
        .keepAliveTime(30, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .intercept(MetadataUtils.newAttachHeadersInterceptor(header("authorization", "Bearer " + key)))
        .build();
  }

  private ChannelCredentials credentials() throws IOException {
    return ca == null
        ? InsecureChannelCredentials.create()
        : TlsChannelCredentials.newBuilder().trustManager(ca.toFile()).build();
  }

  /** Headers with one name. */
  static Metadata header(String name, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return headers;
  }
}
