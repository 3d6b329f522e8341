# listing.py: a model server that only lists: answers GETs from a table, prints its port, and keeps the requests' heads.
#   python3 listing.py TABLE.json LOG      TABLE: {"/path": body}; a path that is missing is 404
import http.server, json, sys

table = json.load(open(sys.argv[1]))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a") as log:
            log.write(self.requestline + "\n" + str(self.headers))
        body = table.get(self.path.split("?")[0])
        data = json.dumps(body if body is not None else {"error": {"message": "no such path"}}).encode()
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
