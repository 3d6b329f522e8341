"""collector.py: a collector of OTLP/HTTP traces that takes nothing it does not know. Its argument is JSON:
{"file": where accepted spans go, one JSON object a line, "mode": how it behaves}. A request that breaks the
schema of ExportTraceServiceRequest (opentelemetry-proto, JSON form) is answered 400 and written as {"bad": why}.
Prints its port."""
import http.server
import json
import re
import sys
import time

OPTIONS = json.loads(sys.argv[1])
MODE = OPTIONS.get("mode", "good")


class Bad(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Bad(why)


def keys(value, required, more=()):
    need(isinstance(value, dict), "an object is none: %r" % (value,))
    need(set(required) <= set(value) <= set(required) | set(more), "keys %s" % sorted(value))


def check_value(value):
    need(isinstance(value, dict) and len(value) == 1, "a value has one form: %r" % (value,))
    (form, inner), = value.items()
    if form == "stringValue":
        need(isinstance(inner, str), "no text")
    elif form == "intValue":
        need(isinstance(inner, str) and re.fullmatch(r"-?\d{1,19}", inner), "int64 is a text: %r" % (inner,))
    elif form == "doubleValue":
        need(isinstance(inner, (int, float)) and not isinstance(inner, bool), "no number")
    elif form == "boolValue":
        need(isinstance(inner, bool), "no truth value")
    else:
        need(form == "arrayValue", "an unknown form %s" % form)
        keys(inner, ["values"])
        for item in inner["values"]:
            check_value(item)


def check_attributes(attributes):
    need(isinstance(attributes, list), "attributes are a list")
    names = [attribute.get("key") for attribute in attributes]
    need(len(set(names)) == len(names), "an attribute stands twice: %s" % names)
    for attribute in attributes:
        keys(attribute, ["key", "value"])
        need(isinstance(attribute["key"], str) and attribute["key"], "a key is a text")
        check_value(attribute["value"])


def check_time(text):
    need(isinstance(text, str) and re.fullmatch(r"\d{19}", text), "a time is nanoseconds, as a text: %r" % (text,))


def check_span(span):
    keys(span, ["traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"],
         ["parentSpanId", "attributes", "events", "droppedEventsCount", "status"])
    need(re.fullmatch(r"[0-9a-f]{32}", span["traceId"]) and span["traceId"].strip("0"), "traceId")
    for name in ("spanId", "parentSpanId"):
        need(name not in span or re.fullmatch(r"[0-9a-f]{16}", span[name]), name)
    need(isinstance(span["name"], str) and span["name"], "name")
    need(span["kind"] in (1, 2, 3, 4, 5), "kind")
    check_time(span["startTimeUnixNano"])
    check_time(span["endTimeUnixNano"])
    need(span["startTimeUnixNano"] <= span["endTimeUnixNano"], "it ends before it begins")
    check_attributes(span.get("attributes", []))
    for event in span.get("events", []):
        keys(event, ["timeUnixNano", "name"], ["attributes", "droppedAttributesCount"])
        check_time(event["timeUnixNano"])
        check_attributes(event.get("attributes", []))
    status = span.get("status", {})
    keys(status, [], ["code", "message"])
    need(status.get("code", 0) in (0, 1, 2), "status")


def spans_of(request):
    keys(request, ["resourceSpans"])
    for resource in request["resourceSpans"]:
        keys(resource, ["resource", "scopeSpans"], ["schemaUrl"])
        keys(resource["resource"], ["attributes"])
        check_attributes(resource["resource"]["attributes"])
        for scope in resource["scopeSpans"]:
            keys(scope, ["scope", "spans"], ["schemaUrl"])
            keys(scope["scope"], ["name"], ["version"])
            for span in scope["spans"]:
                check_span(span)
                yield span, resource["resource"]


def plain(attributes):
    values = {}
    for attribute in attributes:
        (form, inner), = attribute["value"].items()
        if form == "arrayValue":
            inner = [list(item.values())[0] for item in inner["values"]]
        values[attribute["key"]] = int(inner) if form == "intValue" else inner
    return values


def write(row):
    with open(OPTIONS["file"], "a") as file:
        file.write(json.dumps(row) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self, body):
        try:
            need(self.path == "/v1/traces", "path " + self.path)
            need(self.headers["Content-Type"] == "application/json", "type %s" % self.headers["Content-Type"])
            spans = list(spans_of(json.loads(body)))
        except (Bad, ValueError) as why:
            write({"bad": str(why)})
            return self.answer(400, b"{}")
        for span, resource in spans:
            write({"span": span, "attributes": plain(span.get("attributes", [])),
                   "resource": plain(resource["attributes"]),
                   "headers": {name.lower(): value for name, value in self.headers.items()}})
        return self.answer(200, b"{}", [("Content-Type", "application/json")])

    def do_POST(self):
        Handler.count += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if MODE == "slow":
            time.sleep(60)
        elif MODE == "away" and Handler.count == 1:
            self.answer(503, b"", [("Retry-After", "0")])
        elif MODE == "partial":
            self.answer(200, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}')
        elif MODE == "refuses":
            self.answer(401, b"who are you")
        elif MODE == "redirects":
            self.answer(307, b"", [("Location", "http://127.0.0.1:9/")])
        elif MODE == "floods":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"[" * 65536)
            except OSError:
                pass
        elif MODE == "nonsense":
            self.answer(200, b'{"partialSuccess":{"rejectedSpans":"-99999999999999999999"}} \xff')
        else:
            self.take(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
