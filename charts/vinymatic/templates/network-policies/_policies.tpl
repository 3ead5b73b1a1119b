{{/* Rules of NetworkPolicies. The root. */}}

{{/* (dict "to" PEERS "ports" [NUMBERS]): an egress rule. */}}
{{- define "vinymatic.egressTo" -}}
- to: {{- toYaml .to | nindent 4 }}
  ports:
    {{- range .ports }}
    - port: {{ int64 . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{- define "vinymatic.egressToDns" -}}
- to: {{- toYaml .Values.networkPolicies.dnsTo | nindent 4 }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end -}}

{{- define "vinymatic.egressToAws" -}}
{{- include "vinymatic.egressTo" (dict "to" .Values.networkPolicies.awsTo "ports" .Values.networkPolicies.awsPorts) -}}
{{- end -}}

{{/* (dict "root" $ "port" 9102): an ingress rule. */}}
{{- define "vinymatic.metricsFrom" -}}
{{- /* An empty `from` would let everyone in. */}}
{{- with .root.Values.networkPolicies.metricsFrom -}}
- from: {{- toYaml . | nindent 4 }}
  ports:
    - {port: {{ $.port }}, protocol: TCP}
{{- end -}}
{{- end -}}

{{/* (dict "root" $ "component" "api"): this release's pods of a component, as a peer. */}}
{{- define "vinymatic.peer" -}}
- podSelector:
    matchLabels: {{- include "vinymatic.selectorLabels" . | nindent 6 }}
{{- end -}}
