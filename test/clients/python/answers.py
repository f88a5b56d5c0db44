"""Reads streamed answers, on another connection where the one breaks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING

import grpc
from failures import failure_of
from gateway import Metadata
from llmhub.v1.completion_pb2 import (
    CompleteRequest,
    StreamCompleteRequest,
    StreamCompleteResponse,
    StreamFinished,
    StreamResume,
)

if TYPE_CHECKING:
    from llmhub.v1.completion_service_pb2_grpc import CompletionServiceAsyncStub, CompletionServiceStub

RESUMES_MAX = 5


class Answer:
    """How far a streamed answer has come."""

    def __init__(self, request: CompleteRequest) -> None:
        self._request = request
        self._token = ""
        self._sequence = 0
        self.resumes = 0
        self.finished: StreamFinished | None = None
        """Usage, cost and why the model stopped, once it has."""

    def next_call(self) -> StreamCompleteRequest:
        """Asks for the answer, or for the rest of it."""
        if self._token == "":
            return StreamCompleteRequest(request=self._request)
        return StreamCompleteRequest(resume=StreamResume(token=self._token, after_sequence=self._sequence))

    def take(self, event: StreamCompleteResponse) -> str:
        """Gives the text that an event adds."""
        self._sequence = event.sequence or self._sequence  # heartbeats have no number
        match event.WhichOneof("event"):
            case "started":
                self._token = event.started.resume_token
            case "finished":
                self.finished = event.finished
        return event.part_delta.text

    def end(self) -> None:
        """An end without the last event is a cut."""
        if self.finished is None:
            self._resume_after(EOFError("the answer was cut"))

    def fail(self, error: grpc.RpcError) -> None:
        """Raises the error if it is the gateway's, or the deadline came; else it is of the way there."""
        failure = failure_of(error)
        if failure.info.reason != "" or failure.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise error
        self._resume_after(error)

    def _resume_after(self, error: Exception) -> None:
        """Raises the error if there is no rest to ask for."""
        if self._token == "" or self.resumes == RESUMES_MAX:
            raise error
        self.resumes += 1


def stream(
    stub: CompletionServiceStub, answer: Answer, timeout: float, metadata: Metadata
) -> Generator[str, None, None]:
    """Pieces of text as they come. Closing the generator cancels the call."""
    ends = time.monotonic() + timeout
    while answer.finished is None:
        call = stub.StreamComplete(answer.next_call(), timeout=ends - time.monotonic(), metadata=metadata)
        try:
            for event in call:
                if text := answer.take(event):
                    yield text
            answer.end()
        except grpc.RpcError as error:
            answer.fail(error)
        finally:
            call.cancel()


async def aio_stream(
    stub: CompletionServiceAsyncStub, answer: Answer, timeout: float, metadata: Metadata
) -> AsyncGenerator[str, None]:
    """The same for asyncio. Closing the generator, or cancelling the task, cancels the call."""
    ends = time.monotonic() + timeout
    while answer.finished is None:
        call = stub.StreamComplete(answer.next_call(), timeout=ends - time.monotonic(), metadata=metadata)
        try:
            async for event in call:
                if text := answer.take(event):
                    yield text
            answer.end()
        except grpc.RpcError as error:
            answer.fail(error)
        finally:
            call.cancel()
