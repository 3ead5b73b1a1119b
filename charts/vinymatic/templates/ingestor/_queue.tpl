{{/* Where KEDA asks for the depth: as the ingestor does, the host of the queue where that is not AWS's. The root. */}}
{{- define "vinymatic.queueEndpoint" -}}
{{- $url := urlParse .Values.queue.url -}}
{{- if .Values.queue.endpoint -}}
{{- .Values.queue.endpoint -}}
{{- else if not (regexMatch "\\.amazonaws\\.com(\\.cn)?(:[0-9]+)?$" $url.host) -}}
{{- printf "%s://%s" $url.scheme $url.host -}}
{{- end -}}
{{- end -}}
