//! Reading one streamed answer, however many connections that takes.

use tonic::Status;
use tonic_types::StatusExt;

use crate::hub::Completions;
use crate::llmhub::part_delta::Delta;
use crate::llmhub::stream_complete_request::Start;
use crate::llmhub::stream_complete_response::Event;
use crate::llmhub::{CompleteRequest, StreamCompleteRequest, StreamFinished, StreamResume};

const RESUMES_MAX: u32 = 5;

pub struct Answer {
    completions: Completions,
    /// Takes the stream up again; `sequence` is the last event that came.
    token: String,
    sequence: i32,
    pub resumed: u32,
}

impl Answer {
    pub fn new(completions: Completions) -> Answer {
        Answer { completions, token: String::new(), sequence: 0, resumed: 0 }
    }

    /// Hands on each piece of text and gives the last event.
    pub async fn read(
        &mut self,
        request: CompleteRequest,
        mut text: impl FnMut(&str),
    ) -> Result<StreamFinished, Status> {
        let mut start = Start::Request(request);
        loop {
            let status = match self.read_on(start, &mut text).await {
                Err(status) => status,
                finished => return finished,
            };
            // An error without ErrorInfo is not the gateway's: the connection broke.
            let broken = status.get_details_error_info().is_none();
            if !broken || self.token.is_empty() || self.resumed == RESUMES_MAX {
                return Err(status);
            }
            self.resumed += 1;
            start = Start::Resume(StreamResume { token: self.token.clone(), after_sequence: self.sequence });
        }
    }

    async fn read_on(&mut self, start: Start, text: &mut impl FnMut(&str)) -> Result<StreamFinished, Status> {
        let request = StreamCompleteRequest { start: Some(start), options: None };
        let mut stream = self.completions.stream_complete(request).await?.into_inner();
        let mut last = None;
        while let Some(event) = stream.message().await? {
            // Heartbeats have no number.
            if event.sequence > 0 {
                self.sequence = event.sequence;
            }
            match event.event {
                Some(Event::Started(started)) => self.token = started.resume_token,
                Some(Event::PartDelta(part)) => {
                    if let Some(Delta::Text(piece)) = part.delta {
                        text(&piece);
                    }
                }
                Some(Event::Finished(finished)) => last = Some(finished),
                _ => {}
            }
        }
        last.ok_or_else(|| Status::unavailable("the stream was cut"))
    }
}
