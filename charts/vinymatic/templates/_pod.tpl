{{/* Parts of pods. Every template takes (dict "root" $ "component" "api"). */}}

{{/* Of the restricted Pod Security Standard. fsGroup: what a volume is given to. */}}
{{- define "vinymatic.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "vinymatic.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The metadata of a Deployment's pods. `annotations`, a dict, comes from the chart. */}}
{{- define "vinymatic.podMetadata" -}}
labels: {{- include "vinymatic.podLabels" . | nindent 2 }}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations (default (dict) .annotations) (index .root.Values .component).podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What of a pod concerns neither containers nor volumes: identity, security, where it runs. */}}
{{- define "vinymatic.podPlace" -}}
{{- $context := . -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ include "vinymatic.serviceAccountName" . }}
securityContext: {{- include "vinymatic.podSecurityContext" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- else }}
{{- if $values.topologySpreadConstraints }}
# Not a constraint beside that of nodes: where nodes have no zone, a constraint of zones makes the scheduler spread by neither.
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: topology.kubernetes.io/zone
          labelSelector:
            matchLabels: {{- include "vinymatic.selectorLabels" $context | nindent 14 }}
{{- end }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints: {{- include "vinymatic.spread" (merge (dict "constraints" .) $context) | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ int64 $values.terminationGracePeriodSeconds }}
{{- end -}}

{{- define "vinymatic.spread" -}}
{{- /* Pods of the revision before, which a roll-out takes away, do not count: `matchLabelKeys`. */}}
{{- $own := dict "matchLabelKeys" (list "pod-template-hash") -}}
{{- $_ := set $own "labelSelector" (dict "matchLabels" (fromYaml (include "vinymatic.selectorLabels" .))) -}}
{{- $list := list -}}
{{- range .constraints -}}
{{- $list = append $list (mergeOverwrite (deepCopy $own) .) -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/* Of the main container: image, security (`securityContext`, where it is not the usual one) and resources. */}}
{{- define "vinymatic.containerBase" -}}
{{- $values := index .root.Values .component -}}
image: {{ include "vinymatic.image" (dict "root" .root "image" $values.image) }}
imagePullPolicy: {{ default .root.Values.image.pullPolicy $values.image.pullPolicy }}
{{- /* Why a container ended is the end of its log: `kubectl describe pod` and the VinylIndex then say it. */}}
terminationMessagePolicy: FallbackToLogsOnError
securityContext: {{- default (fromYaml (include "vinymatic.containerSecurityContext" .)) .securityContext | toYaml | nindent 2 }}
{{- with $values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* /tmp, the one place beside volumes of its own that a container may write to. */}}
{{- define "vinymatic.volumes" -}}
{{- $values := index .root.Values .component -}}
- name: tmp
  emptyDir:
    sizeLimit: 1Gi
{{- with $values.cache }}
- name: cache
  {{- if eq .volume "ephemeral" }}
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .size }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .size }}
  {{- end }}
{{- end }}
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "vinymatic.volumeMounts" -}}
{{- $values := index .root.Values .component -}}
- name: tmp
  mountPath: /tmp
{{- if $values.cache }}
- name: cache
  mountPath: /data
{{- end }}
{{- with $values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A probe of the values, asking `path` of `port`. */}}
{{- define "vinymatic.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
{{ toYaml .probe }}
{{- end -}}
