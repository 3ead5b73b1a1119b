{{/* Labels and metadata. Every template takes (dict "root" $ "component" "api"). */}}

{{/* What never changes: a Deployment's selector. */}}
{{- define "vinymatic.selectorLabels" -}}
app.kubernetes.io/name: {{ include "vinymatic.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "vinymatic.commonLabels" -}}
{{ include "vinymatic.selectorLabels" . }}
app.kubernetes.io/part-of: vinymatic
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end -}}

{{/* The labels of an object. A user's labels cannot change the selector's: a Deployment would not find its pods. */}}
{{- define "vinymatic.labels" -}}
{{- $own := fromYaml (include "vinymatic.commonLabels" .) -}}
{{- $chart := dict "helm.sh/chart" (printf "%s-%s" .root.Chart.Name (replace "+" "_" .root.Chart.Version)) -}}
{{- mergeOverwrite (dict) .root.Values.commonLabels (default (dict) .labels) $own $chart | toYaml -}}
{{- end -}}

{{/* Those of a pod: without the chart's version, which would start every pod anew. */}}
{{- define "vinymatic.podLabels" -}}
{{- $own := fromYaml (include "vinymatic.commonLabels" .) -}}
{{- $more := default (dict) (index .root.Values .component).podLabels -}}
{{- mergeOverwrite (dict) .root.Values.commonLabels $more $own | toYaml -}}
{{- end -}}

{{/* The whole metadata but its key. `name` stands for the component's name; `labels` and `annotations` are added;
     `namespaced` false leaves the namespace out. */}}
{{- define "vinymatic.metadata" -}}
name: {{ default (include "vinymatic.componentName" .) .name }}
{{- if ne .namespaced false }}
namespace: {{ default .root.Release.Namespace .namespace }}
{{- end }}
labels: {{- include "vinymatic.labels" . | nindent 2 }}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations (default (dict) .annotations) }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
