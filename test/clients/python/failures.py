"""What the gateway says with an error, and when to repeat a call for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status
from llmhub.v1.completion_pb2 import CompletionFailure

T = TypeVar("T")


@dataclass
class Failure:
    """An error with its details decoded; those that it does not have are empty."""

    code: grpc.StatusCode
    info: ErrorInfo = field(default_factory=ErrorInfo)
    """Reason and metadata. No reason: the error is not the gateway's, but of the way there."""
    retry_delay_s: float | None = None
    """None: a repeat does not help."""
    request: BadRequest = field(default_factory=BadRequest)
    """Which fields of the request are wrong."""
    tried: CompletionFailure = field(default_factory=CompletionFailure)
    """Attempts at providers, and what they cost all the same."""


def failure_of(error: grpc.RpcError) -> Failure:
    """Reads the error of a call, of grpc or of grpc.aio."""
    call = cast(grpc.Call, error)  # what is raised has a call's accessors
    failure = Failure(call.code())
    status = rpc_status.from_call(call)
    retry = RetryInfo()
    for detail in [] if status is None else status.details:
        if detail.Unpack(retry):
            failure.retry_delay_s = retry.retry_delay.ToTimedelta().total_seconds()
        else:  # Unpack leaves alone what is of another type
            any(detail.Unpack(member) for member in (failure.info, failure.request, failure.tried))
    return failure


def retrying(call: Callable[[], T], attempts: int = 5) -> T:
    """Repeats a call exactly when the gateway says that it may help, after the time that it says."""
    for _ in range(attempts - 1):
        try:
            return call()
        except grpc.RpcError as error:
            delay_s = failure_of(error).retry_delay_s
            if delay_s is None:
                raise
            time.sleep(delay_s)
    return call()
