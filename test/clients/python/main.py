"""Calls the gateway as a Python program would, and says of each thing that it tries whether it went well."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import refusals
import scenarios
from gateway import Gateway, Metadata


@dataclass(frozen=True)
class Scenario:
    """Something to try, with threads and with asyncio."""

    name: str
    run: Callable[[grpc.Channel, Metadata], None]
    aio_run: Callable[[grpc.aio.Channel, Metadata], Awaitable[None]] | None = None
    address: str = "LLMHUB_ADDRESS"
    key: str = "LLMHUB_API_KEY"
    ca: str | None = None


SCENARIOS = (
    Scenario("unary", scenarios.unary),
    Scenario("say-hi", scenarios.say_hi),
    Scenario("next-turn", scenarios.next_turn),
    Scenario("stream", scenarios.streamed, scenarios.aio_streamed),
    Scenario("tls", scenarios.encrypted, scenarios.aio_streamed, address="LLMHUB_TLS_ADDRESS", ca="LLMHUB_CA"),
    Scenario("event-order", scenarios.event_order),
    Scenario("deadline", refusals.deadline, refusals.aio_deadline),
    Scenario("own-deadline", refusals.own_deadline),
    Scenario("cancel", scenarios.cancel, scenarios.aio_cancel),
    Scenario("error-details", refusals.error_details, refusals.aio_error_details),
    Scenario("resume", scenarios.resume, address="LLMHUB_BREAKING_ADDRESS"),
    Scenario("idempotency", scenarios.idempotency),
    Scenario("metadata", scenarios.headers),
    Scenario("big-message", scenarios.big_message),
    Scenario("retry", refusals.retry, key="LLMHUB_LIMITED_API_KEY"),
    Scenario("no-blind-retry", refusals.no_blind_retry),
    Scenario("read-retry", refusals.read_retry),
    Scenario("health", scenarios.health),
    Scenario("reflection", scenarios.reflection),
)


async def attempt(scenario: Scenario) -> None:
    """Raises what the scenario raises."""
    config = Path(os.environ["LLMHUB_SERVICE_CONFIG"]).read_text(encoding="utf-8")
    ca = None if scenario.ca is None else Path(os.environ[scenario.ca])
    gateway = Gateway(os.environ[scenario.address], os.environ[scenario.key], config, ca)
    # The gateway's log line of a call has x-request-id.
    with gateway.channel() as channel:
        metadata = (*gateway.metadata, ("x-request-id", scenario.name))
        await asyncio.to_thread(scenario.run, channel, metadata)
    if scenario.aio_run is not None:
        async with gateway.aio_channel() as aio_channel:
            await scenario.aio_run(aio_channel, (*gateway.metadata, ("x-request-id", f"{scenario.name}-asyncio")))


async def main() -> int:
    """In one event loop: grpc.aio has trouble with a second one."""
    failed = 0
    for scenario in SCENARIOS:
        try:
            await attempt(scenario)
        except Exception as error:  # one that fails must not hide the next
            failed += 1
            print(f"not ok {scenario.name}: {error!r}".replace("\n", " "), flush=True)
        else:
            print(f"ok {scenario.name}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
