{{/* Environment. What a template of a component makes is a mapping, so that a user's variable takes the place of ours: two of one name
     are refused by a server-side apply. */}}

{{/* (dict "root" $ "component" "api" "own" MAPPING): the list of a container; of two, the later one wins: ours, `env`, the component's
     `env`, its `extraEnv`. */}}
{{- define "vinymatic.env" -}}
{{- $values := index .root.Values .component -}}
{{- $all := .own -}}
{{- range $texts := list (default (dict) .shared) $values.env -}}
{{- range $name, $value := $texts -}}
{{- $_ := set $all $name (dict "value" $value) -}}
{{- end -}}
{{- end -}}
{{- range $values.extraEnv -}}
{{- $_ := set $all .name (omit . "name") -}}
{{- end -}}
{{- $list := list -}}
{{- range $name := keys $all | sortAlpha -}}
{{- $list = append $list (merge (dict "name" $name) (get $all $name)) -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/* What API and ingestor share. The root. */}}
{{- define "vinymatic.indexEnv" -}}
BACKUP_FOLDER: {value: /data}
INDEX_URL: {value: {{ printf "s3://%s/%s" .Values.storage.bucket .Values.storage.prefix | quote }}}
S3_REGION: {value: {{ .Values.storage.region | quote }}}
{{- with .Values.storage.endpoint }}
S3_ENDPOINT_URL: {value: {{ . | quote }}}
{{- end }}
{{- with .Values.covers.bucket }}
S3_BUCKET: {value: {{ . | quote }}}
{{- end }}
{{- with include "vinymatic.secretName" . }}
{{- range list "S3_ACCESS_KEY_ID" "S3_SECRET_ACCESS_KEY" }}
{{ . }}: {valueFrom: {secretKeyRef: {name: {{ include "vinymatic.secretName" $ }}, key: {{ . }}}}}
{{- end }}
{{- end }}
DEBUG: {value: {{ .Values.debug | quote }}}
MAX_PIXELS: {value: {{ .Values.maxPixels | toJson | quote }}}
SIFT_DIMENSIONS: {value: {{ .Values.features.dimensions | toJson | quote }}}
PYTHONUNBUFFERED: {value: "1"}
{{- end -}}

{{/* (dict "TOP_N" .Values.api.topN): variables with numbers. `toJson`, as toString makes 2e+07 of 20000000. */}}
{{- define "vinymatic.numbers" -}}
{{- range $name, $value := . }}
{{ $name }}: {value: {{ $value | toJson | quote }}}
{{- end }}
{{- end -}}

{{/* An annotation of pods: they read the keys when they start, so keys that change start them anew. Of a Secret of the user's the chart
     knows nothing. The root. */}}
{{- define "vinymatic.keysChecksum" -}}
{{- with .Values.credentials }}
{{- if and .accessKeyId (not .existingSecret) -}}
checksum/keys: {{ printf "%s\n%s" .accessKeyId .secretAccessKey | sha256sum }}
{{- end }}
{{- end }}
{{- end -}}
