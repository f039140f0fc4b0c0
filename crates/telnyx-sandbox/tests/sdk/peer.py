"""The provider's own library, as it is published, against the sandbox: it sends, reads, and verifies the webhooks.

Every answer and every webhook is held against the provider's OpenAPI document besides.
Usage: peer.py SANDBOX_URL PUBLIC_KEY OPENAPI_JSON. Ends with a line of JSON: what was done, how often.
"""

import collections
import concurrent.futures
import datetime
import http.server
import json
import sys
import threading
import time

import httpx
import jsonschema
import telnyx

SANDBOX, PUBLIC_KEY, DOCUMENT = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3], encoding="utf-8"))
PATIENCE_S = 20
done = collections.Counter()


def conforms(value, schema):
    """Holds a value against a schema of the document, formats and unknown statuses included."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(whole, format_checker=checker).validate(value)
    done[f"conforms to {schema}"] += 1


class Webhooks(http.server.BaseHTTPRequestHandler):
    """Takes webhooks as a customer of the provider would."""

    taken = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        event = client.webhooks.unwrap(body, headers=dict(self.headers))
        kind = event.data.event_type
        conforms(json.loads(body), "InboundMessageEvent" if kind == "message.received" else "OutboundMessageEvent")
        try:
            client.webhooks.unwrap(body + " ", headers=dict(self.headers))
        except ValueError:
            done["changed webhook refused"] += 1
        done[f"verified {kind}"] += 1
        self.taken.append((kind, event.data.payload.id))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def answered(response):
    """Every answer passes here before the library reads it."""
    response.read()
    path, is_error = response.request.url.path, response.status_code >= 400
    if path.startswith("/v2/messages"):
        conforms(response.json(), "messaging_Errors" if is_error else "OutboundMessageResponse")
    if path.startswith("/v2/number_lookup"):
        whole = response.json()
        conforms(whole if is_error else whole["data"], "number-lookup_Errors" if is_error else "NumberLookupRecord")


client = telnyx.Telnyx(
    api_key="KEY-of-a-test",
    public_key=PUBLIC_KEY,
    base_url=f"{SANDBOX}/v2",
    max_retries=0,
    http_client=httpx.Client(event_hooks={"response": [answered]}),
)
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhooks)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
hooks = f"http://127.0.0.1:{receiver.server_port}/hooks?ref=a-1-1"


def send(to, key=None, text="¡Hola! Año nuevo, 20 % más"):
    return client.messages.send(
        from_="TIENDA",
        to=to,
        text=text,
        type="SMS",
        webhook_url=hooks,
        use_profile_webhooks=False,
        **({"idempotency_key": key} if key else {}),
    )


def until(is_so, what):
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {PATIENCE_S} s; taken: {Webhooks.taken}")
        time.sleep(0.02)


def refused(error, code, to, **options):
    try:
        send(to, **options)
    except error as refusal:
        assert refusal.body["errors"][0]["code"] == code, refusal.body
        done[f"{error.__name__} {code}"] += 1
        return refusal
    raise SystemExit(f"{to} was not refused with {code}")


began = datetime.datetime.now(datetime.UTC).isoformat()

# Sent, read, and followed to its last webhook.
message = send("+525512345678").data
assert message.to[0].status == "queued" and message.parts == 1 and message.encoding == "UCS-2", message
until(lambda: ("message.finalized", message.id) in Webhooks.taken, "the delivery of a message")
assert ("message.sent", message.id) in Webhooks.taken
read = client.messages.retrieve(message.id).data
assert read.id == message.id and read.to[0].status == "delivered", read

# Not delivered; and a number that writes ALTO.
failed = send("+525512345600").data
until(lambda: ("message.finalized", failed.id) in Webhooks.taken, "the failure of a message")
assert client.messages.retrieve(failed.id).data.to[0].status == "delivery_failed"
send("+525512345624")
until(lambda: any(kind == "message.received" for kind, _ in Webhooks.taken), "what a number wrote")

# Refused, with the classes that the library has for it.
refused(telnyx.BadRequestError, "40001", "+525512345602")
refused(telnyx.BadRequestError, "40310", "5512345678")
assert refused(telnyx.RateLimitError, "10011", "+525512345606").response.headers["retry-after"] == "1"
refused(telnyx.BadRequestError, "40302", "+525512345678", text="x" * 1531)
try:
    client.messages.retrieve("00000000-0000-0000-0000-000000000000")
    raise SystemExit("a message of nobody was read")
except telnyx.NotFoundError:
    done["NotFoundError"] += 1

# An idempotency key: the same again, another body, and one that is still under way.
first = send("+525512345679", key="key-1").data
assert send("+525512345679", key="key-1").data.id == first.id
refused(telnyx.UnprocessableEntityError, "10027", "+525512345679", key="key-1", text="otro")
with concurrent.futures.ThreadPoolExecutor() as pool:
    slow = pool.submit(send, "+525512345608", "key-2")
    time.sleep(0.2)
    refused(telnyx.ConflictError, "10036", "+525512345608", key="key-2")
    assert slow.result().data.id

# What a number is; and what was billed for a message, found by number and time, with the reference in its address.
landline = client.number_lookup.retrieve("+525512345602", type="carrier").data
mobile = client.number_lookup.retrieve("+525512345675", type="carrier").data
assert (landline.carrier.type, mobile.carrier.type) == ("fixed line", "mobile"), (landline, mobile)
assert (landline.portability.ported_status, mobile.portability.ported_status) == ("N", "Y")
try:
    client.number_lookup.retrieve("5512345678")
    raise SystemExit("a number without its country was looked up")
except telnyx.UnprocessableEntityError:
    done["lookup refused"] += 1
records = httpx.get(
    f"{SANDBOX}/v2/detail_records",
    params={"filter[record_type]": "messaging", "filter[cld]": "+525512345678", "filter[created_at][gte]": began},
    headers={"authorization": "Bearer KEY-of-a-test"},
).json()
# Which kind of record is which, only a discriminator says: each is held against its own.
conforms(records["meta"], "detail-records_PaginationMeta")
for record in records["data"]:
    conforms(record, "MessageDetailRecord")
assert records["meta"]["total_results"] == 1, records
assert (records["data"][0]["uuid"], records["data"][0]["cost"]) == (message.id, "0.0051"), records
assert records["data"][0]["delivery_status_webhook_url"] == hooks
page = httpx.get(SANDBOX)
assert page.status_code == 200 and message.id in page.text and page.headers["content-type"].startswith("text/html")

print(json.dumps({"library": f"telnyx {telnyx.__version__}", **done}))
