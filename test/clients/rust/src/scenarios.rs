//! Calls that go well, or are given up.

use std::time::{Duration, SystemTime};

use tonic::{Code, Request};

use crate::answer::Answer;
use crate::hub::Hub;
use crate::llmhub::content_part::Part;
use crate::llmhub::stream_complete_request::Start;
use crate::llmhub::stream_complete_response::Event;
use crate::llmhub::{CompleteRequest, EmbedRequest, FinishReason, StreamCompleteRequest};
use crate::{Outcome, PATIENCE, ensure};

pub const PROMPT: &str = "Count to 20";
/// The simulator's answers come at once with this model; other words behind the colons make it slow or let it fail.
pub const MODEL: &str = "simulator/gpt:first-token-0:pace-0";

pub fn ask(model: &str, input: &str) -> CompleteRequest {
    CompleteRequest { model: model.into(), input: input.into(), ..Default::default() }
}

/// All is as without TLS.
pub async fn encrypted(hub: Hub) -> Outcome {
    unary(hub.clone()).await?;
    stream(hub).await
}

pub async fn unary(mut hub: Hub) -> Outcome {
    let answer = hub.completions.complete(ask("simulator/gpt", PROMPT)).await?.into_inner();
    let message = answer.message.clone().unwrap_or_default();
    let usage = answer.usage.clone().unwrap_or_default();
    let cost = answer.cost.clone().and_then(|cost| cost.total).unwrap_or_default();
    let Some(Some(Part::Text(text))) = message.content.into_iter().next().map(|part| part.part) else {
        return Err("the answer has no text".into());
    };
    ensure!(text.ends_with("19, 20."), text);
    ensure!(answer.finish_reason() == FinishReason::Stop, answer);
    ensure!(usage.input_tokens > 0 && usage.output_tokens > 0, usage);
    ensure!(cost.currency_code == "USD" && cost.amount_nanos > 0, cost);
    ensure!(answer.routing.as_ref().is_some_and(|routing| routing.provider == "simulator"), answer);
    Ok(())
}

pub async fn stream(hub: Hub) -> Outcome {
    let mut pieces = Vec::new();
    let finished =
        Answer::new(hub.completions).read(ask(MODEL, PROMPT), PATIENCE, |piece| pieces.push(piece.to_owned())).await?;
    ensure!(pieces.len() > 5 && pieces.concat().ends_with("19, 20."), pieces);
    ensure!(finished.usage.as_ref().is_some_and(|usage| usage.output_tokens > 0), finished);
    Ok(())
}

pub async fn deadline(mut hub: Hub) -> Outcome {
    let mut request = Request::new(ask("simulator/gpt:latency-60000", PROMPT));
    request.set_timeout(Duration::from_millis(500));
    let Err(status) = hub.completions.complete(request).await else {
        return Err("it was answered".into());
    };
    // tonic, where it is first, says that it has cancelled.
    ensure!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), status);
    Ok(())
}

/// What is over is not taken up again.
pub async fn stream_deadline(hub: Hub) -> Outcome {
    let mut answer = Answer::new(hub.completions);
    let request = ask("simulator/gpt:first-token-0:pace-200", "Count to 1000");
    let Err(status) = answer.read(request, Duration::from_secs(1), |_| ()).await else {
        return Err("it was answered".into());
    };
    ensure!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), status);
    ensure!(answer.resumed == 0, answer.resumed);
    Ok(())
}

/// To drop the stream is to cancel it.
pub async fn cancel(mut hub: Hub) -> Outcome {
    let start = Start::Request(ask("simulator/gpt:first-token-0:pace-1000", "Count to 1000"));
    let request = StreamCompleteRequest { start: Some(start), options: None };
    let mut stream = hub.completions.stream_complete(request).await?.into_inner();
    while let Some(event) = stream.message().await? {
        if let Some(Event::PartDelta(_)) = event.event {
            return Ok(());
        }
    }
    Err("it ended by itself".into())
}

pub async fn resume(hub: Hub) -> Outcome {
    let mut text = String::new();
    let mut answer = Answer::new(hub.completions);
    let request = ask("simulator/claude:first-token-0:pace-10", "Count to 50");
    answer.read(request, PATIENCE, |piece| text.push_str(piece)).await?;
    ensure!(answer.resumed == 1, answer.resumed);
    let numbers: Vec<String> = (1..=50).map(|number| number.to_string()).collect();
    ensure!(text == numbers.join(", ") + ".", text);
    Ok(())
}

pub async fn idempotency(mut hub: Hub) -> Outcome {
    let key = format!("rust-{}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos());
    let mut call = async || {
        let mut request = Request::new(ask(MODEL, PROMPT));
        request.metadata_mut().insert("idempotency-key", key.parse().expect("digits are a value"));
        hub.completions.complete(request).await
    };
    let first = call().await?;
    let second = call().await?;
    ensure!(first.get_ref().id == second.get_ref().id, second);
    let replay = second.metadata().get("x-llmhub-idempotent-replay");
    ensure!(replay.is_some_and(|value| value == "true"), second);
    Ok(())
}

pub async fn metadata(mut hub: Hub) -> Outcome {
    let answer = hub.completions.complete(ask(MODEL, PROMPT)).await?;
    let is = |name: &str, value: &str| answer.metadata().get(name).is_some_and(|found| found == value);
    ensure!(is("x-request-id", "metadata") && is("x-ratelimit-limit-requests", "10000"), answer.metadata());
    Ok(())
}

/// Sends more than 4 MiB, and takes more than that.
pub async fn big_message(mut hub: Hub) -> Outcome {
    let prompt = "All work and no play. ".repeat(300_000);
    let answer = hub.completions.complete(ask(MODEL, &prompt)).await?.into_inner();
    ensure!(answer.usage.as_ref().is_some_and(|usage| usage.input_tokens > 1_000_000), answer.usage);
    let request = EmbedRequest {
        model: "simulator/embedding".into(),
        inputs: (0..400).map(|number| number.to_string()).collect(),
        dimensions: Some(3072),
        ..Default::default()
    };
    let vectors = hub.embeddings.embed(request).await?.into_inner().vectors;
    ensure!(vectors.len() == 400 && vectors[399].values.len() == 3072, vectors.len());
    Ok(())
}
