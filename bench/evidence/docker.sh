# docker.sh: builds the image and runs the example in it, headless, where an engine answers.
if ! docker info > /dev/null 2>&1; then
  echo "no container engine answers here"
  exit 0
fi
docker build --network "${DOCKER_NETWORK:-default}" -t orket . > /dev/null || exit 1
docker run --rm orket version || exit 1
docker run --rm --security-opt seccomp=unconfined --entrypoint sh orket /home/orket/examples/demo.sh
