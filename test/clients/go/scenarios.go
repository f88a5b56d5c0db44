package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	llmhubv1 "example.com/llmhub-client/gen/llmhub/v1"
)

// The simulator's answers come at once with this model; other words behind the colons make it slow or let it fail.
const prompt, model = "Count to 20", "simulator/gpt:first-token-0:pace-0"

func unary(ctx context.Context, h *hub) error {
	answer, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: "simulator/gpt", Input: prompt})
	if err != nil {
		return err
	}
	text := answer.GetMessage().GetContent()[0].GetText()
	cost := answer.GetCost().GetTotal()
	return all(
		expect(strings.HasSuffix(text, "19, 20."), "the text is %q", text),
		expect(answer.GetFinishReason() == llmhubv1.FinishReason_FINISH_REASON_STOP, "it ended with %v", answer.GetFinishReason()),
		expect(answer.GetUsage().GetInputTokens() > 0 && answer.GetUsage().GetOutputTokens() > 0, "usage is %v", answer.GetUsage()),
		expect(cost.GetCurrencyCode() == "USD" && cost.GetAmountNanos() > 0, "the cost is %v", cost),
		expect(answer.GetRouting().GetProvider() == "simulator", "it was routed so: %v", answer.GetRouting()),
	)
}

func stream(ctx context.Context, h *hub) error {
	var text strings.Builder
	pieces := 0
	s := streamer{client: h.completions}
	finished, err := s.read(ctx, &llmhubv1.CompleteRequest{Model: model, Input: prompt}, func(piece string) {
		text.WriteString(piece)
		pieces++
	})
	if err != nil {
		return err
	}
	return all(
		expect(strings.HasSuffix(text.String(), "19, 20."), "the text is %q", text.String()),
		expect(pieces > 5, "it came in %d pieces", pieces),
		expect(finished.GetUsage().GetOutputTokens() > 0, "the last event is %v", finished),
	)
}

// encrypted: all is as without TLS.
func encrypted(ctx context.Context, h *hub) error { return all(unary(ctx, h), stream(ctx, h)) }

func deadline(ctx context.Context, h *hub) error {
	ctx, done := context.WithTimeout(ctx, 500*time.Millisecond)
	defer done()
	_, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: "simulator/gpt:latency-60000", Input: prompt})
	return expect(failureOf(err).Code() == codes.DeadlineExceeded, "it ended with %v", err)
}

func cancel(ctx context.Context, h *hub) error {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	s := streamer{client: h.completions}
	request := &llmhubv1.CompleteRequest{Model: "simulator/gpt:first-token-0:pace-1000", Input: "Count to 1000"}
	_, err := s.read(ctx, request, func(string) { giveUp() })
	return expect(failureOf(err).Code() == codes.Canceled, "it ended with %v", err)
}

func resume(ctx context.Context, h *hub) error {
	var text strings.Builder
	s := streamer{client: h.completions}
	request := &llmhubv1.CompleteRequest{Model: "simulator/claude:first-token-0:pace-10", Input: "Count to 50"}
	_, err := s.read(ctx, request, func(piece string) { text.WriteString(piece) })
	if err != nil {
		return err
	}
	whole := counted(50)
	return all(
		expect(s.resumed == 1, "it was resumed %d times", s.resumed),
		expect(text.String() == whole, "the text is %q", text.String()),
	)
}

func idempotency(ctx context.Context, h *hub) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", fmt.Sprintf("go-%d", time.Now().UnixNano()))
	request := &llmhubv1.CompleteRequest{Model: model, Input: prompt}
	first, err := h.completions.Complete(ctx, request)
	if err != nil {
		return err
	}
	var header metadata.MD
	second, err := h.completions.Complete(ctx, request, grpc.Header(&header))
	if err != nil {
		return err
	}
	return all(
		expect(first.GetId() == second.GetId(), "ids are %s and %s", first.GetId(), second.GetId()),
		expect(only(header, "x-llmhub-idempotent-replay") == "true", "headers are %v", header),
	)
}

func headers(ctx context.Context, h *hub) error {
	var header metadata.MD
	_, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: model, Input: prompt}, grpc.Header(&header))
	if err != nil {
		return err
	}
	return all(
		expect(only(header, "x-request-id") == "metadata", "headers are %v", header),
		expect(only(header, "x-ratelimit-limit-requests") == "10000", "headers are %v", header),
	)
}

// bigMessage sends more than 4 MiB, and takes more than that, which libraries refuse unless they are told otherwise.
func bigMessage(ctx context.Context, h *hub) error {
	prompt := strings.Repeat("All work and no play. ", 300_000)
	answer, err := h.completions.Complete(ctx, &llmhubv1.CompleteRequest{Model: model, Input: prompt})
	if err != nil {
		return err
	}
	dimensions := int32(3072)
	request := &llmhubv1.EmbedRequest{Model: "simulator/embedding", Dimensions: &dimensions}
	for i := range 400 {
		request.Inputs = append(request.Inputs, fmt.Sprint(i))
	}
	embedded, err := h.embeddings.Embed(ctx, request)
	if err != nil {
		return err
	}
	vectors := embedded.GetVectors()
	return all(
		expect(answer.GetUsage().GetInputTokens() > 1_000_000, "usage is %v", answer.GetUsage()),
		expect(len(vectors) == 400 && len(vectors[399].GetValues()) == 3072, "it has %d vectors", len(vectors)),
	)
}

// counted is what the simulator says when it is asked to count.
func counted(to int) string {
	numbers := make([]string, to)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i + 1)
	}
	return strings.Join(numbers, ", ") + "."
}

// only gives the one value of a header.
func only(header metadata.MD, name string) string {
	return strings.Join(header.Get(name), "|")
}
