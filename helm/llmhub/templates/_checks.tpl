{{/* What a schema cannot say. Each message says how to mend it. */}}
{{- define "llmhub.checks" -}}
{{- include "llmhub.checkConfig" . -}}
{{- include "llmhub.checkSecrets" . -}}
{{- include "llmhub.checkScale" . -}}
{{- include "llmhub.checkEnd" . -}}
{{- include "llmhub.checkNetwork" . -}}
{{- if eq .Values.mode "sidecar" -}}
{{- range $what := list "ingress" "grpcRoute" "httpRoute" "autoscaling" "serviceMonitor" -}}
{{- if (get $.Values $what).enabled -}}
{{- fail (printf "%s.enabled goes with mode: deployment; a sidecar is reached in its pod only, and scales with it" $what) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmhub.checkConfig" -}}
{{- $config := .Values.config -}}
{{- $server := $config.server | default dict -}}
{{- if and .Values.existingConfigMap.name $config -}}
{{- fail "config and existingConfigMap.name exclude each other; keep one" -}}
{{- end -}}
{{- range $field, $value := dict "listen" "ports.grpc" "httpListen" "ports.http" "opsListen" "ports.ops" -}}
{{- if hasKey $server $field -}}
{{- fail (printf "config.server.%s: the chart says where to listen, for Service and probes to agree; set %s, and listenAddress for IPv6" $field $value) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if has .name (list "LLMHUB_CONFIG" "LLMHUB_LISTEN" "LLMHUB_HTTP_LISTEN" "LLMHUB_OPS_LISTEN" "LLMHUB_HOST" "NODE_OPTIONS" "NODE_EXTRA_CA_CERTS") -}}
{{- fail (printf "extraEnv: the chart sets %s itself; use existingConfigMap, ports, listenAddress, heapPercent or extraCa" .name) -}}
{{- end -}}
{{- if eq .name "LLMHUB_WORKERS" -}}
{{- fail "extraEnv: set config.server.workers instead of LLMHUB_WORKERS; the chart shares out memory by it" -}}
{{- end -}}
{{- end -}}
{{- $auth := $config.auth | default dict -}}
{{- if and (eq .Values.mode "deployment") (eq (toString $auth.mode) "off") -}}
{{- fail "config.auth.mode: off lets everybody in the cluster spend your money; use keys (`llmhub keys new` makes one), or mode: sidecar, where nobody outside of the pod can call" -}}
{{- end -}}
{{- if and .Values.tls.existingSecret $server.tls -}}
{{- fail "tls.existingSecret and config.server.tls exclude each other; keep one" -}}
{{- end -}}
{{- if and (include "llmhub.hasTls" .) (eq .Values.probes.readiness.type "grpc") -}}
{{- fail "probes.readiness.type: grpc does not go with TLS, which kubelet's gRPC probes do not speak; use http" -}}
{{- end -}}
{{- if and (eq .Values.mode "sidecar") (eq .Values.probes.readiness.type "grpc") -}}
{{- fail "probes.readiness.type: grpc does not go with mode: sidecar, where calls are taken on 127.0.0.1 only; use http" -}}
{{- end -}}
{{- if eq (int .Values.service.ports.grpc) (int .Values.service.ports.http) -}}
{{- fail "service.ports.grpc and service.ports.http must differ; both take all protocols" -}}
{{- end -}}
{{- range $what := list "commonLabels" "podLabels" -}}
{{- range $name, $value := get $.Values $what -}}
{{- if regexMatch "^(app[.]kubernetes[.]io/(name|instance|component|version|managed-by)|helm[.]sh/chart)$" $name -}}
{{- fail (printf "%s.%s: the chart sets it itself, and finds its pods by it; remove it, and use nameOverride for another name" $what $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $ports := compact (list .Values.ports.grpc .Values.ports.http .Values.ports.ops) -}}
{{- if ne (len $ports) (len (uniq $ports)) -}}
{{- fail "ports.grpc, ports.http and ports.ops must differ" -}}
{{- end -}}
{{- if and .Values.extraCa.configMap .Values.extraCa.secret -}}
{{- fail "extraCa.configMap and extraCa.secret exclude each other; keep one" -}}
{{- end -}}
{{- end -}}

{{/* Nothing that is secret may stand in a ConfigMap, or in what `helm get values` shows. */}}
{{- define "llmhub.checkSecrets" -}}
{{- range $id, $provider := .Values.config.providers -}}
{{- $provider = $provider | default dict -}}
{{- include "llmhub.checkSecret" (list (printf "config.providers.%s" $id) $provider) -}}
{{- range $provider.credentials -}}
{{- include "llmhub.checkSecret" (list (printf "config.providers.%s.credentials" $id) .) -}}
{{- end -}}
{{- end -}}
{{- include "llmhub.checkSecret" (list "config.tracing" (.Values.config.tracing | default dict)) -}}
{{- if regexMatch "^rediss?://[^/@]*:[^@/$]+@" (toString (.Values.config.redis | default dict).url) -}}
{{- fail "config.redis.url: its password would stand in a ConfigMap; put the URL into a Secret, and its name into redis.existingSecret.name" -}}
{{- end -}}
{{- end -}}

{{/* (list path entry) */}}
{{- define "llmhub.checkSecret" -}}
{{- $path := index . 0 -}}
{{- $entry := index . 1 -}}
{{- $secret := pick (merge (dict "apiKey" $entry.apiKey) ($entry.settings | default dict)) "apiKey" "secretAccessKey" "sessionToken" "clientSecret" "oauthToken" "credentials" -}}
{{- range $name, $value := $entry.headers -}}
{{- if regexMatch "(?i)auth|key|token|secret|cookie" $name -}}{{- $_ := set $secret (printf "headers.%s" $name) $value -}}{{- end -}}
{{- end -}}
{{- range $field, $value := $secret -}}
{{- if and $value (not (regexMatch "^file:|[$][{]" (toString $value))) -}}
{{- fail (printf "%s.%s: it would stand in a ConfigMap for all to read; put it into a Secret, name that in secrets, and write file:/run/secrets/llmhub/KEY here" $path $field) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmhub.checkScale" -}}
{{- $replicas := include "llmhub.replicas" . | int -}}
{{- with .Values.autoscaling -}}
{{- if and .enabled (not (kindIs "invalid" $.Values.replicas)) -}}
{{- fail "replicas and autoscaling.enabled exclude each other: each upgrade would undo what the autoscaler did; remove replicas, and set autoscaling.minReplicas" -}}
{{- end -}}
{{- if gt (.minReplicas | int) (.maxReplicas | int) -}}
{{- fail "autoscaling.minReplicas must not be above autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .enabled (not .cpuPercent) (not .openStreams) -}}
{{- fail "autoscaling.enabled needs something to go by: cpuPercent, openStreams, or both" -}}
{{- end -}}
{{- if and .enabled .cpuPercent (not (($.Values.resources.requests | default dict).cpu)) -}}
{{- fail "autoscaling.cpuPercent is a part of resources.requests.cpu, which is absent; set it" -}}
{{- end -}}
{{- if .enabled -}}{{- $replicas = .minReplicas | int -}}{{- end -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and .enabled (kindIs "invalid" .minAvailable) (eq (toString .maxUnavailable | trimSuffix "%") "0") -}}
{{- fail "podDisruptionBudget.maxUnavailable: 0 leaves no pod to be moved, so that no node can be emptied; set it to 1" -}}
{{- end -}}
{{- if and .enabled (eq (toString .minAvailable) "100%") -}}
{{- fail "podDisruptionBudget.minAvailable: 100% leaves no pod to be moved, so that no node can be emptied; lower it, or use maxUnavailable" -}}
{{- end -}}
{{- if and .enabled (regexMatch "^[0-9]+$" (toString .minAvailable)) (ge (.minAvailable | int) $replicas) -}}
{{- fail (printf "podDisruptionBudget.minAvailable: %d of %d pods at least leaves none to be moved, so that no node can be emptied; lower it, or use maxUnavailable" (.minAvailable | int) $replicas) -}}
{{- end -}}
{{- end -}}
{{- if and (eq (toString .Values.rollout.maxUnavailable | trimSuffix "%") "0") (eq (toString .Values.rollout.maxSurge | trimSuffix "%") "0") -}}
{{- fail "rollout.maxUnavailable and rollout.maxSurge are both 0, so that no pod could ever be replaced; set maxSurge: 1" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled would count everything twice; keep one" -}}
{{- end -}}
{{- $redis := or .Values.redis.existingSecret.name .Values.redis.evaluation.enabled .Values.config.redis -}}
{{- if and .Values.redis.evaluation.enabled (or .Values.redis.existingSecret.name (.Values.config.redis | default dict).url) -}}
{{- fail "redis.evaluation.enabled does not go with another Redis; keep one" -}}
{{- end -}}
{{- if and .Values.redis.existingSecret.name (.Values.config.redis | default dict).url -}}
{{- fail "redis.existingSecret.name and config.redis.url exclude each other; keep one" -}}
{{- end -}}
{{- $config := .Values.config -}}
{{- range $path, $wanted := dict "config.streams.shared" (($config.streams | default dict).shared) "config.idempotency.shared" (($config.idempotency | default dict).shared) "config.cache.driver: redis" (eq (toString ($config.cache | default dict).driver) "redis") -}}
{{- if and $wanted (not $redis) -}}
{{- fail (printf "%s needs a Redis: put its URL into a Secret, and the name of that into redis.existingSecret.name" $path) -}}
{{- end -}}
{{- end -}}
{{- $workers := include "llmhub.workers" . | int -}}
{{- with (.Values.resources.limits | default dict).memory -}}
{{- $least := mul 128 $workers -}}
{{- if lt (include "llmhub.mebibytes" . | int) $least -}}
{{- fail (printf "resources.limits.memory: %v is less than %d workers take (100 MB each before the first call); give %dMi or more, or fewer workers" . $workers $least) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The end of a pod: it must have the time that the gateway takes. */}}
{{- define "llmhub.checkEnd" -}}
{{- $given := .Values.terminationGracePeriodSeconds -}}
{{- if .Values.existingConfigMap.name -}}
{{- if kindIs "invalid" $given -}}
{{- fail (printf "terminationGracePeriodSeconds: the chart cannot see server.drain in ConfigMap %s; set it to preStop.sleepSeconds + delay + timeout + 6 seconds" .Values.existingConfigMap.name) -}}
{{- end -}}
{{- else -}}
{{- $needed := include "llmhub.neededGraceSeconds" . | int -}}
{{- if and (not (kindIs "invalid" $given)) (lt ($given | int) $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d is too short, the pod would be killed while calls end; preStop, config.server.drain.delay and timeout, and 6 seconds are %d: remove it, or shorten those" ($given | int) $needed) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the configuration leads to must be let out. */}}
{{- define "llmhub.checkNetwork" -}}
{{- with .Values.networkPolicy -}}
{{- if and .enabled (eq $.Values.mode "deployment") -}}
{{- if and .egress.hosts (ne .flavor "cilium") -}}
{{- fail "networkPolicy.egress.hosts: a NetworkPolicy of Kubernetes knows no names; set networkPolicy.flavor: cilium, or list addresses in egress.https.cidrs" -}}
{{- end -}}
{{- range .egress.to -}}{{- range .peers -}}
{{- if hasKey . "ipBlock" -}}
{{- fail "networkPolicy.egress.to: a network goes into cidrs, where addresses that give out credentials of the machine are left out, not into peers as ipBlock" -}}
{{- end -}}
{{- end -}}{{- end -}}
{{- $open := list -}}
{{- if or .egress.https.enabled .egress.hosts -}}{{- $open = append $open 443 -}}{{- end -}}
{{- range .egress.to -}}{{- range .ports -}}{{- $open = append $open (int .) -}}{{- end -}}{{- end -}}
{{- $urls := dict "config.tracing.endpoint" ($.Values.config.tracing | default dict).endpoint -}}
{{- range $id, $provider := $.Values.config.providers -}}
{{- $_ := set $urls (printf "config.providers.%s.baseUrl" $id) ($provider | default dict).baseUrl -}}
{{- end -}}
{{- range $path, $url := $urls -}}
{{- $url = toString $url -}}
{{- if and (regexMatch "^https?://[^$]+$" $url) (not (regexMatch "^https?://(127[.]|localhost|\\[::1\\])" $url)) -}}
{{- $port := regexFind ":[0-9]+(/|$)" (trimPrefix "https:" $url | trimPrefix "http:") | trimAll ":/" | default (ternary "443" "80" (hasPrefix "https:" $url)) | int -}}
{{- if not (has $port $open) -}}
{{- fail (printf "%s leads to port %d, where networkPolicy lets nobody go; add an entry with ports: [%d] to networkPolicy.egress.to" $path $port $port) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (or $.Values.redis.existingSecret.name $.Values.config.redis) (not .egress.to) (not $.Values.redis.evaluation.enabled) -}}
{{- fail "networkPolicy lets the gateway reach no Redis; add an entry with its address and port to networkPolicy.egress.to" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
