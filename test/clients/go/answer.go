package main

import (
	"context"
	"errors"
	"io"

	llmhubv1 "example.com/llmhub-client/gen/llmhub/v1"
)

const resumesMax = 5

// streamer reads one streamed answer, however many connections that takes.
type streamer struct {
	client llmhubv1.CompletionServiceClient
	// token takes the stream up again; sequence is the last event that came.
	token    string
	sequence int32
	resumed  int
}

// read hands on each piece of text and gives the last event.
func (s *streamer) read(ctx context.Context, request *llmhubv1.CompleteRequest, text func(string)) (*llmhubv1.StreamFinished, error) {
	start := &llmhubv1.StreamCompleteRequest{Start: &llmhubv1.StreamCompleteRequest_Request{Request: request}}
	for {
		finished, err := s.readOn(ctx, start, text)
		// An error without ErrorInfo is not the gateway's: the connection broke, or the caller itself gave up.
		broken := err != nil && ctx.Err() == nil && failureOf(err).info == nil
		if !broken || s.token == "" || s.resumed == resumesMax {
			return finished, err
		}
		s.resumed++
		start = &llmhubv1.StreamCompleteRequest{Start: &llmhubv1.StreamCompleteRequest_Resume{
			Resume: &llmhubv1.StreamResume{Token: s.token, AfterSequence: s.sequence},
		}}
	}
}

func (s *streamer) readOn(ctx context.Context, start *llmhubv1.StreamCompleteRequest, text func(string)) (*llmhubv1.StreamFinished, error) {
	stream, err := s.client.StreamComplete(ctx, start)
	if err != nil {
		return nil, err
	}
	var finished *llmhubv1.StreamFinished
	for {
		event, err := stream.Recv()
		if err == io.EOF {
			if finished == nil {
				return nil, errors.New("the stream was cut")
			}
			return finished, nil
		}
		if err != nil {
			return nil, err
		}
		// Heartbeats have no number.
		if event.GetSequence() > 0 {
			s.sequence = event.GetSequence()
		}
		switch e := event.GetEvent().(type) {
		case *llmhubv1.StreamCompleteResponse_Started:
			s.token = e.Started.GetResumeToken()
		case *llmhubv1.StreamCompleteResponse_PartDelta:
			text(e.PartDelta.GetText())
		case *llmhubv1.StreamCompleteResponse_Finished:
			finished = e.Finished
		}
	}
}
