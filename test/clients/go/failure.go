package main

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	llmhubv1 "example.com/llmhub-client/gen/llmhub/v1"
)

// failure is what the gateway says of a call that failed. Members are nil where it says nothing.
type failure struct {
	*status.Status
	info    *errdetails.ErrorInfo
	retry   *errdetails.RetryInfo
	request *errdetails.BadRequest
	tried   *llmhubv1.CompletionFailure
}

func failureOf(err error) failure {
	f := failure{Status: status.Convert(err)}
	for _, detail := range f.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			f.info = d
		case *errdetails.RetryInfo:
			f.retry = d
		case *errdetails.BadRequest:
			f.request = d
		case *llmhubv1.CompletionFailure:
			f.tried = d
		}
	}
	return f
}

// retrying repeats a call exactly when the gateway says that it may help, after the time that it says.
func retrying[T any](ctx context.Context, attempts int, call func() (T, error)) (T, error) {
	for attempt := 1; ; attempt++ {
		answer, err := call()
		if err == nil {
			return answer, nil
		}
		retry := failureOf(err).retry
		if retry == nil || attempt == attempts {
			return answer, err
		}
		select {
		case <-time.After(retry.GetRetryDelay().AsDuration()):
		case <-ctx.Done():
			return answer, err
		}
	}
}
