"""What the description cannot say of what is asked: values of our own formats, and the rules behind a refusal.

Whatever the description allows is taken, or refused by a rule of `RULES` and nothing else.
"""

import re
import uuid

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

# Area codes that are assigned; behind them whatever is neither a placeholder nor a service.
phones = st.builds(
    lambda lada, rest: f"+52{lada}{rest}"[:13],
    st.sampled_from(["55", "33", "81", "222", "614", "998"]),
    st.from_regex(r"[2-9][0-9]{7}", fullmatch=True),
)
words = st.from_regex(r"[a-z]{3,12}( [a-z]{3,12})?", fullmatch=True)

schemathesis.openapi.format("phone", phones)
schemathesis.openapi.format("state", st.sampled_from(["JAL", "CMX", "Nuevo León", "sinaloa"]))
schemathesis.openapi.format("network", st.sampled_from(["203.0.113.0/24", "2001:db8::/32", "192.0.2.7"]))
schemathesis.openapi.format("search", words)
schemathesis.openapi.format(
    "template",
    words.map(lambda said: f"Hola {{{{ first_name | title }}}}, {said}. Responde ALTO."),
)

# Where a call may refuse what its schema allows, and why no schema says so. A format of ours binds nobody.
CURSOR = r"cursor"  # One that this list gave out.
STATE = r"/state_code"  # One of the known spellings.
PHONE = r"phone"  # None that is masked, as viewers are shown them.
SEGMENT = r"/segment(/.*)?|/segment_id"  # One of the two; one that there is; levels, counts, ends in order.
DEFINITION = r"/definition(/.*)?"
RULES = {
    "api_keys_create": r"/expires_at|/allowed_from/[0-9]+",  # To come, and not too late.
    "api_keys_list": CURSOR,
    "audit_list": rf"{CURSOR}|until|object_id",  # Behind from; with object_kind.
    "auth_change_password": r"/old_password|/new_password",
    "auth_confirm_second_factor": r"/code",  # What the authenticator shows.
    "auth_offer_second_factor": r"/password",
    "auth_remove_second_factor": r"/password|/code",
    "campaigns_create": rf"{SEGMENT}|/sender_id|/window|/schedule_at|/message/template",
    "campaigns_explain": PHONE,
    "campaigns_list": CURSOR,
    "campaigns_messages": CURSOR,
    "campaigns_revise": rf"{SEGMENT}|/sender_id|/window|/schedule_at|/message/template|",  # What was not there needs its parts.
    "campaigns_schedule": r"/schedule_at",
    "campaigns_test_send": r"/to/[0-9]+|/contact_id|/message/template",
    "contacts_change": STATE,
    "contacts_create": rf"/phone|{STATE}",
    "contacts_list": CURSOR,
    "contacts_messages": CURSOR,
    "contacts_search": rf"{CURSOR}|q",
    "extracts_create": rf"{SEGMENT}|/count",  # As many as there are, and as the settings allow.
    "extracts_list": CURSOR,
    "extracts_put_seed": r"/phone",
    "inbound_list": rf"{CURSOR}|{PHONE}",
    "jobs_create": r"/file",  # A table with a column called phone.
    "jobs_list": CURSOR,
    "jobs_tag_segment": rf"{SEGMENT}|/add",  # One tag at least, and none to be added and removed.
    "messages_preview": r"/sender_id",
    "messages_send": r"/to|/sender_id|/text",  # Ten segments.
    "phones_look_up": r"/numbers",  # As many as the settings allow.
    "segments_change": DEFINITION,
    "segments_create": DEFINITION,
    "segments_list": CURSOR,
    "segments_preview": DEFINITION,
    "segments_versions": CURSOR,
    "senders_create": r"/value",  # As its kind is.
    "senders_set_routes": r"/routes/.*",  # Senders that there are, and that go together.
    "suppressions_create": r"/phone|/expires_at",
    "suppressions_import": r"/listed_on|/numbers",
    "suppressions_list": rf"{CURSOR}|{PHONE}",
    "users_list": CURSOR,
}


def whole(value):
    """JSON Schema takes 2.0 for an integer; a whole number is written without a fraction here."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, (dict, list)):
        case.body = whole(case.body)
    # A key that was used for something else is refused, as it should be: each request has its own, as long as it was.
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = key[:-32] + uuid.uuid4().hex


@schemathesis.check
def what_is_allowed_is_refused_by_a_rule_alone(ctx, response, case):
    """Every part that is refused of what the description allows is one that a rule is about."""
    if case.meta is None or response.status_code not in (400, 422):
        return
    parts = [case.meta.generation, *case.meta.components.values()]
    if any(part.mode != GenerationMode.POSITIVE for part in parts):
        return
    rule = RULES.get(case.operation.definition.raw["operationId"])
    pointers = [error["pointer"] for error in response.json().get("errors", [])]
    is_by_rule = rule is not None and pointers and all(re.fullmatch(rule, pointer) for pointer in pointers)
    assert is_by_rule, f"refused: {response.text}"


@schemathesis.check
def every_answer_has_an_id(ctx, response, case):
    """Whatever is answered can be found in the log."""
    assert response.headers.get("x-request-id"), "no x-request-id"
