"""How calls fail, and when they are repeated; as scenarios.py."""

import threading
from collections.abc import Callable

import grpc
from answers import Answer, aio_stream, stream
from failures import Failure, failure_of, retrying
from gateway import Metadata
from llmhub.v1.completion_pb2 import CompleteRequest, CompleteResponse
from llmhub.v1.completion_service_pb2 import CountTokensRequest
from llmhub.v1.completion_service_pb2_grpc import CompletionServiceStub
from scenarios import MODEL, PROMPT, TIMEOUT_S


def failure_from(call: Callable[[], object]) -> Failure:
    """How a call fails."""
    try:
        call()
    except grpc.RpcError as error:
        return failure_of(error)
    raise AssertionError("it was answered")


def deadline(channel: grpc.Channel, metadata: Metadata) -> None:
    """What takes too long ends with DEADLINE_EXCEEDED, on both sides."""
    request = CompleteRequest(model="simulator/gpt:latency-60000", input=PROMPT)
    stub = CompletionServiceStub(channel)
    failure = failure_from(lambda: stub.Complete(request, timeout=0.5, metadata=metadata))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED, failure


def own_deadline(channel: grpc.Channel, metadata: Metadata) -> None:
    """The gateway gives up a moment before the caller does, and says so itself."""
    request = CompleteRequest(model="simulator/gpt:stall", input=PROMPT)
    stub = CompletionServiceStub(channel)
    for _ in range(5):  # on a busy machine the caller may be first
        failure = failure_from(lambda: stub.Complete(request, timeout=0.5, metadata=metadata))
        assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED, failure
        if failure.info.reason == "DEADLINE_EXCEEDED":
            return
    raise AssertionError(failure)


async def aio_deadline(channel: grpc.aio.Channel, metadata: Metadata) -> None:
    """A deadline in the middle of a stream."""
    answer = Answer(CompleteRequest(model="simulator/gpt:first-token-0:pace-200", input="Count to 1000"))
    try:
        async for _ in aio_stream(CompletionServiceStub(channel), answer, 1, metadata):
            pass
    except grpc.RpcError as error:
        assert failure_of(error).code is grpc.StatusCode.DEADLINE_EXCEEDED, error
    else:
        raise AssertionError("it was answered")


def error_details(channel: grpc.Channel, metadata: Metadata) -> None:
    """What an error says beside its code: what is wrong, or what was tried and when to come again."""
    stub = CompletionServiceStub(channel)
    request = CompleteRequest(model=MODEL, input=PROMPT, temperature=9)
    wrong = failure_from(lambda: stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata))
    assert wrong.code is grpc.StatusCode.INVALID_ARGUMENT, wrong
    assert (wrong.info.domain, wrong.info.reason) == ("llmhub", "INVALID_REQUEST"), wrong
    assert [violation.field for violation in wrong.request.field_violations] == ["temperature"], wrong
    assert wrong.retry_delay_s is None, wrong

    request = CompleteRequest(model="simulator/gpt-python:429:retry-after-1", input=PROMPT)
    limited = failure_from(lambda: stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata))
    assert limited.code is grpc.StatusCode.RESOURCE_EXHAUSTED, limited
    assert limited.info.reason == "PROVIDER_RATE_LIMITED", limited
    assert limited.info.metadata["provider"] == "simulator", limited
    assert limited.retry_delay_s is not None and 0 < limited.retry_delay_s <= 1, limited
    assert [attempt.upstream_status for attempt in limited.tried.attempts] == [429, 429, 429], limited


async def aio_error_details(channel: grpc.aio.Channel, metadata: Metadata) -> None:
    """The same for asyncio."""
    request = CompleteRequest(model="simulator/gpt-nowhere:404", input=PROMPT)
    try:
        await CompletionServiceStub(channel).Complete(request, timeout=TIMEOUT_S, metadata=metadata)
        raise AssertionError("it was answered")
    except grpc.RpcError as error:
        unknown = failure_of(error)
    assert unknown.info.reason == "MODEL_NOT_FOUND", unknown


def retry(channel: grpc.Channel, metadata: Metadata) -> None:
    """The key allows one call at a time: a second is refused until the stream is over."""
    stub = CompletionServiceStub(channel)
    began = threading.Event()
    slow = Answer(CompleteRequest(model="simulator/gpt:first-token-0:pace-20", input=PROMPT))

    def read() -> None:
        for _ in stream(stub, slow, TIMEOUT_S, metadata):
            began.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(TIMEOUT_S)
    refusals: list[Failure] = []

    def call() -> CompleteResponse:
        try:
            return stub.Complete(CompleteRequest(model=MODEL, input=PROMPT), timeout=TIMEOUT_S, metadata=metadata)
        except grpc.RpcError as error:
            failure = failure_of(error)
            refusals.append(failure)
            # The same delay, for libraries that know nothing of details.
            assert isinstance(error, grpc.Call)
            pushback_ms = dict(error.trailing_metadata())["grpc-retry-pushback-ms"]
            assert failure.retry_delay_s == int(pushback_ms) / 1000, (failure, pushback_ms)
            raise

    assert retrying(call).id
    reader.join()
    assert slow.finished is not None
    assert {refusal.info.reason for refusal in refusals} == {"CONCURRENCY_LIMITED"}, refusals


def no_blind_retry(channel: grpc.Channel, metadata: Metadata) -> None:
    """The service config repeats no call that costs something."""
    request = CompleteRequest(model="simulator/gpt:503", input=PROMPT)
    stub = CompletionServiceStub(channel)
    failure = failure_from(lambda: stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata))
    assert failure.code is grpc.StatusCode.UNAVAILABLE and failure.retry_delay_s is not None, failure


def read_retry(channel: grpc.Channel, metadata: Metadata) -> None:
    """It repeats those that do not, when the gateway says."""
    request = CountTokensRequest(
        request=CompleteRequest(model="simulator/claude:503:retry-after-0", input=PROMPT)
    )
    stub = CompletionServiceStub(channel)
    failure = failure_from(lambda: stub.CountTokens(request, timeout=TIMEOUT_S, metadata=metadata))
    assert failure.code is grpc.StatusCode.UNAVAILABLE, failure
