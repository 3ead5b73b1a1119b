{{/* Names. Every template takes (dict "root" $ "component" "api"), but for the first two, which take the root. */}}

{{- define "vinymatic.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* What all names begin with. 40 characters at most: the VinylIndex may have no more. Without the dots that a release's name may hold. */}}
{{- define "vinymatic.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := include "vinymatic.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Such as `shop-vinymatic-api`. */}}
{{- define "vinymatic.componentName" -}}
{{- printf "%s-%s" (include "vinymatic.fullname" .root) .component -}}
{{- end -}}

{{/* The values of a component: those of `edge` for "edge". */}}
{{- define "vinymatic.serviceAccountName" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- default (ternary (include "vinymatic.componentName" .) "default" $account.create) $account.name -}}
{{- end -}}

{{- define "vinymatic.indexName" -}}
{{- default (include "vinymatic.fullname" .) .Values.index.name -}}
{{- end -}}

{{/* The Secret with the keys; empty where identities are used instead. */}}
{{- define "vinymatic.secretName" -}}
{{- with .Values.credentials -}}
{{- if .existingSecret -}}
{{- .existingSecret -}}
{{- else if .accessKeyId -}}
{{- include "vinymatic.componentName" (dict "root" $ "component" "keys") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* (dict "root" $ "image" .Values.api.image) */}}
{{- define "vinymatic.image" -}}
{{- $shared := .root.Values.image -}}
{{- $registry := default $shared.registry .image.registry -}}
{{- $repository := ternary (printf "%s/%s" $registry .image.repository) .image.repository (ne $registry "") -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (coalesce .image.tag $shared.tag .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
