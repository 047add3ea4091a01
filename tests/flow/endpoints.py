"""Scripted servers that behave as Loki and Elasticsearch do when blocks are forwarded to them, written from their
documentation and sources: what they take, what they refuse and in which words, and how they fail.

    loki = endpoints.Loki()                 .entries: {(labels, ns, line): metadata}, .repeated: how many came again
    elastic = endpoints.Elastic()           .documents: {_id: document}
    server.plan = [429, "cut", "lost", ...] what becomes of the next requests; then all go well

    "cut"     the connection ends before anything is read     "lost"   all is taken, and the reply never comes
    "half"    ... and half of the reply comes                 "slow"   all is taken, and the reply takes a second
    N         status N, nothing is taken                      "down"   as long as it stands first, each request is cut
    bytes     these are sent, nothing is taken, and the connection ends
"""
import base64, collections, contextlib, gzip, http.server, itertools, json, re, socket, struct, threading, time


class Server:


    def __init__(self, port=0, tls=None, host="127.0.0.1"):
        self.plan, self.requests, self.lock = [], [], threading.Lock()
        self.headers = {}  # of a planned status: {429: {"Retry-After": "1"}}
        self.texts = {}    # of a planned status
        self.authorization = None  # that is asked for; 401 without
        self.body_max = 64 << 20   # a larger one is 413
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_POST(self):
                owner.handle(self)

            def do_GET(self):
                owner.handle(self)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that was ended

        self.httpd = Listener((host, port), Handler)
        if tls:
            self.httpd.socket = tls.wrap_socket(self.httpd.socket, server_side=True)
        self.port = self.httpd.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def next_step(self):
        with self.lock:
            if self.plan and self.plan[0] == "down":
                return "down"
            return self.plan.pop(0) if self.plan else None

    def handle(self, h):
        step = self.next_step()
        if step in ("cut", "down"):
            return self.cut(h)
        body = h.rfile.read(int(h.headers.get("Content-Length", 0)))
        with self.lock:
            self.requests.append((h.command, h.path, dict(h.headers), len(body), time.monotonic(), step))
        if isinstance(step, bytes):
            with contextlib.suppress(OSError):
                h.wfile.write(step)
            return self.cut(h)
        if isinstance(step, int):
            return self.reply(h, step, self.texts.get(step, "as planned"), self.headers.get(step, {}))
        if self.authorization and h.headers.get("Authorization") != self.authorization:
            return self.reply(h, 401, "who are you?")
        if len(body) > self.body_max:
            return self.reply(h, 413, "too large")
        if h.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            status, text = self.take(h, body)
        if step == "lost":
            return self.cut(h)
        if step == "slow":
            time.sleep(1)
        self.reply(h, status, text, half=step == "half")

    def cut(self, h):
        h.close_connection = True
        try:
            h.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def reply(self, h, status, text, more={}, half=False):
        data = b"" if status == 204 else text.encode()  # what follows a 204 is the next answer
        try:
            h.send_response(status)
            for name, value in {**self.reply_headers(), **more}.items():
                h.send_header(name, value)
            h.send_header("Content-Length", str(len(data)))
            h.end_headers()
            h.wfile.write(data[:len(data) // 2] if half else data)
            if half:
                self.cut(h)
        except OSError:
            pass

    def reply_headers(self):
        return {}


# ---- Loki ----

def snappy(data):
    """The block format (github.com/google/snappy, format_description.txt)."""
    at, size, shift = 0, 0, 0
    while True:
        byte, at = data[at], at + 1
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    out = bytearray()
    while at < len(data):
        tag, at = data[at], at + 1
        if tag & 3 == 0:
            n = tag >> 2
            if n >= 60:
                width = n - 59
                n, at = int.from_bytes(data[at:at + width], "little"), at + width
            out += data[at:at + n + 1]
            at += n + 1
            continue
        if tag & 3 == 1:
            n, back, at = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at], at + 1
        else:
            width = 2 if tag & 3 == 2 else 4
            n, back, at = (tag >> 2) + 1, int.from_bytes(data[at:at + width], "little"), at + width
        for _ in range(n):
            out.append(out[-back])
    assert len(out) == size
    return bytes(out)


def fields_of(message):
    """(number, value) of a message of protobuf: integers, and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            n = varint()
            at += n
            yield key >> 3, message[at - n:at]
        else:
            raise ValueError(f"wire type {key & 7}")


def pushed(message):
    """(labels, ns, line, metadata) of logproto.PushRequest."""
    for _, stream in (f for f in fields_of(message) if f[0] == 1):
        parts = list(fields_of(stream))
        labels = next(v for k, v in parts if k == 1).decode()
        for _, entry in (f for f in parts if f[0] == 2):
            time_, line, metadata = b"", b"", {}
            for k, v in fields_of(entry):
                if k == 1:
                    time_ = v
                elif k == 2:
                    line = v
                elif k == 3:
                    pair = dict(fields_of(v))
                    metadata[pair.get(1, b"").decode()] = pair.get(2, b"").decode()
            stamp = dict(fields_of(time_))
            yield labels, stamp.get(1, 0) * 10**9 + stamp.get(2, 0), line, metadata


def pushed_json(text):
    for stream in json.loads(text)["streams"]:
        labels = "{" + ", ".join(f'{k}={json.dumps(v)}' for k, v in sorted(stream["stream"].items())) + "}"
        for value in stream["values"]:
            yield labels, int(value[0]), value[1].encode(), value[2] if len(value) > 2 else {}


class Loki(Server):
    line_max, label_names_max = 256 << 10, 15

    def __init__(self, **options):
        self.entries, self.repeated, self.tenants = {}, 0, collections.Counter()
        self.takes_metadata = True  # False: schema v12
        self.oldest_ns = 0          # entries before it are too far behind
        self.encodings = collections.Counter()
        super().__init__(**options)

    def take(self, h, body):
        if h.path != "/loki/api/v1/push":
            return 404, "404 page not found"
        is_json = h.headers["Content-Type"] == "application/json"
        self.encodings["json" if is_json else "protobuf"] += 1
        self.tenants[h.headers.get("X-Scope-OrgID", "")] += 1
        entries = list(pushed_json(body) if is_json else pushed(snappy(body)))
        if not self.takes_metadata and any(metadata for *_, metadata in entries):
            return 400, ("stream '{}' includes structured metadata, but this feature is disallowed. Please see "
                         "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it.")
        refused = []
        for labels, ns, line, metadata in entries:
            assert re.fullmatch(r'\{([a-zA-Z_]\w*="([^"\\]|\\.)*"(, )?)+\}', labels), labels
            assert labels.count('="') <= self.label_names_max, labels
            if len(line) > self.line_max:
                refused.append(f"Max entry size '{self.line_max}' bytes exceeded for stream '{labels}' while adding an "
                               f"entry with length '{len(line)}' bytes")
            elif ns < self.oldest_ns:
                refused.append(f"entry for stream '{labels}' has timestamp too old: {ns}, oldest acceptable timestamp "
                               f"is: {self.oldest_ns}")
            elif (labels, ns, line) in self.entries:
                self.repeated += 1
            else:
                self.entries[labels, ns, line] = metadata
        return (400, "\n".join(refused)) if refused else (204, "")

    def lines(self):
        """In the order of time."""
        return [line for _, _, line in sorted(self.entries, key=lambda e: (e[1], e[0]))]


# ---- Elasticsearch ----

def strict(pairs):
    """Elasticsearch refuses an object that has a name twice, or one without a name."""
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names) and "" not in names, names
    return dict(pairs)


class Elastic(Server):
    def __init__(self, **options):
        self.documents, self.conflicts = {}, 0
        self.refuse = lambda document: None  # or (status, type, reason)
        super().__init__(**options)

    def reply_headers(self):
        return {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}

    def take(self, h, body):
        if not re.fullmatch(r"/_bulk(\?.*)?", h.path):
            return 404, json.dumps({"error": f"no handler found for uri [{h.path}]", "status": 404})
        lines = body.split(b"\n")
        assert lines.pop() == b"", "the body ends with a newline"
        items, errors = [], False
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            create, document = (json.loads(text, object_pairs_hook=strict) for text in (action, source))
            create = create["create"]
            assert re.fullmatch(r"logs-[\w-]+", create["_index"]), create
            refusal = self.refuse(document)
            if refusal:
                status, kind, reason = refusal
                items.append({"create": {"status": status, "error": {"type": kind, "reason": reason}}})
                errors = True
            elif create["_id"] in self.documents:
                self.conflicts += 1
                assert self.documents[create["_id"]] == document, "one _id, two documents"
                items.append({"create": {"status": 409, "error": {
                    "type": "version_conflict_engine_exception",
                    "reason": f"[{create['_id']}]: version conflict, document already exists (current version [1])"}}})
                errors = True
            else:
                self.documents[create["_id"]] = document
                items.append({"create": {"status": 201}})
        return 200, json.dumps({"errors": errors, "items": items}, separators=(",", ":"))

    def lines(self):
        ordered = sorted(self.documents.values(), key=lambda d: (d["@timestamp"], d["event"]["sequence"]))
        return [d["message"].encode() for d in ordered]


# ---- a collector ----

class Collector(Server):
    def __init__(self, **options):
        self.blocks = {}          # (origin, sequence): records
        self.is_contrary = False  # all blocks are a conflict, whatever their origin
        self.last = 0             # that hello tells
        self.asked = set()        # origins
        super().__init__(**options)

    def take(self, h, body):
        if h.path == "/api/v1/hello":
            self.asked.add(json.loads(body)["origin"])
            return 200, json.dumps({"version": "0", "block_versions": [1], "time_us": 1, "sources": [],
                                    "origin": {"last": self.last, "hash": "0" * 32}})
        if self.is_contrary:
            return 409, '{"acked":0,"error":"another one"}'
        magic, _, length, records, origin, sequence = struct.unpack_from("<4sIII16sQ", body)
        assert magic == b"SLBK" and length == len(body)
        self.blocks[origin, sequence] = records
        return 200, json.dumps({"acked": sequence})


# ---- between a shipper and a collector ----

class Cutter:
    """A proxy that cuts connections: amid the request, behind it, or amid the reply. Each second request goes
    well, so that the shipper does not learn to wait."""

    def __init__(self, path, target):
        self.target, self.cuts, self.is_gentle = target, collections.Counter(), False
        self.plan = itertools.cycle(["no reply", "well", "amid request", "well", "amid reply", "well", "no reply", "well"])
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        self.url = f"unix://{path}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError, ValueError), client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self.target))
            source, answers = client.makefile("rb"), server.makefile("rb")
            while self.pass_on(source, client, answers, server):
                pass

    def pass_on(self, source, client, answers, server):
        """One request and its answer; False: the connection is over."""
        request = read_message(source)
        if request is None:
            return False
        how = "well" if self.is_gentle else next(self.plan)
        self.cuts[how] += 1
        server.sendall(request[:len(request) // 2] if how == "amid request" else request)
        if how == "amid request":
            return False
        reply = read_message(answers)
        if how == "no reply" or reply is None:
            return False
        client.sendall(reply[:len(reply) // 2] if how == "amid reply" else reply)
        return how == "well"


def read_message(stream):
    """One HTTP message with a Content-Length, or None at the end."""
    head, length = b"", 0
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = stream.read(length)
    return head + body if len(body) == length else None


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
