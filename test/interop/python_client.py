"""Calls the gateway as a Python program would, and checks what comes back.

Usage: python_client.py HOST:PORT, with the generated stubs on PYTHONPATH (run.sh does both).
Prints one line per check; the exit code is the number of failures.
"""

import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from llmhub.v1 import (
    completion_pb2,
    completion_service_pb2_grpc,
    content_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
)

TIMEOUT_S = 30


def check_unary(stub):
    """A whole answer, and the next turn of the conversation with it."""
    question = content_pb2.ChatMessage(text="Name a colour.")
    first = stub.Complete(
        completion_pb2.CompleteRequest(model="simulator/gpt", messages=[question]), timeout=TIMEOUT_S
    )
    assert first.message.role == content_pb2.ROLE_ASSISTANT, first
    assert first.message.content[0].text, first
    assert first.finish_reason == completion_pb2.FINISH_REASON_STOP, first
    assert first.usage.input_tokens > 0 and first.usage.output_tokens > 0, first.usage
    more = content_pb2.ChatMessage(text="Another one.")
    second = stub.Complete(
        completion_pb2.CompleteRequest(model="simulator/claude", messages=[question, first.message, more]),
        timeout=TIMEOUT_S,
    )
    assert second.message.content[0].text, second
    assert second.usage.input_tokens > first.usage.input_tokens, second.usage


def check_stream(stub):
    """A streamed answer: ordered, numbered, finished."""
    request = completion_pb2.CompleteRequest(model="simulator/gpt", input="Grüße an 👋")
    events = list(
        stub.StreamComplete(completion_pb2.StreamCompleteRequest(request=request), timeout=TIMEOUT_S)
    )
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[0] == "started" and kinds[-1] == "finished", kinds
    numbered = [event.sequence for event in events if event.sequence > 0]
    assert numbered == list(range(1, len(numbered) + 1)), numbered
    text = "".join(event.part_delta.text for event in events)
    whole = stub.Complete(request, timeout=TIMEOUT_S)
    assert text == whole.message.content[0].text, (text, whole)
    assert events[-1].finished.usage.output_tokens > 0, events[-1]


def failure_of(call):
    """The error that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def details_of(error, *kinds):
    """The details of these kinds, empty where the error has none."""
    found = [kind() for kind in kinds]
    for detail in rpc_status.from_call(error).details:
        for known in found:
            detail.Unpack(known)
    return found


def check_failure(stub):
    """A call that fails, with the details a program goes by."""
    request = completion_pb2.CompleteRequest(model="simulator/gpt:429:retry-after-2", input="hi")
    error = failure_of(lambda: stub.Complete(request, timeout=TIMEOUT_S))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
    info, retry, failure = details_of(
        error, error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, completion_pb2.CompletionFailure
    )
    assert (info.domain, info.reason) == ("llmhub", "PROVIDER_RATE_LIMITED"), info
    assert info.metadata["provider"] == "simulator", info
    assert retry.retry_delay.seconds == 2, retry
    # The gateway has waited and asked again before it says so.
    assert [attempt.upstream_status for attempt in failure.attempts] == [429, 429, 429], failure
    print(f"# {error.code().name} {info.reason} {dict(info.metadata)}, repeat after {retry.retry_delay.seconds} s")


def check_deadline(stub):
    """The gateway's own error arrives before the client gives up."""
    request = completion_pb2.CompleteRequest(model="simulator/gpt:stall", input="hi")
    error = failure_of(lambda: stub.Complete(request, timeout=2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    assert rpc_status.from_call(error) is not None, "the client's own error, not the gateway's"
    (info,) = details_of(error, error_details_pb2.ErrorInfo)
    assert info.reason == "DEADLINE_EXCEEDED", info


def check_models(stub):
    """What can be called."""
    names = [model.name for model in stub.ListModels(model_service_pb2.ListModelsRequest(), timeout=TIMEOUT_S).models]
    assert "providers/simulator/models/gpt" in names, names


def run(name, check, stub):
    try:
        check(stub)
    except Exception as error:  # a check that fails must not hide the next
        print(f"not ok python: {name}: {error!r}")
        return 1
    print(f"ok python: {name}")
    return 0


def main(address):
    with grpc.insecure_channel(address) as channel:
        completions = completion_service_pb2_grpc.CompletionServiceStub(channel)
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        failed = [
            run("unary call and next turn", check_unary, completions),
            run("streaming call", check_stream, completions),
            run("failing call with ErrorInfo and RetryInfo", check_failure, completions),
            run("deadline", check_deadline, completions),
            run("models", check_models, models),
        ]
    return sum(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
