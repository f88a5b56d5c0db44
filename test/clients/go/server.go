package main

import (
	"context"
	"fmt"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

func health(ctx context.Context, h *hub) error {
	client := healthv1.NewHealthClient(h.conn)
	for _, service := range []string{"", "llmhub.v1.CompletionService"} {
		answer, err := client.Check(ctx, &healthv1.HealthCheckRequest{Service: service})
		if err != nil {
			return err
		}
		if answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			return fmt.Errorf("%q is %v", service, answer.GetStatus())
		}
	}
	return nil
}

func reflection(ctx context.Context, h *hub) error {
	stream, err := reflectionv1.NewServerReflectionClient(h.conn).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	err = stream.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{ListServices: "*"},
	})
	if err != nil {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	for _, service := range answer.GetListServicesResponse().GetService() {
		if service.GetName() == "llmhub.v1.CompletionService" {
			return stream.CloseSend()
		}
	}
	return fmt.Errorf("services are %v", answer)
}
