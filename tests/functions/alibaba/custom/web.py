"""A server that is passed requests on: echoes, streams, switches protocols, dies."""
import base64
import http.server
import os
import socket
import threading

TRIES = []
ILL = threading.Event()


class Function(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/switch":
            return self.switch()
        if self.path == "/endless":
            return self.endless()
        if self.path == "/events":
            return self.events()
        if self.path == "/health":
            return self.answer(b"", 503 if ILL.is_set() else 200)
        if self.path == "/die":
            os._exit(3)
        return self.answer(("%d %s" % (os.getpid(), self.path)).encode())

    def do_POST(self):
        if self.path == "/echo":
            return self.echo()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body == b"be ill":
            ILL.set()
        if body == b"who":
            return self.answer(("%s %d" % (socket.gethostname(), os.getpid())).encode())
        if self.path == "/initialize":
            # Good at the second try only.
            TRIES.append(self.path)
            return self.answer(b"not yet", 200 if len(TRIES) > 1 else 400)
        return self.answer(b"%d" % os.getpid())

    def echo(self):
        """Send every piece of the body back as it comes."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            size = int(self.rfile.readline(), 16)
            piece = self.rfile.read(size)
            self.rfile.readline()
            self.wfile.write(b"%x\r\n%b\r\n" % (size, piece))
            self.wfile.flush()
            if not size:
                return

    def endless(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"first")
        self.wfile.flush()
        threading.Event().wait()

    def events(self):
        """Send two events, and keep the answer open as servers of events do."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(2):
            self.wfile.write(b"data: %d\n\n" % number)
            self.wfile.flush()
        threading.Event().wait()

    def switch(self):
        self.send_response(101)
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.flush()
        while True:
            piece = self.connection.recv(1 << 16)
            if not piece:
                break
            self.connection.sendall(base64.b16encode(piece))
        self.close_connection = True

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


address = (os.environ.get("BIND", "0.0.0.0"), int(os.environ["FC_CUSTOM_LISTEN_PORT"]))
Server(address, Function).serve_forever()
