{{/* Where pods go. */}}
{{- define "llmhub.placement" -}}
{{- if .Values.topologySpread.enabled }}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: 1
    whenUnsatisfiable: {{ .Values.topologySpread.whenUnsatisfiable }}
    # Only pods of the same version count, or a rollout would leave the new ones crowded.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "llmhub.selector" (list . "gateway") | nindent 8 }}
{{- end }}
{{- $affinity := deepCopy (.Values.affinity | default dict) }}
{{- if ne .Values.antiAffinity "off" }}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "llmhub.selector" (list . "gateway") | fromYaml)) }}
{{- $rule := ternary (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term))) (eq .Values.antiAffinity "hard") }}
{{- $affinity = merge $affinity (dict "podAntiAffinity" $rule) }}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end -}}
