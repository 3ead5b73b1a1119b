{{/* The edge's names and texts. Every template takes the root. */}}

{{/* The headless Service whose addresses are the API's ready pods. */}}
{{- define "vinymatic.apiPodsName" -}}
{{- include "vinymatic.componentName" (dict "root" . "component" "api-pods") -}}
{{- end -}}

{{- define "vinymatic.edgeHosts" -}}
{{- $edge := dict "root" . "component" "edge" -}}
{{- $service := printf "%s.%s.svc" (include "vinymatic.componentName" $edge) .Release.Namespace -}}
{{- $hosts := default (list "localhost") .Values.edge.hosts -}}
{{- if eq .Values.edge.tls.source "internal" -}}
{{- $hosts = append $hosts $service | uniq -}}
{{- end -}}
{{- $hosts | toJson -}}
{{- end -}}

{{/* Where a certificate lies: of the server, or for `internal` of the authority. */}}
{{- define "vinymatic.edgeSecretName" -}}
{{- $suffix := ternary "edge-ca" "edge-tls" (eq .Values.edge.tls.source "internal") -}}
{{- default (include "vinymatic.componentName" (dict "root" . "component" $suffix)) .Values.edge.tls.secretName -}}
{{- end -}}

{{- define "vinymatic.edgeProblems" -}}
{{- $said := list -}}
{{- with .Values.edge -}}
{{- if eq .mode "caddy" -}}
{{- if and (eq .tls.source "acme") (gt (int64 .replicas) 1) -}}
{{- $said = append $said "edge.tls.source=acme goes with edge.replicas=1: two pods of Caddy cannot share certificates; take certManager" -}}
{{- end -}}
{{- if and (has .tls.source (list "acme" "certManager")) (not .hosts) -}}
{{- $said = append $said (printf "edge.hosts is empty: the names that edge.tls.source=%s gets a certificate for" .tls.source) -}}
{{- end -}}
{{- if and (eq .tls.source "certManager") (not .tls.issuer.name) -}}
{{- $said = append $said "edge.tls.issuer.name is missing: cert-manager's issuer" -}}
{{- end -}}
{{- if and (eq .tls.source "secret") (not .tls.secretName) -}}
{{- $said = append $said "edge.tls.secretName is missing: the Secret with the certificate" -}}
{{- end -}}
{{- if ge (int64 .retry.answerSeconds) (int64 .retry.totalSeconds) -}}
{{- $said = append $said "edge.retry.totalSeconds must be more than edge.retry.answerSeconds: a search on a dead node would not be sent again" -}}
{{- end -}}
{{- if ge (int64 .retry.ejectSeconds) (int64 .retry.totalSeconds) -}}
{{- $said = append $said "edge.retry.totalSeconds must be more than edge.retry.ejectSeconds: with every pod left alone a search would not find one" -}}
{{- end -}}
{{- if gt (add (int64 .preStopSeconds) (int64 .graceSeconds)) (int64 .terminationGracePeriodSeconds) -}}
{{- $said = append $said "edge.terminationGracePeriodSeconds must be at least edge.preStopSeconds and edge.graceSeconds together" -}}
{{- end -}}
{{- end -}}
{{- if and (eq .mode "gateway") (not .gateway.parentRefs) (not .gateway.className) -}}
{{- $said = append $said "edge.gateway needs parentRefs, a Gateway that is there, or className, for one that the chart makes" -}}
{{- end -}}
{{- end -}}
{{- with .Values.networkPolicies -}}
{{- if and .enabled (not .edgeFrom) (ne $.Values.edge.mode "caddy") -}}
{{- $said = append $said (printf "networkPolicies.edgeFrom is empty: with edge.mode=%s it says who may call the API" $.Values.edge.mode) -}}
{{- end -}}
{{- end -}}
{{- $said | toJson -}}
{{- end -}}

{{/* The binaries of the official images carry the file capability NET_BIND_SERVICE: where a container may not have it, they do not
     even start ("operation not permitted"). The restricted Pod Security Standard allows it. */}}
{{- define "vinymatic.edgeSecurityContext" -}}
{{- $own := fromYaml (include "vinymatic.containerSecurityContext" .) -}}
{{- $_ := set $own.capabilities "add" (list "NET_BIND_SERVICE") -}}
{{- toYaml $own -}}
{{- end -}}
