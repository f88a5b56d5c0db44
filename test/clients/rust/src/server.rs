//! What the server tells of itself.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::hub::Hub;
use crate::{Outcome, ensure};

const COMPLETIONS: &str = "llmhub.v1.CompletionService";

pub async fn health(hub: Hub) -> Outcome {
    let mut client = HealthClient::new(hub.channel);
    for service in ["", COMPLETIONS] {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await?.into_inner();
        ensure!(answer.status() == ServingStatus::Serving, answer);
    }
    Ok(())
}

pub async fn reflection(hub: Hub) -> Outcome {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices("*".into())),
    };
    let mut client = ServerReflectionClient::new(hub.channel);
    let mut answers = client.server_reflection_info(tokio_stream::iter([request])).await?.into_inner();
    let answer = answers.message().await?.and_then(|answer| answer.message_response);
    let Some(MessageResponse::ListServicesResponse(list)) = answer else {
        return Err(format!("{answer:?}").into());
    };
    ensure!(list.service.iter().any(|service| service.name == COMPLETIONS), list);
    Ok(())
}
