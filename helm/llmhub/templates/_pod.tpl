{{/* The container: (list root kind), where kind is main, native (an init container that goes on) or classic (beside an application). */}}
{{- define "llmhub.container" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $host := ternary $root.Values.listenAddress "127.0.0.1" (eq $kind "main") -}}
- name: llmhub
  image: {{ include "llmhub.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  {{- if eq $kind "native" }}
  restartPolicy: Always
  {{- end }}
  env:
    {{- include "llmhub.env" (list $root $host) | nindent 4 }}
  {{- with $root.Values.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    - { name: {{ include "llmhub.portName" (list $root "grpc" $kind) }}, containerPort: {{ $root.Values.ports.grpc | int }}, protocol: TCP }
    {{- with $root.Values.ports.http }}
    - { name: {{ include "llmhub.portName" (list $root "http" $kind) }}, containerPort: {{ . | int }}, protocol: TCP }
    {{- end }}
    - { name: {{ include "llmhub.portName" (list $root "ops" $kind) }}, containerPort: {{ $root.Values.ports.ops | int }}, protocol: TCP }
  {{- include "llmhub.probes" (list $root $kind) | nindent 2 }}
  {{- if gt (include "llmhub.preStopSeconds" $root | int) 0 }}
  lifecycle:
    preStop:
      {{- include "llmhub.preStop" $root | nindent 6 }}
  {{- end }}
  resources:
    {{- toYaml $root.Values.resources | nindent 4 }}
  securityContext:
    {{- if ne $kind "main" }}
    runAsNonRoot: true
    {{- with $root.Values.podSecurity.runAsUser }}
    runAsUser: {{ . | int }}
    {{- end }}
    {{- with $root.Values.podSecurity.runAsGroup }}
    runAsGroup: {{ . | int }}
    {{- end }}
    seccompProfile: { type: RuntimeDefault }
    {{- end }}
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: { drop: [ALL] }
  # What is wrong with the configuration then stands in `kubectl describe pod`.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    {{- include "llmhub.volumeMounts" $root | nindent 4 }}
{{- end -}}

{{/* In somebody else's pod a port's name begins with the gateway's own, so that it meets no other. */}}
{{- define "llmhub.portName" -}}
{{- if ne (index . 2) "main" }}llmhub-{{ end }}{{ index . 1 }}
{{- end -}}

{{/* Variables: (list root host). The addresses stand here, so that they hold for every configuration and image. */}}
{{- define "llmhub.env" -}}
{{- $root := index . 0 -}}
{{- $host := index . 1 -}}
- { name: LLMHUB_CONFIG, value: {{ printf "/etc/llmhub/%s" (include "llmhub.configKey" $root) | quote }} }
- { name: LLMHUB_LISTEN, value: "{{ $host }}:{{ $root.Values.ports.grpc | int }}" }
{{- with $root.Values.ports.http }}
- { name: LLMHUB_HTTP_LISTEN, value: "{{ $host }}:{{ . | int }}" }
{{- end }}
- { name: LLMHUB_OPS_LISTEN, value: "{{ $root.Values.listenAddress }}:{{ $root.Values.ports.ops | int }}" }
{{- $memory := ($root.Values.resources.limits | default dict).memory -}}
{{- if and $memory $root.Values.heapPercent }}
- { name: NODE_OPTIONS, value: "--max-old-space-size-percentage={{ max 1 (div ($root.Values.heapPercent | int) (include "llmhub.workers" $root | int)) }}" }
{{- end }}
{{- if or $root.Values.extraCa.configMap $root.Values.extraCa.secret }}
- { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/run/ca/llmhub/%s" $root.Values.extraCa.key | quote }} }
{{- end }}
{{- with $root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "llmhub.configKey" -}}
{{- ternary .Values.existingConfigMap.key "llmhub.yaml" (ne .Values.existingConfigMap.name "") -}}
{{- end -}}

{{/* (list root kind) */}}
{{- define "llmhub.probes" -}}
{{- $root := index . 0 -}}
{{- $port := include "llmhub.portName" (list $root "ops" (index . 1)) -}}
{{- with $root.Values.probes -}}
startupProbe:
  httpGet: { path: /livez, port: {{ $port }} }
  {{- toYaml .startup | nindent 2 }}
livenessProbe:
  httpGet: { path: /livez, port: {{ $port }} }
  {{- toYaml .liveness | nindent 2 }}
readinessProbe:
  {{- if eq .readiness.type "grpc" }}
  grpc: { port: {{ $root.Values.ports.grpc | int }} }
  {{- else }}
  httpGet: { path: /readyz, port: {{ $port }} }
  {{- end }}
  {{- toYaml (omit .readiness "type") | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "llmhub.preStop" -}}
{{- $seconds := include "llmhub.preStopSeconds" . | int -}}
{{- $native := semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- if or (eq .Values.preStop.via "sleep") (and (eq .Values.preStop.via "auto") $native) -}}
sleep: { seconds: {{ $seconds }} }
{{- else -}}
exec: { command: {{ append .Values.preStop.exec (printf "setTimeout(() => {}, %d)" (mul $seconds 1000)) | toJson }} }
{{- end -}}
{{- end -}}

{{- define "llmhub.volumeMounts" -}}
- { name: {{ include "llmhub.volumeName" (list . "config") }}, mountPath: /etc/llmhub, readOnly: true }
- { name: {{ include "llmhub.volumeName" (list . "tmp") }}, mountPath: /tmp }
{{- if .Values.secrets }}
- { name: {{ include "llmhub.volumeName" (list . "secrets") }}, mountPath: /run/secrets/llmhub, readOnly: true }
{{- end }}
{{- if include "llmhub.redisSecret" . }}
- { name: {{ include "llmhub.volumeName" (list . "redis") }}, mountPath: /run/secrets/llmhub-redis, readOnly: true }
{{- end }}
{{- if .Values.tls.existingSecret }}
- { name: {{ include "llmhub.volumeName" (list . "tls") }}, mountPath: /run/tls/llmhub, readOnly: true }
{{- end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
- { name: {{ include "llmhub.volumeName" (list . "ca") }}, mountPath: /run/ca/llmhub, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* In somebody else's pod a volume's name begins with the gateway's own: (list root name). */}}
{{- define "llmhub.volumeName" -}}
{{- if eq (index . 0).Values.mode "sidecar" }}llmhub-{{ end }}{{ index . 1 }}
{{- end -}}

{{/*
Folders, never single files: only in a folder does Kubernetes put a changed file, which the gateway then takes over.
Mode 288 is 0440, written so that it is the same number in every version of YAML.
*/}}
{{- define "llmhub.volumes" -}}
- name: {{ include "llmhub.volumeName" (list . "config") }}
  configMap: { name: {{ include "llmhub.configMapName" . }} }
- name: {{ include "llmhub.volumeName" (list . "tmp") }}
  emptyDir: { sizeLimit: 64Mi }
{{- with .Values.secrets }}
- name: {{ include "llmhub.volumeName" (list $ "secrets") }}
  projected:
    defaultMode: 288
    sources:
      {{- range . }}
      - secret:
          {{- toYaml . | nindent 10 }}
      {{- end }}
{{- end }}
{{- with include "llmhub.redisSecret" . }}
- name: {{ include "llmhub.volumeName" (list $ "redis") }}
  secret:
    secretName: {{ . }}
    defaultMode: 288
    items: [{ key: {{ $.Values.redis.existingSecret.key }}, path: url }]
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: {{ include "llmhub.volumeName" (list $ "tls") }}
  secret: { secretName: {{ . }}, defaultMode: 288 }
{{- end }}
{{- with .Values.extraCa.configMap }}
- name: {{ include "llmhub.volumeName" (list $ "ca") }}
  configMap: { name: {{ . }} }
{{- end }}
{{- with .Values.extraCa.secret }}
- name: {{ include "llmhub.volumeName" (list $ "ca") }}
  secret: { secretName: {{ . }}, defaultMode: 288 }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Secret with the address of Redis, if one is named or made. */}}
{{- define "llmhub.redisSecret" -}}
{{- if .Values.redis.evaluation.enabled -}}
{{- include "llmhub.fullname" . }}-redis
{{- else -}}
{{- .Values.redis.existingSecret.name -}}
{{- end -}}
{{- end -}}

{{/* Annotations that tell meshes what the gateway needs of them: (list root), empty without a mesh. */}}
{{- define "llmhub.meshAnnotations" -}}
{{- $drain := include "llmhub.meshDrainSeconds" . -}}
{{- with .Values.mesh.linkerd }}
{{- if .enabled }}
linkerd.io/inject: enabled
config.linkerd.io/proxy-await: enabled
config.alpha.linkerd.io/proxy-wait-before-exit-seconds: {{ $drain | quote }}
{{- with .opaquePorts }}
config.linkerd.io/opaque-ports: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.mesh.istio }}
{{- if .enabled }}
proxy.istio.io/config: {{ dict "holdApplicationUntilProxyStarts" true "terminationDrainDuration" (printf "%ss" $drain) | toJson | squote }}
{{- with .excludeOutboundPorts }}
traffic.sidecar.istio.io/excludeOutboundPorts: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A proxy beside the gateway must outlive its drain, or it cuts the streams itself. */}}
{{- define "llmhub.meshDrainSeconds" -}}
{{- sub (include "llmhub.graceSeconds" . | int) 5 -}}
{{- end -}}
