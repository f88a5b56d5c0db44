# The gateway as an image: Node.js, dist/ and package.json. docs/deployment.md says how to build and run it.
#
#   docker build -t llmhub .
#
# For builds that can be repeated name the base image by its digest, as `docker buildx imagetools inspect node:24-slim`
# shows it: --build-arg NODE_IMAGE=node:24-slim@sha256:…
# Without a shell and a package manager, 24.7 or newer: --build-arg RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12@sha256:…
ARG NODE_IMAGE=node:24-slim
ARG RUNTIME_IMAGE=${NODE_IMAGE}

# A bundle is the same for every architecture, so none is built under emulation.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No package needs its install script for a bundle; that of `node` would bring a second Node.js.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY build build
COPY gen gen
COPY src src
RUN npm run build

FROM ${RUNTIME_IMAGE} AS runtime
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="LLM Connector Hub" \
      org.opencontainers.image.description="A gRPC-first gateway to large language models" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The first is where the slim image has node, the last where the distroless one has it. Providers' own files of credentials,
# such as .aws, are looked for at home. The host holds for addresses that no file and no LLMHUB_LISTEN says.
ENV PATH=/usr/local/bin:/usr/bin:/bin:/nodejs/bin \
    HOME=/home/llmhub \
    LLMHUB_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/dist dist
# By number, so that Kubernetes can see that it is not root. Nothing is written, not even to /tmp.
USER 65532:65532
# Calls; the same over HTTP without a configuration file; health and metrics.
EXPOSE 50051 4000 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s \
  CMD ["node", "/app/dist/main.js", "health"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "/app/dist/main.js"]
CMD ["serve"]
