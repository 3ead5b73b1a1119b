{{/* The namespaces that it looks after, as JSON; [] for all. The root. */}}
{{- define "vinymatic.watchedNamespaces" -}}
{{- if eq .Values.operator.scope "Cluster" -}}
[]
{{- else -}}
{{- default (list .Release.Namespace) .Values.operator.watchNamespaces | uniq | toJson -}}
{{- end -}}
{{- end -}}

{{- define "vinymatic.operatorEnv" -}}
DEBUG: {value: {{ .Values.debug | quote }}}
PYTHONUNBUFFERED: {value: "1"}
WATCH_NAMESPACES: {value: {{ include "vinymatic.watchedNamespaces" . | fromJsonArray | join "," | quote }}}
{{- with .Values.operator }}
{{- include "vinymatic.numbers" (dict
  "TICK_SECONDS" .tickSeconds
  "RESYNC_SECONDS" .resyncSeconds
  "BACKOFF_SECONDS" .backoffSeconds
) }}
{{- end }}
{{- end -}}
