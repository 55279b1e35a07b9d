{{- define "exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* At most 52 characters: pods and the headless service add to it, and 63 are allowed. */}}
{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "exporter.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "exporter.headless" -}}
{{- include "exporter.fullname" . }}-headless
{{- end }}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ include "exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "exporter.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{- define "exporter.scheme" -}}
{{- ternary "https" "http" .Values.web.tls }}
{{- end }}

{{/*
What a probe does, for (dict "root" $ "path" PATH). Without a web configuration the kubelet asks by
itself. With one, only the exporter's own command can log on, or tell a refusal from silence.
*/}}
{{- define "exporter.probe" -}}
{{- $web := .root.Values.web }}
{{- if not $web.existingSecret -}}
httpGet:
  path: {{ .path }}
  port: http
{{- else if eq $web.probeMethod "tcpSocket" -}}
tcpSocket:
  port: http
{{- else -}}
exec:
  command:
    - backup-session-exporter
    - healthcheck
    - --url={{ include "exporter.scheme" .root }}://127.0.0.1:19741{{ .path }}
    {{- if $web.probeUser }}
    - --username={{ $web.probeUser }}
    - --password-file=/run/secrets/backup-session-exporter-web/{{ $web.probePasswordKey }}
    {{- else }}
    - --accept-status=401
    {{- end }}
{{- end }}
{{- end }}

{{/* How Prometheus logs on, the same for each way of scraping; nothing when nothing is set. */}}
{{- define "exporter.access" -}}
{{- with .Values.serviceMonitor.tlsConfig }}
tlsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.serviceMonitor.basicAuth }}
basicAuth: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
