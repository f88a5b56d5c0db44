//! Calls the gateway as a Rust program would, and says of each thing that it tries whether it went well.

mod answer;
mod failure;
mod hub;
mod refusals;
mod scenarios;
mod server;

pub mod llmhub {
    tonic::include_proto!("llmhub.v1");
}

use std::env;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use hub::Hub;

/// Longest time for one thing that is tried.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Fails with the condition and the value where it does not hold.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $value:expr) => {
        if !$holds {
            return Err(format!("not {}: {:?}", stringify!($holds), $value).into());
        }
    };
}

async fn attempt(name: &str, address: &str, key: &str, run: impl AsyncFnOnce(Hub) -> Outcome) -> usize {
    let outcome: Outcome = async {
        let ca = if address == "LLMHUB_TLS_ADDRESS" { Some(fs::read(env::var("LLMHUB_CA")?)?) } else { None };
        let hub = Hub::new(&env::var(address)?, ca, &env::var(key)?, name)?;
        tokio::time::timeout(PATIENCE, run(hub)).await?
    }
    .await;
    match outcome {
        Ok(()) => println!("ok {name}"),
        Err(ref error) => println!("not ok {name}: {error}"),
    }
    usize::from(outcome.is_err())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (address, key) = ("LLMHUB_ADDRESS", "LLMHUB_API_KEY");
    let failed = attempt("unary", address, key, scenarios::unary).await
        + attempt("stream", address, key, scenarios::stream).await
        + attempt("tls", "LLMHUB_TLS_ADDRESS", key, scenarios::encrypted).await
        + attempt("deadline", address, key, scenarios::deadline).await
        + attempt("stream-deadline", address, key, scenarios::stream_deadline).await
        + attempt("cancel", address, key, scenarios::cancel).await
        + attempt("error-details", address, key, refusals::error_details).await
        + attempt("resume", "LLMHUB_BREAKING_ADDRESS", key, scenarios::resume).await
        + attempt("idempotency", address, key, scenarios::idempotency).await
        + attempt("metadata", address, key, scenarios::metadata).await
        + attempt("big-message", address, key, scenarios::big_message).await
        + attempt("retry", address, "LLMHUB_LIMITED_API_KEY", refusals::retry).await
        + attempt("no-blind-retry", address, key, refusals::no_blind_retry).await
        + attempt("health", address, key, server::health).await
        + attempt("reflection", address, key, server::reflection).await;
    ExitCode::from(failed as u8)
}
