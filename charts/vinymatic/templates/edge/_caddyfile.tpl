{{/* Caddy's configuration. What each number is for, and what was measured: docs/edge.md. The root. */}}
{{- define "vinymatic.caddyfile" -}}
{{- $edge := .Values.edge -}}
{{- $tls := ne $edge.tls.source "none" -}}
{{- /* A certificate that is given to us: for whatever name it is, a client that names none included. */}}
{{- $given := has $edge.tls.source (list "secret" "certManager") -}}
{{- $most := int64 .Values.api.maxBodyBytes -}}
{
	admin off
	persist_config off
	# Our own redirect knows the Service's port; Caddy's would name its own.
	auto_https disable_redirects
	skip_install_trust
	storage file_system /data/caddy
	http_port 8080
	https_port 8443
	grace_period {{ int64 $edge.graceSeconds }}s
	metrics
	{{- if and $tls (not $given) }}
	# A client that names no host, as one that calls an address does.
	default_sni {{ include "vinymatic.edgeHosts" . | fromJsonArray | first }}
	{{- end }}
	{{- if eq $edge.tls.source "internal" }}
	# One authority for all replicas: each would make its own, and a client that trusts one would fail at the next.
	pki {
		ca local {
			root {
				cert /etc/caddy-tls/tls.crt
				key /etc/caddy-tls/tls.key
				format pem_file
			}
		}
	}
	{{- else if eq $edge.tls.source "acme" }}
	{{- with $edge.tls.acme.email }}
	email {{ . }}
	{{- end }}
	{{- with $edge.tls.acme.directory }}
	acme_ca {{ . }}
	{{- end }}
	{{- end }}
	servers {
		protocols h1 h2{{ if and $tls $edge.service.http3 }} h3{{ end }}
		{{- with $edge.trustedProxies }}
		trusted_proxies static {{ join " " . }}
		trusted_proxies_strict
		{{- end }}
		timeouts {
			read_header 10s
			read_body 60s
			write 120s
			idle 2m
		}
	}
}

# For probes and Prometheus; no Service leads here.
http://:9104 {
	metrics /metrics
	respond /healthz 200
}
{{- if $given }}

# Caddy reads a certificate's files once. Here it asks for them at each handshake, so a renewed one needs no restart.
http://:9105 {
	bind 127.0.0.1
	respond "{file./etc/caddy-tls/tls.crt}
{file./etc/caddy-tls/tls.key}"
}
{{- end }}

{{ include "vinymatic.caddyProxy" . }}
{{- if $tls }}

http:// {
	redir https://{host}{{ if ne (int64 $edge.service.httpsPort) 443 }}:{{ int64 $edge.service.httpsPort }}{{ end }}{uri} permanent
}
{{- end }}

{{ if not $tls }}http://{{ else if $given }}https://{{ else }}{{ include "vinymatic.edgeHosts" . | fromJsonArray | join ", " }}{{ end }} {
	{{- if eq $edge.tls.source "internal" }}
	tls {
		issuer internal
	}
	{{- else if $given }}
	tls {
		get_certificate http http://127.0.0.1:9105
	}
	{{- end }}
	log {
		output stdout
		format json
	}
	encode zstd gzip

	header {
		X-Content-Type-Options nosniff
		X-Frame-Options DENY
		Referrer-Policy no-referrer
		{{- if and $tls (ne $edge.tls.source "internal") }}
		Strict-Transport-Security max-age=31536000
		{{- end }}
		-Server
	}

	request_body {
		max_size {{ $most }}
	}
	# In the order of the lines: Caddy's own order has `handle` before `error`.
	route {
		@probe header User-Agent kube-probe/*
		respond @probe 200
		# What says that it is too large is refused before a byte is read; `max_size` stops what does not say.
		@too_large expression `{header.Content-Length} != "" && int({header.Content-Length}) > {{ $most }}`
		error @too_large 413
		{{- with $edge.blockedPaths }}

		@blocked path {{ join " " . }}
		error @blocked 404
		{{- end }}

		# A body of unknown length that turns out too large breaks off on the way to a pod. Were that counted as the pod's failure, one
		# client could have every pod left alone.
		@unsized {
			not method GET HEAD DELETE
			not header Content-Length *
		}
		handle @unsized {
			import api random 0s
		}
		handle {
			import api least_conn {{ int64 $edge.retry.ejectSeconds }}s
		}
	}

	# Errors of Caddy's own, in the API's shape.
	handle_errors {
		header Content-Type application/json
		@gone expression `{err.status_code} in [502, 503, 504]`
		header @gone Retry-After 2
		respond @gone `{"error":{"code":"api_unavailable","message":"the API does not answer; try again in a moment"}}`
		@large expression `{err.status_code} == 413`
		# What is left of such a body would be taken as the connection's next request.
		header @large Connection close
		respond @large `{"error":{"code":"body_too_large","message":"a request body has at most {{ $most }} bytes"}}`
		@missing expression `{err.status_code} == 404`
		respond @missing `{"error":{"code":"not_found","message":"there is nothing at this path; /docs lists what there is"}}`
		respond `{"error":{"code":"http_error","message":"{err.status_text}"}}`
	}
}
{{- end -}}

{{- define "vinymatic.caddyProxy" -}}
{{- $retry := .Values.edge.retry -}}
{{- $api := include "vinymatic.componentName" (dict "root" . "component" "api") -}}
# (policy, how long a pod that failed is left alone)
(api) {
	# Named here: the Service's own address, used when its pods' addresses cannot be had. By the variable, which needs no DNS.
	reverse_proxy {{ printf "{$%s_SERVICE_HOST:%s.%s.svc}" ($api | upper | replace "-" "_") $api .Release.Namespace }}:{{ int64 .Values.api.service.port }} {
		# The pods that are ready, as a headless Service has them in DNS.
		dynamic a {
			name {{ include "vinymatic.apiPodsName" . }}.{{ .Release.Namespace }}.svc.{{ .Values.edge.clusterDomain }}.
			port 5002
			refresh 1s
			{{- if .Values.edge.dnsCache.enabled }}
			resolvers 127.0.0.1:5353
			{{- end }}
		}

		# One failure, and a pod is left alone: it refuses at once, and would always be the one with the fewest requests.
		lb_policy {args[0]}
		fail_duration {args[1]}
		max_fails 1

		# A connection that fails before anything was sent is always tried again. Searching changes nothing, so a search is also sent
		# again when a pod died over it or does not answer; its body is kept for that.
		lb_try_duration {{ int64 $retry.totalSeconds }}s
		lb_try_interval 100ms
		lb_retry_match {
			method GET HEAD
		}
		lb_retry_match {
			method POST
			path /search /v1/search /v1/search/picture
			header Content-Length *
		}
		# A pod whose process was started anew may still be in DNS, and has no index yet. `queue_full` is no such answer: more pods would
		# be asked more often just when they have too much to do.
		lb_retry_match {
			method POST
			path /search /v1/search /v1/search/picture
			header Content-Length *
			expression `{rp.status_code} == 503 && {rp.header.Vinymatic-Error} in ["no_index", "index_mismatch", "storage_unavailable"]`
		}
		# One more than the largest body: one that fills the buffer counts as not kept.
		request_buffers {{ add1 (int64 .Values.api.maxBodyBytes) }}

		transport http {
			dial_timeout {{ int64 $retry.connectMilliseconds }}ms
			response_header_timeout {{ int64 $retry.answerSeconds }}s
			# A node that dies takes no more of a photo, and says nothing.
			write_timeout {{ int64 $retry.answerSeconds }}s
			# A connection that is kept may lead to a node that is dead by now, which only the wait for an answer would show.
			keepalive off
		}
	}
}
{{- end -}}
