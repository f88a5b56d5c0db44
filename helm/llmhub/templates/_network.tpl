{{/* Networks with addresses that give out credentials of the machine, or of its cloud, to whoever asks. */}}
{{- define "llmhub.metadataNetworks" -}}
ipv4: [169.254.0.0/16, 100.100.100.200/32, 168.63.129.16/32]
ipv6: ["fd00:ec2::/32", "fd20:ce::/32"]
{{- end -}}

{{/* The first 32 bits of an address as a number; of IPv4 all. */}}
{{- define "llmhub.head" -}}
{{- $head := 0 -}}
{{- if contains ":" . -}}
{{- $groups := splitList ":" (. | replace "::" ":0:0:") -}}
{{- range slice (concat (without $groups "") (list "0" "0")) 0 2 -}}
{{- $head = add (mul $head 65536) (int64 (printf "0x%s" .)) -}}
{{- end -}}
{{- else -}}
{{- range splitList "." . -}}{{- $head = add (mul $head 256) (int64 (atoi .)) -}}{{- end -}}
{{- end -}}
{{- $head -}}
{{- end -}}

{{/* Whether the beginning of a network holds that of an address: (list network address); both IPv4, or both IPv6. */}}
{{- define "llmhub.holds" -}}
{{- $parts := splitList "/" (index . 0) -}}
{{- $size := 1 -}}
{{- range until (sub 32 (min 32 (atoi (index $parts 1))) | int) -}}{{- $size = mul $size 2 -}}{{- end -}}
{{- if eq (div (include "llmhub.head" (index $parts 0) | int64) $size) (div (include "llmhub.head" (index . 1) | int64) $size) -}}true{{- end -}}
{{- end -}}

{{/* A peer that is a network without its metadata addresses, and without others: (list cidr except). */}}
{{- define "llmhub.ipBlock" -}}
{{- $cidr := index . 0 -}}
{{- $length := atoi (last (splitList "/" $cidr)) -}}
{{- $except := list -}}
{{- range get (include "llmhub.metadataNetworks" . | fromYaml) (ternary "ipv6" "ipv4" (contains ":" $cidr)) -}}
{{- $own := splitList "/" . -}}
{{- if ge $length (atoi (last $own)) -}}
{{- if include "llmhub.holds" (list . (first (splitList "/" $cidr))) -}}
{{- fail (printf "networkPolicy.egress: %s gives out credentials of the machine; if the gateway needs them, name the service in networkPolicy.egress.metadata" $cidr) -}}
{{- end -}}
{{- else if include "llmhub.holds" (list $cidr (first $own)) -}}
{{- $except = append $except . -}}
{{- end -}}
{{- end -}}
{{- range index . 1 -}}
{{- $own := splitList "/" . -}}
{{- if and (eq (contains ":" .) (contains ":" $cidr)) (gt (atoi (last $own)) $length) -}}
{{- if include "llmhub.holds" (list $cidr (first $own)) -}}{{- $except = append $except . -}}{{- end -}}
{{- end -}}
{{- end -}}
ipBlock:
  cidr: {{ $cidr | quote }}
  {{- with $except }}
  except: {{ toJson . }}
  {{- end }}
{{- end -}}

{{/* Where each service that gives out credentials is. */}}
{{- define "llmhub.metadataServices" -}}
aws-imds: { cidrs: [169.254.169.254/32, "fd00:ec2::254/128"], ports: [80] }
eks-pod-identity: { cidrs: [169.254.170.23/32, "fd00:ec2::23/128"], ports: [80] }
gke-workload-identity: { cidrs: [169.254.169.254/32, 169.254.169.252/32], ports: [80, 988] }
azure-imds: { cidrs: [169.254.169.254/32], ports: [80] }
{{- end -}}

{{/* Ports of identity, destinations and policies in Linkerd, of istiod in Istio. */}}
{{- define "llmhub.controlPlanes" -}}
linkerd: [8080, 8086, 8090]
istio: [15012]
{{- end -}}

{{- define "llmhub.tcpPorts" -}}
{{- $ports := list -}}
{{- range . -}}{{- $ports = append $ports (dict "protocol" "TCP" "port" (int .)) -}}{{- end -}}
{{- toYaml $ports -}}
{{- end -}}
