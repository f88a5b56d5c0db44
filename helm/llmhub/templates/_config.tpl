{{/*
The configuration: what `config` says, and what follows from other values and from the mode. The addresses to listen at
are not in it: they come by environment variables, so that they hold for an existing ConfigMap, too.
*/}}
{{- define "llmhub.config" -}}
{{- $config := deepCopy (.Values.config | default dict) -}}
{{- $server := $config.server | default dict -}}
{{- $_ := set $server "drain" (merge (dict) ($server.drain | default dict) (include "llmhub.drainDefaults" . | fromYaml)) -}}
{{- if eq .Values.mode "deployment" -}}
{{- $_ := set $server "limits" (merge (dict) ($server.limits | default dict) (dict "connectionAgeMax" "10m")) -}}
{{- else if not $config.auth -}}
{{- $_ := set $config "auth" (dict "mode" "off") -}}
{{- end -}}
{{- if .Values.tls.existingSecret -}}
{{- $tls := dict "cert" "/run/tls/llmhub/tls.crt" "key" "/run/tls/llmhub/tls.key" -}}
{{- if .Values.tls.clientCa -}}{{- $tls = merge $tls (dict "clientCa" "/run/tls/llmhub/ca.crt" "clientCert" .Values.tls.clientCert) -}}{{- end -}}
{{- $_ := set $server "tls" $tls -}}
{{- end -}}
{{- $_ := set $config "server" $server -}}
{{- if not (or (hasKey $config "providers") .Values.envFrom (include "llmhub.envBringsProviders" .)) -}}
{{- $_ := set $config "providers" (dict "simulator" dict) -}}
{{- $_ := set $config "models" (merge (dict) ($config.models | default dict) (dict "default" "simulator/gpt")) -}}
{{- end -}}
{{- $redis := $config.redis | default dict -}}
{{- if or .Values.redis.existingSecret.name .Values.redis.evaluation.enabled -}}
{{- $redis = merge (dict "url" "file:/run/secrets/llmhub-redis/url") $redis -}}
{{- end -}}
{{- if $redis -}}
{{- $_ := set $config "redis" (merge (dict) $redis (dict "replicas" (include "llmhub.replicasMax" . | int))) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Whether extraEnv has a variable that brings a provider into being. */}}
{{- define "llmhub.envBringsProviders" -}}
{{- range .Values.extraEnv -}}
{{- if and (not (hasPrefix "LLMHUB_" .name)) (regexMatch "_API_KEY$|^(AWS|AZURE|GOOGLE|HF|OLLAMA)_" .name) -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Behind a load balancer calls are taken until it has noticed; a container beside an older application, until that is done. */}}
{{- define "llmhub.drainDefaults" -}}
{{- if eq .Values.mode "deployment" -}}
{delay: 5s, timeout: 2m}
{{- else if include "llmhub.isNative" . -}}
{delay: 0s, timeout: 30s}
{{- else -}}
{delay: 20s, timeout: 30s}
{{- end -}}
{{- end -}}

{{/* As many as there can be: each keeps its part of the limits while Redis does not answer. */}}
{{- define "llmhub.replicasMax" -}}
{{- if eq .Values.mode "sidecar" -}}
{{- .Values.replicas | default 1 | int -}}
{{- else if .Values.autoscaling.enabled -}}
{{- .Values.autoscaling.maxReplicas | int -}}
{{- else -}}
{{- include "llmhub.replicas" . | int | max 1 -}}
{{- end -}}
{{- end -}}

{{- define "llmhub.replicas" -}}
{{- if kindIs "invalid" .Values.replicas -}}2{{- else -}}{{ .Values.replicas | int }}{{- end -}}
{{- end -}}

{{/* What a running gateway does not take over from a changed file; whatever else changes, it does. */}}
{{- define "llmhub.restartDigest" -}}
{{- if .Values.existingConfigMap.name -}}
{{- printf "%s/%s" .Values.existingConfigMap.name .Values.existingConfigMap.key | sha256sum -}}
{{- else -}}
{{- $config := include "llmhub.config" . | fromYaml -}}
{{- if eq .Values.reload "restart" -}}
{{- toJson $config | sha256sum -}}
{{- else -}}
{{- dict "server" $config.server "tracing" $config.tracing "log" $config.log | toJson | sha256sum -}}
{{- end -}}
{{- end -}}
{{- end -}}
