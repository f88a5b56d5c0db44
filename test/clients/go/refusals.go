package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	llmhubv1 "example.com/llmhub-client/gen/llmhub/v1"
)

func errorDetails(ctx context.Context, h *hub) error {
	hot := 9.0
	_, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: model, Input: prompt, Temperature: &hot})
	wrong := failureOf(err)
	_, err = h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: "simulator/gpt-go:429:retry-after-1", Input: prompt})
	limited := failureOf(err)
	if wrong.request == nil || limited.info == nil || limited.retry == nil {
		return fmt.Errorf("details are missing: %v, %v", wrong.Details(), limited.Details())
	}
	var statuses []int32
	for _, attempt := range limited.tried.GetAttempts() {
		statuses = append(statuses, attempt.GetUpstreamStatus())
	}
	delay := limited.retry.GetRetryDelay().AsDuration()
	return all(
		expect(wrong.Code() == codes.InvalidArgument, "the code is %v", wrong.Code()),
		expect(wrong.info.GetReason() == "INVALID_REQUEST" && wrong.info.GetDomain() == "llmhub", "the info is %v", wrong.info),
		expect(wrong.request.GetFieldViolations()[0].GetField() == "temperature", "violations are %v", wrong.request),
		expect(wrong.retry == nil, "it says when to repeat what is wrong"),
		expect(limited.Code() == codes.ResourceExhausted, "the code is %v", limited.Code()),
		expect(limited.info.GetReason() == "PROVIDER_RATE_LIMITED", "the info is %v", limited.info),
		expect(limited.info.GetMetadata()["provider"] == "simulator", "the info is %v", limited.info),
		expect(delay > 0 && delay <= time.Second, "the delay is %v", delay),
		expect(slices.Equal(statuses, []int32{429, 429, 429}), "what was tried is %v", limited.tried),
	)
}

// retry holds the only place that its key has, so that a second call is refused until the stream is over.
func retry(ctx context.Context, h *hub) error {
	began := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		s := streamer{client: h.completions}
		request := &llmhubv1.CompleteRequest{Model: "simulator/gpt:first-token-0:pace-20", Input: "Count to 20"}
		first := true
		_, err := s.read(ctx, request, func(string) {
			if first {
				close(began)
			}
			first = false
		})
		ended <- err
	}()
	select {
	case <-began:
	case err := <-ended:
		return err
	}
	refusals := 0
	var problem error
	answer, err := retrying(ctx, 5, func() (*llmhubv1.CompleteResponse, error) {
		var trailer metadata.MD
		answer, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: model, Input: prompt}, grpc.Trailer(&trailer))
		if err != nil {
			refusals++
			f := failureOf(err)
			// The same delay, for libraries that know nothing of details.
			pushback := only(trailer, "grpc-retry-pushback-ms")
			told := strconv.FormatInt(f.retry.GetRetryDelay().AsDuration().Milliseconds(), 10)
			problem = all(
				expect(f.info.GetReason() == "CONCURRENCY_LIMITED", "it was refused with %v", err),
				expect(pushback == told, "the pushback is %s, the delay %s", pushback, told),
			)
		}
		return answer, err
	})
	return all(
		err, problem, <-ended,
		expect(refusals > 0, "it was not refused"),
		expect(answer.GetId() != "", "the answer is %v", answer),
	)
}

// noBlindRetry: the service config repeats no call that costs something.
func noBlindRetry(ctx context.Context, h *hub) error {
	_, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: "simulator/gpt:503", Input: prompt})
	f := failureOf(err)
	return expect(f.Code() == codes.Unavailable && f.retry != nil, "it ended with %v", err)
}

// readRetry: it repeats those that do not, when the gateway says.
func readRetry(ctx context.Context, h *hub) error {
	request := &llmhubv1.CompleteRequest{Model: "simulator/claude:503:retry-after-0", Input: prompt}
	_, err := h.completions.CountTokens(ctx, &llmhubv1.CountTokensRequest{Request: request})
	return expect(failureOf(err).Code() == codes.Unavailable, "it ended with %v", err)
}

func expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, values...)
}

func all(problems ...error) error { return errors.Join(problems...) }
