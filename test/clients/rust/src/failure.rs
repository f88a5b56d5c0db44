//! What the gateway says of a call that failed, and when to repeat one.

use std::time::Duration;

use prost::Message;
use tonic::Status;
use tonic_types::{StatusExt, pb};

use crate::llmhub::CompletionFailure;

/// What was tried and what it cost, once a provider was called. Details of google.rpc are read by `StatusExt`.
pub fn tried(status: &Status) -> Option<CompletionFailure> {
    let details = pb::Status::decode(status.details()).ok()?.details;
    let any = details.iter().find(|any| any.type_url.ends_with("/llmhub.v1.CompletionFailure"))?;
    CompletionFailure::decode(&*any.value).ok()
}

/// How long to wait before a repeat. None: it would not help.
pub fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// Repeats a call exactly when the gateway says that it may help, after the time that it says.
pub async fn retrying<T>(attempts: u32, mut call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    for _ in 1..attempts {
        match call().await {
            Err(status) => match retry_delay(&status) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(status),
            },
            answer => return answer,
        }
    }
    call().await
}
