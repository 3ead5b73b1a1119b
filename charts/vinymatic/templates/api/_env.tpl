{{- define "vinymatic.apiEnv" -}}
{{ include "vinymatic.indexEnv" . }}
{{- with .Values.features.photo }}
{{- include "vinymatic.numbers" (dict "NUM_FEATURES" .count "NOR_X" .boxWidth "NOR_Y" .boxHeight) }}
{{- end }}
{{- with .Values.api }}
{{- include "vinymatic.numbers" (dict
  "TOP_N" .topN
  "SIMILARITY_THRESHOLD" .similarityThreshold
  "SEARCH_THREADS" .threads
  "QUEUE_SIZE" .queueSize
  "MAX_BODY_BYTES" .maxBodyBytes
  "REFRESH_INTERVAL" .refreshSeconds
) }}
{{- end }}
{{- end -}}
