{{/* Whole seconds of a duration as the configuration writes it ("500ms", "1.5m"), rounded up: (list duration what). */}}
{{- define "llmhub.seconds" -}}
{{- $text := toString (index . 0) -}}
{{- if not (regexMatch "^[0-9]{1,9}([.][0-9]{1,3})?(ms|s|m|h)$" $text) -}}
{{- fail (printf "%s is %q: the chart needs a duration such as 30s or 2m to reckon with; write one, or set terminationGracePeriodSeconds" (index . 1) $text) -}}
{{- end -}}
{{- $factors := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- ceil (mulf (regexFind "^[0-9.]+" $text | float64) (get $factors (regexFind "[a-z]+$" $text))) | int -}}
{{- end -}}

{{/* Whole cores of an amount of CPU ("1500m", "2"), rounded up. */}}
{{- define "llmhub.cores" -}}
{{- $text := toString . -}}
{{- if hasSuffix "m" $text -}}
{{- ceil (divf (trimSuffix "m" $text | float64) 1000.0) | int -}}
{{- else -}}
{{- ceil (float64 $text) | int -}}
{{- end -}}
{{- end -}}

{{/* Mebibytes of an amount of memory ("512Mi", "2G", 1e9), rounded down. */}}
{{- define "llmhub.mebibytes" -}}
{{- $text := toString . -}}
{{- $factors := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 -}}
{{- $factor := get $factors (regexFind "[kKMGT]i?$" $text) -}}
{{- floor (divf (mulf (regexFind "^[0-9.]+(e[+]?[0-9]+)?" $text | float64) $factor) 1048576.0) | int -}}
{{- end -}}

{{/* Processes that take calls. */}}
{{- define "llmhub.workers" -}}
{{- $workers := toString ((.Values.config.server | default dict).workers | default 1) -}}
{{- if eq $workers "auto" -}}
{{- $cpu := (.Values.resources.limits | default dict).cpu -}}
{{- if not $cpu -}}
{{- fail "config.server.workers is auto, which is one process for each core of the node while resources.limits.cpu is absent, and all of them share one limit of memory; set resources.limits.cpu, or a number of workers" -}}
{{- end -}}
{{- include "llmhub.cores" $cpu -}}
{{- else -}}
{{- $workers -}}
{{- end -}}
{{- end -}}

{{/* Seconds from SIGTERM until the gateway has ended by itself: delay, timeout, and a second to cut the rest. */}}
{{- define "llmhub.drainSeconds" -}}
{{- $drain := (include "llmhub.config" . | fromYaml).server.drain -}}
{{- add (include "llmhub.seconds" (list $drain.delay "config.server.drain.delay") | int) (include "llmhub.seconds" (list $drain.timeout "config.server.drain.timeout") | int) 1 -}}
{{- end -}}

{{/* Seconds that a pod needs to end without a cut: preStop, drain, and five to write out and to spare. */}}
{{- define "llmhub.neededGraceSeconds" -}}
{{- add (include "llmhub.preStopSeconds" . | int) (include "llmhub.drainSeconds" . | int) 5 -}}
{{- end -}}

{{- define "llmhub.preStopSeconds" -}}
{{- if .Values.preStop.sleepSeconds -}}{{ .Values.preStop.sleepSeconds | int }}{{- else -}}0{{- end -}}
{{- end -}}

{{- define "llmhub.graceSeconds" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds -}}
{{- include "llmhub.neededGraceSeconds" . -}}
{{- else -}}
{{- .Values.terminationGracePeriodSeconds | int -}}
{{- end -}}
{{- end -}}
