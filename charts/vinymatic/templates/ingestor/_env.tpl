{{- define "vinymatic.ingestorEnv" -}}
{{ include "vinymatic.indexEnv" . }}
SQS_QUEUE_URL: {value: {{ .Values.queue.url | quote }}}
{{- with .Values.queue.endpoint }}
SQS_ENDPOINT_URL: {value: {{ . | quote }}}
{{- end }}
{{- with .Values.features.cover }}
{{- include "vinymatic.numbers" (dict "NUM_FEATURES" .count "NOR_X" .boxWidth "NOR_Y" .boxHeight) }}
{{- end }}
{{- with .Values.ingestor }}
{{- include "vinymatic.numbers" (dict
  "BATCH_SIZE" .batchSize
  "BATCH_AGE" .batchAgeSeconds
  "VISIBILITY_TIMEOUT" .visibilityTimeoutSeconds
  "INGEST_THREADS" .threads
  "MAX_OBJECT_BYTES" .maxObjectBytes
) }}
{{- end }}
{{- if .Values.index.create }}
{{- /* The operator does these. Done here as well they would waste work, and promote epochs at moments of their own. */}}
{{- range list "RETRAINING_INTERVAL" "RETRAINING_DAYS" "RETRAINING_GROWTH" "RETRAINING_DRIFT" "COMPACTION_INTERVAL" "COLLECTION_INTERVAL" "BACKUP_INTERVAL" }}
{{ . }}: {value: "0"}
{{- end }}
{{- else }}
{{- with .Values.ingestor.upkeep }}
{{- include "vinymatic.numbers" (dict
  "RETRAINING_INTERVAL" .retrainingInterval
  "RETRAINING_DAYS" .retrainingDays
  "RETRAINING_GROWTH" .retrainingGrowth
  "RETRAINING_DRIFT" .retrainingDrift
  "COMPACTION_INTERVAL" .compactionIntervalSeconds
  "COLLECTION_INTERVAL" .collectionIntervalSeconds
  "BACKUP_INTERVAL" .backupIntervalSeconds
  "BACKUP_KEEP_COUNT" .backupKeepCount
  "BACKUP_KEEP_DAYS" .backupKeepDays
) }}
{{- with .backupUrl }}
BACKUP_URL: {value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
