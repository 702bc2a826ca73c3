"""A function of Alibaba Function Compute as an image: an HTTP server on the port it is told."""

import http.server
import json
import os
import time

PORT = int(os.environ.get("FC_CUSTOM_LISTEN_PORT", "9000"))
COUNTED = {}


class Function(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together, and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invoke":
            return self.answer(404, {"errorMessage": "only events are posted here"})
        try:
            paths = json.loads(body)["events"][0]["eventParameter"]["objectPath"]
        except (ValueError, KeyError, IndexError, TypeError):
            message = "the event does not come from the CDN"
            return self.answer(200, {"errorMessage": message}, ("x-fc-status", "404"))
        for path in paths:
            COUNTED[path] = COUNTED.get(path, 0) + 1
            print(self.headers["x-fc-request-id"], "refreshed", path)
        return self.answer(200, {"refreshed": COUNTED})

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"healthy": True})
        if self.path == "/live":
            return self.live()
        return self.answer(200, {"refreshed": COUNTED})

    def live(self):
        """Send what is counted once in a while: server-sent events arrive as they are made."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(3):
            self.wfile.write(f"data: {json.dumps(COUNTED)}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.2)

    def answer(self, status, told, *headers):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


print("listening on", PORT)
http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Function).serve_forever()
