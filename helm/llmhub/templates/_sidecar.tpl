{{/*
For charts that put the gateway into their own pods. They depend on this chart with `mode: sidecar` and pass its scope:

  {{ include "llmhub.sidecar.initContainers" .Subcharts.llmhub }}

Each gives the items of a list, or nothing.
*/}}

{{/* Where Kubernetes has containers that begin before the application and end after it. */}}
{{- define "llmhub.sidecar.initContainers" -}}
{{- if include "llmhub.isNative" . -}}{{- include "llmhub.container" (list . "native") -}}{{- end -}}
{{- end -}}

{{/* Where it has not. */}}
{{- define "llmhub.sidecar.containers" -}}
{{- if not (include "llmhub.isNative" .) -}}{{- include "llmhub.container" (list . "classic") -}}{{- end -}}
{{- end -}}

{{- define "llmhub.sidecar.volumes" -}}
{{- include "llmhub.volumes" . -}}
{{- end -}}

{{/* Of the pod: PodMonitor finds it by them. */}}
{{- define "llmhub.sidecar.labels" -}}
llmhub/sidecar: {{ include "llmhub.fullname" . }}
{{- end -}}

{{/* Of the pod: a new pod for what a running gateway does not take over. */}}
{{- define "llmhub.sidecar.annotations" -}}
checksum/llmhub-restart: {{ include "llmhub.restartDigest" . }}
{{- end -}}

{{/* Least terminationGracePeriodSeconds of the pod beyond what the application itself takes. */}}
{{- define "llmhub.sidecar.graceSeconds" -}}
{{- include "llmhub.graceSeconds" . -}}
{{- end -}}

{{/* All of it, as a patch of a pod template. */}}
{{- define "llmhub.sidecar.patch" -}}
metadata:
  labels:
    {{- include "llmhub.sidecar.labels" . | nindent 4 }}
  annotations:
    {{- include "llmhub.sidecar.annotations" . | nindent 4 }}
spec:
  # And what the application itself takes to end.
  terminationGracePeriodSeconds: {{ include "llmhub.sidecar.graceSeconds" . }}
  {{- with .Values.podSecurity.fsGroup }}
  # Lets the gateway read secrets.
  securityContext: { fsGroup: {{ . | int }} }
  {{- end }}
  {{- with include "llmhub.sidecar.initContainers" . }}
  initContainers:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "llmhub.sidecar.containers" . }}
  containers:
    {{- . | nindent 4 }}
  {{- end }}
  volumes:
    {{- include "llmhub.sidecar.volumes" . | nindent 4 }}
{{- end -}}
