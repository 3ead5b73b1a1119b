{{/* What a schema cannot say: a JSON list of sentences. The root. */}}
{{- define "vinymatic.problems" -}}
{{- $said := list -}}
{{- with .Values -}}
{{- if not .storage.bucket -}}
{{- $said = append $said "storage.bucket is missing: the S3 bucket that holds the index" -}}
{{- end -}}
{{- if .ingestor.enabled -}}
{{- if not .covers.bucket -}}
{{- $said = append $said "covers.bucket is missing: the S3 bucket of the cover scans (or ingestor.enabled=false)" -}}
{{- end -}}
{{- if not .queue.url -}}
{{- $said = append $said "queue.url is missing: the SQS queue that carries the keys of covers (or ingestor.enabled=false)" -}}
{{- end -}}
{{- if gt (int64 .ingestor.keda.minReplicas) (int64 .ingestor.keda.maxReplicas) -}}
{{- $said = append $said "ingestor.keda.minReplicas is more than ingestor.keda.maxReplicas" -}}
{{- end -}}
{{- else if .ingestor.keda.enabled -}}
{{- $said = append $said "ingestor.keda.enabled without ingestor.enabled: there is nothing to scale" -}}
{{- end -}}
{{- if and .ingestor.keda.roleArn (eq .ingestor.keda.identityOwner "workload") -}}
{{- $said = append $said "ingestor.keda.roleArn is a role that KEDA takes on: it goes with identityOwner=keda" -}}
{{- end -}}
{{- with .credentials -}}
{{- if and .existingSecret (or .accessKeyId .secretAccessKey) -}}
{{- $said = append $said "credentials.existingSecret and credentials.accessKeyId are both given: which is meant?" -}}
{{- else if ne (empty .accessKeyId) (empty .secretAccessKey) -}}
{{- $said = append $said "credentials.accessKeyId and credentials.secretAccessKey go together" -}}
{{- end -}}
{{- end -}}
{{- with .api.autoscaling -}}
{{- if gt (int64 .minReplicas) (int64 .maxReplicas) -}}
{{- $said = append $said "api.autoscaling.minReplicas is more than api.autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .enabled (not .targetCPUUtilizationPercentage) (not .metrics) -}}
{{- $said = append $said "api.autoscaling has no metric: set targetCPUUtilizationPercentage or metrics" -}}
{{- end -}}
{{- end -}}
{{- if ge (int64 .api.preStopSeconds) (int64 .api.terminationGracePeriodSeconds) -}}
{{- $said = append $said "api.terminationGracePeriodSeconds must be more than api.preStopSeconds: a pod would be killed over its requests" -}}
{{- end -}}
{{- if and (eq .operator.scope "Cluster") .operator.watchNamespaces -}}
{{- $said = append $said "operator.watchNamespaces goes with operator.scope=Namespace" -}}
{{- end -}}
{{- $watched := include "vinymatic.watchedNamespaces" $ | fromJsonArray -}}
{{- if and .operator.enabled .index.create $watched (not (has $.Release.Namespace $watched)) -}}
{{- $said = append $said (printf "operator.watchNamespaces lacks %s, where the VinylIndex of this release is" $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- concat $said (include "vinymatic.variableProblems" . | fromJsonArray) (include "vinymatic.edgeProblems" . | fromJsonArray) | toJson -}}
{{- end -}}

{{/* Variables that are set elsewhere: a JSON list of sentences. The root. */}}
{{- define "vinymatic.variableProblems" -}}
{{- $everywhere := dict
  "RESULT_FILE" "only Jobs write it"
  "BACKUP_FOLDER" "the chart mounts a volume there"
  "INDEX_URL" "set storage.bucket and storage.prefix"
  "SIFT_DIMENSIONS" "set features.dimensions"
  "PORT" "the chart's Service, probes and policies go to 5002; set api.service.port"
  "METRICS_PORT" "the chart's probes, monitors and policies go to it"
  "WATCH_NAMESPACES" "set operator.scope and operator.watchNamespaces"
-}}
{{- $covers := dict -}}
{{- range list "NUM_FEATURES" "NOR_X" "NOR_Y" -}}
{{- $_ := set $covers . "set features.cover" -}}
{{- end -}}
{{- if .Values.index.create -}}
{{- range list "INDEX_EPOCH" "INDEX_MIN_MANIFEST" -}}
{{- $_ := set $everywhere . "it is the operator's own" -}}
{{- end -}}
{{- range list "RETRAINING_INTERVAL" "RETRAINING_DAYS" "RETRAINING_GROWTH" "RETRAINING_DRIFT" "COMPACTION_INTERVAL" "COLLECTION_INTERVAL" "BACKUP_INTERVAL" -}}
{{- $_ := set $covers . "the operator does this: see index.retraining, index.compaction, index.collection and index.backup" -}}
{{- end -}}
{{- end -}}
{{- $said := list -}}
{{- range $place, $names := dict
  "env" (keys .Values.env)
  "api" (concat (keys .Values.api.env) (include "vinymatic.extraNames" .Values.api | fromJsonArray))
  "ingestor" (concat (keys .Values.ingestor.env) (include "vinymatic.extraNames" .Values.ingestor | fromJsonArray))
  "operator" (concat (keys .Values.operator.env) (include "vinymatic.extraNames" .Values.operator | fromJsonArray))
-}}
{{- $refused := ternary $everywhere (merge (dict) $everywhere $covers) (has $place (list "api" "operator")) -}}
{{- range $name := $names | uniq | sortAlpha -}}
{{- with get $refused $name -}}
{{- $said = append $said (printf "%s: %s cannot be set: %s" (ternary "env" (printf "%s.env" $place) (eq $place "env")) $name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $said | toJson -}}
{{- end -}}

{{- define "vinymatic.extraNames" -}}
{{- $names := list -}}
{{- range .extraEnv -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}
