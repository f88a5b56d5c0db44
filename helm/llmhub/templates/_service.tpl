{{- define "llmhub.hasTls" -}}
{{- if or .Values.tls.existingSecret (.Values.config.server | default dict).tls -}}true{{- end -}}
{{- end -}}

{{/* Ports for calls. One port of the gateway knows HTTP/2 from HTTP/1.1 by the first bytes, so both names may lead there. */}}
{{- define "llmhub.callPorts" -}}
{{- $tls := eq (include "llmhub.hasTls" .) "true" -}}
- name: grpc
  port: {{ .Values.service.ports.grpc }}
  targetPort: grpc
  appProtocol: {{ ternary "https" "kubernetes.io/h2c" $tls }}
- name: http
  port: {{ .Values.service.ports.http }}
  targetPort: {{ ternary "http" "grpc" (not (kindIs "invalid" .Values.ports.http)) }}
  appProtocol: {{ ternary "https" "http" $tls }}
{{- end -}}
