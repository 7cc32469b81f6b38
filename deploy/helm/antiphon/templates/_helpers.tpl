{{- define "antiphon.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "antiphon.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "antiphon.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "antiphon.secret" -}}
{{- if .Values.secrets.existing }}{{ .Values.secrets.existing }}
{{- else if .Values.secrets.values }}{{ include "antiphon.name" . }}
{{- end -}}
{{- end -}}

{{- define "antiphon.claim" -}}
{{- .Values.shared.existingClaim | default (printf "%s-shared" (include "antiphon.name" .)) -}}
{{- end -}}
