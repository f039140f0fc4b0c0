"""A campaign from the login to its report, by a client that is generated from the description."""

import os
import sys
import time
import uuid
from typing import TypeVar

from pregon_client.api.auth import auth_login
from pregon_client.api.campaigns import campaigns_create, campaigns_launch, campaigns_preview, campaigns_progress
from pregon_client.api.segments import segments_preview
from pregon_client.api.senders import senders_create, senders_list
from pregon_client.client import AuthenticatedClient, Client
from pregon_client.models import (
    CampaignRequest,
    CampaignState,
    LimitsRequest,
    LoginRequest,
    MessageRequest,
    Problem,
    SegmentAll,
    SegmentRequest,
    SenderKind,
    SenderRequest,
    SenderView,
)

SENDER = "Tienda de Ejemplo"
FINAL = {CampaignState.COMPLETED, CampaignState.CANCELED, CampaignState.FAILED}

T = TypeVar("T")


def must(answer: T | Problem | None) -> T:
    """What was answered; a problem ends the program."""
    if isinstance(answer, Problem):
        parts = [f"  {part.pointer}: {part.detail}" for part in answer.errors or []]
        sys.exit("\n".join([f"{answer.status} {answer.detail}", *parts]))
    if answer is None:
        sys.exit("an answer that the description does not know")
    return answer


def once() -> str:
    """A key that makes asking twice harmless."""
    return str(uuid.uuid4())


def sign_in(api: str, email: str, password: str) -> AuthenticatedClient:
    body = LoginRequest(email=email, password=password)
    token = must(auth_login.sync(client=Client(base_url=api), body=body)).access_token
    return AuthenticatedClient(base_url=api, token=token)


def sender_of(client: AuthenticatedClient) -> SenderView:
    """The shop's sender; a new one where there is none, if the user may add it."""
    for sender in must(senders_list.sync(client=client)).data:
        if sender.name == SENDER:
            return sender
    new = SenderRequest(
        name=SENDER,
        kind=SenderKind.ALPHANUMERIC,
        value="TIENDA",
        rate_per_s=50,
        price_micros_per_segment=285_000,
    )
    return must(senders_create.sync(client=client, body=new, idempotency_key=once()))


def run() -> None:
    client = sign_in(*(os.environ[name] for name in ("PREGON_API", "PREGON_EMAIL", "PREGON_PASSWORD")))
    sender = sender_of(client)

    segment = SegmentAll.from_dict(
        {
            "all": [
                {"field": "state", "op": "in", "value": ["JAL", "CMX", "NLE"]},
                {"not": {"field": "line_type", "op": "eq", "value": "fixed"}},
            ]
        }
    )
    counted = must(segments_preview.sync(client=client, body=SegmentRequest(definition=segment)))
    print(f"segment    {counted.total.value} contacts ({counted.total.relation.value})")

    request = CampaignRequest(
        name="Ejemplo en Python",
        message=MessageRequest(
            template="Hola {{ first_name | title }}, hoy 20% en toda la tienda. Responde ALTO para no recibir más.",
            transliterate=True,
        ),
        segment=segment,
        sender_id=sender.id,
        limits=LimitsRequest(max_messages=200),
        window=None,
        allow_unknown_line_type=True,
    )
    campaign = must(campaigns_create.sync(client=client, body=request, idempotency_key=once()))
    preview = must(campaigns_preview.sync(campaign.id, client=client))
    cost = preview.cost
    print(f"preview    {preview.audience.final} messages, {cost.amount_micros} millionths of {cost.currency}")

    # Sent again with the same key, the launch is answered as before and done once.
    key = once()
    launched = must(campaigns_launch.sync(campaign.id, client=client, idempotency_key=key))
    again = must(campaigns_launch.sync(campaign.id, client=client, idempotency_key=key))
    if again.version != launched.version:
        sys.exit("it was launched twice")
    print(f"launched   {campaign.id}")

    while (progress := must(campaigns_progress.sync(campaign.id, client=client))).state not in FINAL:
        time.sleep(0.5)

    print(f"{progress.state.value}  {progress.audience} messages")
    counts = progress.counts.to_dict()
    for state, count in counts.items():
        print(f"  {state:<12} {count}")
    total = sum(counts.values())
    if progress.state is not CampaignState.COMPLETED or total != progress.audience:
        sys.exit(f"the counts add up to {total}")
    print(f"they add up to {total}")


if __name__ == "__main__":
    run()
