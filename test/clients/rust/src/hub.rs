//! The channel, and what every call carries.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::llmhub::completion_service_client::CompletionServiceClient;
use crate::llmhub::embedding_service_client::EmbeddingServiceClient;

/// What libraries take unless told otherwise is 4 MiB; the gateway sends as much as this.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Sends the API key with every call, and a name that the gateway's log line has.
#[derive(Clone)]
pub struct Identity {
    authorization: MetadataValue<Ascii>,
    request_id: MetadataValue<Ascii>,
}

impl Interceptor for Identity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.authorization.clone());
        metadata.insert("x-request-id", self.request_id.clone());
        Ok(request)
    }
}

pub type Service = InterceptedService<Channel, Identity>;
pub type Completions = CompletionServiceClient<Service>;

#[derive(Clone)]
pub struct Hub {
    pub channel: Channel,
    pub completions: Completions,
    pub embeddings: EmbeddingServiceClient<Service>,
}

impl Hub {
    /// Connects with the first call. tonic has no service config: it repeats nothing by itself, and spreads calls
    /// over several addresses only by `Channel::balance_list`. With an authority's certificate (PEM) it speaks TLS.
    pub fn new(
        address: &str,
        ca: Option<Vec<u8>>,
        key: &str,
        request_id: &str,
    ) -> Result<Hub, Box<dyn std::error::Error>> {
        let endpoint = match ca {
            None => Endpoint::new(format!("http://{address}"))?,
            Some(ca) => Endpoint::new(format!("https://{address}"))?
                .tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)))?,
        };
        let channel = endpoint
            .user_agent("llmhub-client/1")?
            .connect_timeout(Duration::from_secs(5))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10))
            .connect_lazy();
        let identity = Identity { authorization: format!("Bearer {key}").parse()?, request_id: request_id.parse()? };
        let service = InterceptedService::new(channel.clone(), identity);
        Ok(Hub {
            channel,
            completions: CompletionServiceClient::new(service.clone()),
            embeddings: EmbeddingServiceClient::new(service).max_decoding_message_size(ANSWER_BYTES_MAX),
        })
    }
}
