# Two stages: build with everything, run with the one binary and libcurl.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -qy --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
RUN make build-deps && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -j2 && strip -o /orket build/orket

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -qy --no-install-recommends libcurl4 ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home orket
COPY --from=build /orket /usr/local/bin/orket
COPY --from=build --chown=orket /src/examples /home/orket/examples
USER orket
WORKDIR /home/orket
ENTRYPOINT ["orket"]
CMD ["--help"]
