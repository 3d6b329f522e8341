# transport.sh: a streamed reply beside bare libcurl, at 100 and 1,000 at once, with 8 and 64 events; the
# weight of a waiting transfer. N= is the number of requests.
: "${N:=20000}"
export N
for at_once in 100 1000; do
  for tokens in 8 64; do
    C=$at_once T=$tokens "$BENCH/transport" || exit 1
  done
done
