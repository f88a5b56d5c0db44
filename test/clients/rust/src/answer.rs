//! Reading one streamed answer, however many connections that takes.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tonic::{Request, Status};
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

    /// Hands on each piece of text and gives the last event. The time is for all of it; to stop early, drop the future.
    pub async fn read(
        &mut self,
        request: CompleteRequest,
        time: Duration,
        mut text: impl FnMut(&str),
    ) -> Result<StreamFinished, Status> {
        let ends = Instant::now() + time;
        let mut start = Start::Request(request);
        loop {
            let status = match timeout_at(ends, self.read_on(start, ends, &mut text)).await {
                Ok(Err(status)) => status,
                Ok(finished) => return finished,
                Err(_) => Status::deadline_exceeded("the answer took too long"),
            };
            // An error without ErrorInfo is not the gateway's: the connection broke, or the time was over.
            let broken = status.get_details_error_info().is_none() && Instant::now() < ends;
            if !broken || self.token.is_empty() || self.resumed == RESUMES_MAX {
                return Err(status);
            }
            self.resumed += 1;
            start = Start::Resume(StreamResume { token: self.token.clone(), after_sequence: self.sequence });
        }
    }

    async fn read_on(
        &mut self,
        start: Start,
        ends: Instant,
        text: &mut impl FnMut(&str),
    ) -> Result<StreamFinished, Status> {
        let mut request = Request::new(StreamCompleteRequest { start: Some(start), options: None });
        // For the gateway; tonic itself heeds it until the answer begins.
        request.set_timeout(ends - Instant::now());
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
