{{- define "llmhub.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Beginning of the name of every object. Kubernetes puts the name of a StatefulSet and 11 characters into a label, which holds 63. */}}
{{- define "llmhub.fullname" -}}
{{- $name := include "llmhub.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 46 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component: (list root component). It never changes between versions. */}}
{{- define "llmhub.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "llmhub.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/*
Labels of a pod: (list root component), or (list root component more), where `more` goes before commonLabels. Nothing of the
chart's own version, which would make new pods for nothing.
*/}}
{{- define "llmhub.podLabels" -}}
{{- $root := index . 0 -}}
{{- $more := dict -}}
{{- if gt (len .) 2 -}}{{- $more = index . 2 -}}{{- end -}}
{{- merge (include "llmhub.selector" . | fromYaml) $more $root.Values.commonLabels (dict "app.kubernetes.io/part-of" "llmhub") | toYaml -}}
{{- end -}}

{{/* All labels of an object: (list root component), or (list root component more). */}}
{{- define "llmhub.labels" -}}
{{- $root := index . 0 -}}
{{ include "llmhub.podLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "llmhub.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmhub.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "llmhub.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* ConfigMap with the configuration. */}}
{{- define "llmhub.configMapName" -}}
{{- .Values.existingConfigMap.name | default (include "llmhub.fullname" .) -}}
{{- end -}}

{{/* Whether an API key is made for a first call: callers need one, and none is configured. */}}
{{- define "llmhub.makesKey" -}}
{{- if and (eq .Values.mode "deployment") (not .Values.existingConfigMap.name) (not .Values.config.auth) -}}true{{- end -}}
{{- end -}}

{{/* Whether a sidecar is an init container that goes on; else it is a container beside the application's. */}}
{{- define "llmhub.isNative" -}}
{{- $native := toString .Values.sidecar.native -}}
{{- if eq $native "auto" -}}
{{- if semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- else if eq $native "true" -}}true{{- end -}}
{{- end -}}
