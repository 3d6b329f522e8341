# Two stages: build with everything, run with the one binary and libcurl.
#   docker build -t orket .
#   docker run --rm orket version
#   docker run --rm --security-opt seccomp=unconfined --entrypoint sh orket examples/demo.sh
# Verifications run in namespaces of their own, which an engine's default seccomp profile refuses; where
# AppArmor is on, add --security-opt apparmor=unconfined. docs/processes.md tells more.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -qy --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
RUN make build-deps && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j2 && strip -o /orket build/orket

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -qy --no-install-recommends libcurl4 libwslay1 git ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home orket
COPY --from=build /orket /usr/local/bin/orket
COPY --from=build --chown=orket /src/examples /home/orket/examples
ENV ORKET=/usr/local/bin/orket
USER orket
WORKDIR /home/orket
ENTRYPOINT ["orket"]
CMD ["--help"]
