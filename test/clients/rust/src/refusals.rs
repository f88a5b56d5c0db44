//! Calls that are refused.

use std::time::Duration;

use tokio::sync::oneshot;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::answer::Answer;
use crate::failure::{retry_delay, retrying, tried};
use crate::hub::Hub;
use crate::llmhub::CompleteRequest;
use crate::scenarios::{MODEL, PROMPT, ask};
use crate::{Outcome, PATIENCE, ensure};

async fn refused(hub: &mut Hub, request: CompleteRequest) -> Result<Status, &'static str> {
    match hub.completions.complete(request).await {
        Ok(_) => Err("it was answered"),
        Err(status) => Ok(status),
    }
}

pub async fn error_details(mut hub: Hub) -> Outcome {
    let wrong = refused(&mut hub, CompleteRequest { temperature: Some(9.0), ..ask(MODEL, PROMPT) }).await?;
    let info = wrong.get_details_error_info().ok_or("there is no ErrorInfo")?;
    let fields = wrong.get_details_bad_request().ok_or("there is no BadRequest")?.field_violations;
    ensure!(wrong.code() == Code::InvalidArgument, wrong);
    ensure!(info.reason == "INVALID_REQUEST" && info.domain == "llmhub", info);
    ensure!(fields[0].field == "temperature", fields);
    ensure!(retry_delay(&wrong).is_none(), wrong);

    let limited = refused(&mut hub, ask("simulator/gpt-rust:429:retry-after-1", PROMPT)).await?;
    let info = limited.get_details_error_info().ok_or("there is no ErrorInfo")?;
    let delay = retry_delay(&limited).ok_or("there is no RetryInfo")?;
    let failure = tried(&limited).ok_or("there is no CompletionFailure")?;
    ensure!(limited.code() == Code::ResourceExhausted, limited);
    ensure!(info.reason == "PROVIDER_RATE_LIMITED", info);
    ensure!(info.metadata.get("provider").is_some_and(|provider| provider == "simulator"), info);
    ensure!(delay > Duration::ZERO && delay <= Duration::from_secs(1), delay);
    let statuses: Vec<i32> = failure.attempts.iter().map(|attempt| attempt.upstream_status).collect();
    ensure!(statuses == [429, 429, 429], statuses);
    Ok(())
}

/// Holds the only place that its key has, so that a second call is refused until the stream is over.
pub async fn retry(mut hub: Hub) -> Outcome {
    let (begin, began) = oneshot::channel();
    let mut begin = Some(begin);
    let mut holder = Answer::new(hub.completions.clone());
    let held = tokio::spawn(async move {
        let request = ask("simulator/gpt:first-token-0:pace-20", PROMPT);
        holder.read(request, PATIENCE, |_| _ = begin.take().map(|begin| begin.send(()))).await
    });
    began.await?;
    let mut refusals: Vec<Status> = Vec::new();
    retrying(5, async || {
        let answer = hub.completions.complete(ask(MODEL, PROMPT)).await;
        if let Err(status) = &answer {
            refusals.push(status.clone());
        }
        answer
    })
    .await?;
    held.await??;
    ensure!(!refusals.is_empty(), refusals);
    for status in refusals {
        let info = status.get_details_error_info().ok_or("there is no ErrorInfo")?;
        ensure!(info.reason == "CONCURRENCY_LIMITED", info);
        // The same delay, for libraries that know nothing of details.
        let pushback = status.metadata().get("grpc-retry-pushback-ms").ok_or("there is no pushback")?;
        let told = retry_delay(&status).ok_or("there is no RetryInfo")?.as_millis().to_string();
        ensure!(pushback == told.as_str(), status);
    }
    Ok(())
}

pub async fn no_blind_retry(mut hub: Hub) -> Outcome {
    let status = refused(&mut hub, ask("simulator/gpt:503", PROMPT)).await?;
    ensure!(status.code() == Code::Unavailable && retry_delay(&status).is_some(), status);
    Ok(())
}
