# Two stages: build with everything, run with the one binary and libcurl.
#   docker build -t orket .
#   docker run -v "$PWD:/project" orket init .                            a project, where there is none
#   docker run -p 127.0.0.1:8082:8082 -v "$PWD:/project" --security-opt seccomp=unconfined orket
# serves the project in /project (docs/service.md); any other command stands behind the image's name.
# Verifications run in namespaces of their own, which an engine's default seccomp profile refuses; where
# AppArmor is on, add --security-opt apparmor=unconfined. docs/processes.md has more.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -qy --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
RUN make build-deps && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j2 && strip -o /orket build/orket

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -qy --no-install-recommends libcurl4 libwslay1 git ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home orket && install -d -o orket -g orket /project
COPY --from=build /orket /usr/local/bin/orket
COPY --from=build --chown=orket /src/examples /home/orket/examples
ENV ORKET=/usr/local/bin/orket
USER orket
WORKDIR /project
VOLUME /project
EXPOSE 8082
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/8082 && printf 'GET /health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && grep -q '\"ready\": *true' <&3"]
ENTRYPOINT ["orket"]
CMD ["serve", "--host", "0.0.0.0"]
