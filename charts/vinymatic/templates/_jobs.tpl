{{/* `index.jobTemplate`, with the release's pull secrets and the Jobs' ServiceAccount where it names none. The root. */}}
{{- define "vinymatic.jobTemplate" -}}
{{- $given := deepCopy .Values.index.jobTemplate -}}
{{- $own := dict "imagePullPolicy" (default .Values.image.pullPolicy .Values.ingestor.image.pullPolicy) -}}
{{- $_ := set $own "serviceAccountName" (include "vinymatic.serviceAccountName" (dict "root" . "component" "jobs")) -}}
{{- with .Values.image.pullSecrets -}}
{{- $_ := set $own "imagePullSecrets" . -}}
{{- end -}}
{{- if not .Values.ingestor.enabled -}}
{{- $_ := set $own "image" (include "vinymatic.image" (dict "root" . "image" .Values.ingestor.image)) -}}
{{- end -}}
{{- merge $given $own | toYaml -}}
{{- end -}}
