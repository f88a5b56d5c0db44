"""What a program does with the gateway, one function each. They raise where something is not as it should be."""

import asyncio
import contextlib
import uuid

import grpc
from answers import Answer, aio_stream, stream
from gateway import Metadata
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from llmhub.v1.completion_pb2 import FINISH_REASON_STOP, CompleteRequest, StreamCompleteRequest
from llmhub.v1.completion_service_pb2_grpc import CompletionServiceStub
from llmhub.v1.content_pb2 import ROLE_ASSISTANT, ChatMessage
from llmhub.v1.embedding_pb2 import EmbedRequest
from llmhub.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from llmhub.v1.model_service_pb2 import ListModelsRequest
from llmhub.v1.model_service_pb2_grpc import ModelServiceStub

TIMEOUT_S = 30
# The simulator's answers come at once with this model; other words behind the colons make it slow or let it fail.
MODEL = "simulator/gpt:first-token-0:pace-0"
PROMPT = "Count to 20"


def unary(channel: grpc.Channel, metadata: Metadata) -> None:
    """A whole answer."""
    request = CompleteRequest(model="simulator/gpt", input=PROMPT)
    answer = CompletionServiceStub(channel).Complete(request, timeout=TIMEOUT_S, metadata=metadata)
    assert answer.message.role == ROLE_ASSISTANT, answer
    assert answer.message.content[0].text.endswith("19, 20."), answer
    assert answer.finish_reason == FINISH_REASON_STOP, answer
    assert answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer.usage
    assert answer.cost.total.currency_code == "USD" and answer.cost.total.amount_nanos > 0, answer.cost
    assert answer.routing.provider == "simulator", answer.routing


def say_hi(channel: grpc.Channel, metadata: Metadata) -> None:
    """A whole answer, and the same as a stream."""
    stub = CompletionServiceStub(channel)
    request = CompleteRequest(model="simulator/gpt", input="Say hi")
    whole = stub.Complete(request, timeout=30, metadata=metadata).message.content[0].text
    events = stub.StreamComplete(StreamCompleteRequest(request=request), timeout=30, metadata=metadata)
    assert "".join(event.part_delta.text for event in events) == whole


def next_turn(channel: grpc.Channel, metadata: Metadata) -> None:
    """A conversation goes on, with another model."""
    stub = CompletionServiceStub(channel)
    messages = [ChatMessage(text="Name a colour.")]
    request = CompleteRequest(model=MODEL, messages=messages)
    first = stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata)
    messages += [first.message, ChatMessage(text="Another one.")]
    request = CompleteRequest(model="simulator/claude", messages=messages)
    second = stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata)
    assert second.message.content[0].text, second
    assert second.usage.input_tokens > first.usage.input_tokens, second.usage


def streamed(channel: grpc.Channel, metadata: Metadata) -> None:
    """An answer piece by piece."""
    answer = Answer(CompleteRequest(model=MODEL, input=PROMPT))
    check_streamed(answer, list(stream(CompletionServiceStub(channel), answer, TIMEOUT_S, metadata)))


async def aio_streamed(channel: grpc.aio.Channel, metadata: Metadata) -> None:
    """The same for asyncio."""
    answer = Answer(CompleteRequest(model=MODEL, input=PROMPT))
    stub = CompletionServiceStub(channel)
    check_streamed(answer, [piece async for piece in aio_stream(stub, answer, TIMEOUT_S, metadata)])


def check_streamed(answer: Answer, pieces: list[str]) -> None:
    assert "".join(pieces).endswith("19, 20."), pieces
    assert len(pieces) > 5, pieces
    assert answer.finished is not None and answer.finished.usage.output_tokens > 0, answer.finished


def encrypted(channel: grpc.Channel, metadata: Metadata) -> None:
    """All is as without TLS."""
    unary(channel, metadata)
    streamed(channel, metadata)


def event_order(channel: grpc.Channel, metadata: Metadata) -> None:
    """Events begin with "started", end with "finished", and are numbered without gaps; the text is that of a whole answer."""
    stub = CompletionServiceStub(channel)
    request = CompleteRequest(model=MODEL, input="Grüße an 👋")
    events = list(stub.StreamComplete(StreamCompleteRequest(request=request), timeout=TIMEOUT_S, metadata=metadata))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[0] == "started" and kinds[-1] == "finished", kinds
    numbers = [event.sequence for event in events if event.sequence > 0]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    whole = stub.Complete(request, timeout=TIMEOUT_S, metadata=metadata)
    assert "".join(event.part_delta.text for event in events) == whole.message.content[0].text, whole


def cancel(channel: grpc.Channel, metadata: Metadata) -> None:
    """Who stops listening pays for no more."""
    answer = Answer(CompleteRequest(model="simulator/gpt:first-token-0:pace-1000", input="Count to 1000"))
    with contextlib.closing(stream(CompletionServiceStub(channel), answer, TIMEOUT_S, metadata)) as pieces:
        next(pieces)
    assert answer.finished is None


async def aio_cancel(channel: grpc.aio.Channel, metadata: Metadata) -> None:
    """A task that is cancelled cancels its call."""
    answer = Answer(CompleteRequest(model="simulator/gpt:first-token-0:pace-1000", input="Count to 1000"))
    began = asyncio.Event()

    async def read() -> None:
        async for _ in aio_stream(CompletionServiceStub(channel), answer, TIMEOUT_S, metadata):
            began.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(began.wait(), TIMEOUT_S)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


def resume(channel: grpc.Channel, metadata: Metadata) -> None:
    """A connection breaks in the middle of an answer, and no word of it is lost or comes twice."""
    answer = Answer(CompleteRequest(model="simulator/claude:first-token-0:pace-10", input="Count to 50"))
    text = "".join(stream(CompletionServiceStub(channel), answer, TIMEOUT_S, metadata))
    assert text == ", ".join(str(number) for number in range(1, 51)) + ".", text
    assert answer.resumes > 0  # more where a call still goes to the connection that has just died


def idempotency(channel: grpc.Channel, metadata: Metadata) -> None:
    """A repeat with the same key gets the first answer, and costs nothing."""
    stub = CompletionServiceStub(channel)
    with_key = (*metadata, ("idempotency-key", str(uuid.uuid4())))
    request = CompleteRequest(model=MODEL, input=PROMPT)
    first = stub.Complete(request, timeout=TIMEOUT_S, metadata=with_key)
    second, call = stub.Complete.with_call(request, timeout=TIMEOUT_S, metadata=with_key)
    assert first.id == second.id, (first.id, second.id)
    assert dict(call.initial_metadata())["x-llmhub-idempotent-replay"] == "true", call.initial_metadata()


def headers(channel: grpc.Channel, metadata: Metadata) -> None:
    """Headers of an answer: the id of the call's log line, and what a limit leaves."""
    stub = CompletionServiceStub(channel)
    request = CompleteRequest(model=MODEL, input=PROMPT)
    _, call = stub.Complete.with_call(request, timeout=TIMEOUT_S, metadata=metadata)
    received = dict(call.initial_metadata())
    assert received["x-request-id"] == dict(metadata)["x-request-id"], received
    assert received["x-ratelimit-limit-requests"] == "10000", received


def big_message(channel: grpc.Channel, metadata: Metadata) -> None:
    """A request of 6.6 MB, and an answer above the 4 MiB that channels take unless told otherwise."""
    request = CompleteRequest(model=MODEL, input="All work and no play. " * 300_000)
    answer = CompletionServiceStub(channel).Complete(request, timeout=TIMEOUT_S, metadata=metadata)
    assert answer.usage.input_tokens > 1_000_000, answer.usage
    asked = EmbedRequest(model="simulator/embedding", dimensions=3072)
    asked.inputs.extend(str(number) for number in range(400))
    embedded = EmbeddingServiceStub(channel).Embed(asked, timeout=TIMEOUT_S, metadata=metadata)
    assert [len(vector.values) for vector in embedded.vectors] == [3072] * 400


def health(channel: grpc.Channel, metadata: Metadata) -> None:
    """Whether the gateway serves, and what can be called."""
    for service in ("", "llmhub.v1.CompletionService"):
        answer = HealthStub(channel).Check(HealthCheckRequest(service=service), timeout=TIMEOUT_S, metadata=metadata)
        assert answer.status == HealthCheckResponse.SERVING, (service, answer)
    models = ModelServiceStub(channel).ListModels(ListModelsRequest(), timeout=TIMEOUT_S, metadata=metadata).models
    assert "providers/simulator/models/gpt" in [model.name for model in models], models


def reflection(channel: grpc.Channel, metadata: Metadata) -> None:
    """The gateway describes itself."""
    assert "llmhub.v1.CompletionService" in ProtoReflectionDescriptorDatabase(channel).get_services()
