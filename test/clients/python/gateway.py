"""Channels to the gateway."""

from dataclasses import dataclass
from pathlib import Path

import grpc

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Gateway:
    """Where the gateway is, and the key that it knows the caller by."""

    address: str
    key: str
    service_config: str
    """As JSON: what is repeated, how connections are balanced."""
    ca: Path | None = None
    """Certificate authority of the gateway, PEM. None: clear text."""

    @property
    def metadata(self) -> Metadata:
        """Goes with every call."""
        return (("authorization", f"Bearer {self.key}"),)

    def channel(self) -> grpc.Channel:
        """A program needs one: it is for all threads, and connects anew where a connection breaks."""
        if self.ca is None:
            return grpc.insecure_channel(self.address, self._options())
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(self.ca.read_bytes()), self._options())

    def aio_channel(self) -> grpc.aio.Channel:
        """The same for one event loop."""
        if self.ca is None:
            return grpc.aio.insecure_channel(self.address, self._options())
        credentials = grpc.ssl_channel_credentials(self.ca.read_bytes())
        return grpc.aio.secure_channel(self.address, credentials, self._options())

    def _options(self) -> list[tuple[str, str | int]]:
        return [
            ("grpc.service_config", self.service_config),
            # The service config can only lower what a channel takes: 4 MiB, unless said here.
            ("grpc.max_receive_message_length", 16 * 1024 * 1024),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
        ]
