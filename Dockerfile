# syntax=docker/dockerfile:1
# One image for `ka serve`, `ka worker` and every other command; `--target web` makes the one of nginx with the web app.
# Pin the bases by digest: --build-arg NODE_IMAGE=node:24-slim@sha256:…
ARG NODE_IMAGE=node:24-slim
ARG NGINX_IMAGE=nginx:1.28-alpine

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# packages change seldom: their layer is kept while only sources change
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
ARG TARGETARCH=amd64
# npm names 64-bit Intel x64, images name it amd64
RUN ARCH=$([ "$TARGETARCH" = amd64 ] && echo x64 || echo "$TARGETARCH") \
  && node scripts/build-production.ts --out /production --platform linux --arch "$ARCH"

# before several API processes: least connections, repeats of what only reads, files of the web app packed beforehand
FROM ${NGINX_IMAGE} AS web
LABEL org.opencontainers.image.title="Knowledge Assistant, web and load balancing" \
  org.opencontainers.image.licenses="MIT"
COPY deploy/nginx /opt/nginx
COPY --from=build /production/dist/web /web
# /tmp is all that is written to: the root may be read-only with a tmpfs there
ENV PORT=8080 WEB_DIR=/web RUN_DIR=/tmp/nginx
USER 101:101
EXPOSE 8080
# streams and uploads that run are let go on
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["sh", "-c", "wget -q -O /dev/null http://127.0.0.1:$PORT/proxy-health"]
ENTRYPOINT ["sh", "/opt/nginx/start.sh"]

FROM ${NODE_IMAGE} AS app
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Knowledge Assistant" \
  org.opencontainers.image.description="Self-hosted question answering over your own documents, with citations you can check" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY --from=build /production ./
# a new named volume takes its owner from the image's folder
RUN install -d -o node -g node /data
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 METRICS_PORT=9091 DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 8000 9091
# liveness, which touches no dependency; a worker has no port, so its container turns this off
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# no shell between: the process itself gets SIGTERM, hands back its jobs and ends within 10 s
ENTRYPOINT ["node", "/app/bin/ka.mjs"]
CMD ["serve"]
