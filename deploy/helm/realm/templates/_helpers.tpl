{{- define "realm.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "realm.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "realm.labels" -}}
{{ include "realm.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "realm.secret" -}}
{{- .Values.existingSecret | default (include "realm.name" .) }}
{{- end }}

{{- define "realm.hasSecret" -}}
{{- if or .Values.existingSecret .Values.secret.adminKey .Values.secret.databaseUser .Values.secret.databasePassword }}yes{{ end }}
{{- end }}

{{- define "realm.scales" -}}
{{- if or .Values.autoscaling.enabled .Values.keda.enabled }}yes{{ end }}
{{- end }}

{{/* What the chart decides of realm.yaml, over what was given. */}}
{{- define "realm.config" -}}
{{- $server := dict "host" "0.0.0.0" "port" (int .Values.ports.api) "data" "/data" "management" (printf "0.0.0.0:%d" (int .Values.ports.management)) }}
{{- $names := list (printf "%s-management" (include "realm.name" .)) (printf "%s-management.%s" (include "realm.name" .) .Release.Namespace) (printf "%s-management.%s.svc" (include "realm.name" .) .Release.Namespace) (printf "%s-management.%s.svc.cluster.local" (include "realm.name" .) .Release.Namespace) }}
{{- $given := .Values.config.server | default dict }}
{{- $hosts := concat $names ($given.management_hosts | default list) | uniq }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) (dict "server" (mergeOverwrite (deepCopy $given) $server (dict "management_hosts" $hosts)))) }}
{{- end }}

{{- define "realm.check" -}}
{{- $server := .Values.config.server | default dict }}
{{- if and (or (gt (int .Values.replicaCount) 1) (include "realm.scales" .)) (not $server.database) }}
{{- fail "several replicas share a database: set config.server.database to one on PostgreSQL, or replicaCount to 1" }}
{{- end }}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- fail "autoscaling and keda both set the number of replicas: enable one of them" }}
{{- end }}
{{- if $server.database_password }}
{{- fail "config.server.database_password would be readable in a ConfigMap: use secret.databasePassword or existingSecret" }}
{{- end }}
{{- if and .Values.models.existingClaim .Values.models.image }}
{{- fail "models come from a claim or from an image: set one of models.existingClaim and models.image" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs must name the gateway" }}
{{- end }}
{{- end }}
