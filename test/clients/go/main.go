// Calls the gateway as a Go program would, and says of each thing that it tries whether it went well.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	llmhubv1 "example.com/llmhub-client/gen/llmhub/v1"
)

// Longest time for one thing that is tried.
const patience = 30 * time.Second

// hub is what the scenarios call.
type hub struct {
	conn        *grpc.ClientConn
	completions llmhubv1.CompletionServiceClient
	embeddings  llmhubv1.EmbeddingServiceClient
}

func newHub(address, ca, key string) (*hub, error) {
	serviceConfig, err := os.ReadFile(os.Getenv("LLMHUB_SERVICE_CONFIG"))
	if err != nil {
		return nil, err
	}
	conn, err := dial(address, ca, key, string(serviceConfig))
	if err != nil {
		return nil, err
	}
	return &hub{conn, llmhubv1.NewCompletionServiceClient(conn), llmhubv1.NewEmbeddingServiceClient(conn)}, nil
}

func main() {
	scenarios := []struct {
		name         string
		address, key string
		run          func(context.Context, *hub) error
	}{
		{"unary", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", unary},
		{"stream", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", stream},
		{"tls", "LLMHUB_TLS_ADDRESS", "LLMHUB_API_KEY", encrypted},
		{"deadline", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", deadline},
		{"cancel", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", cancel},
		{"error-details", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", errorDetails},
		{"resume", "LLMHUB_BREAKING_ADDRESS", "LLMHUB_API_KEY", resume},
		{"idempotency", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", idempotency},
		{"metadata", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", headers},
		{"big-message", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", bigMessage},
		{"retry", "LLMHUB_ADDRESS", "LLMHUB_LIMITED_API_KEY", retry},
		{"no-blind-retry", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", noBlindRetry},
		{"read-retry", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", readRetry},
		{"health", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", health},
		{"reflection", "LLMHUB_ADDRESS", "LLMHUB_API_KEY", reflection},
	}
	failed := 0
	for _, s := range scenarios {
		ca := ""
		if s.address == "LLMHUB_TLS_ADDRESS" {
			ca = os.Getenv("LLMHUB_CA")
		}
		if err := try(s.name, os.Getenv(s.address), ca, os.Getenv(s.key), s.run); err != nil {
			failed++
			fmt.Printf("not ok %s: %v\n", s.name, err)
		} else {
			fmt.Printf("ok %s\n", s.name)
		}
	}
	os.Exit(failed)
}

func try(name, address, ca, key string, run func(context.Context, *hub) error) error {
	h, err := newHub(address, ca, key)
	if err != nil {
		return err
	}
	defer h.conn.Close()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	// The gateway's log line of a call has it.
	return run(metadata.AppendToOutgoingContext(ctx, "x-request-id", name), h)
}
