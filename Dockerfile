# syntax=docker/dockerfile:1
# One image for `ka serve`, `ka worker` and every other command.
# Pin the base by digest: --build-arg NODE_IMAGE=node:24-slim@sha256:…
ARG NODE_IMAGE=node:24-slim

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
