// A campaign from the login to its report, by types that are generated from the description.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./pregon.js";

type Schemas = components["schemas"];
type Api = ReturnType<typeof createClient<paths>>;

const SENDER = "Tienda de Ejemplo";

/** Final states: nothing more happens to the campaign. */
const FINAL: ReadonlyArray<Schemas["CampaignState"]> = ["completed", "canceled", "failed"];

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`set ${name}`);
  return value;
}

/** What was answered, or the problem as an error. */
function must<T>(answer: { data?: T; error?: Schemas["Problem"]; response: Response }): T {
  if (answer.data !== undefined) return answer.data;
  const parts = answer.error?.errors?.map((part) => `${part.pointer}: ${part.detail}`) ?? [];
  throw new Error([`${answer.response.status} ${answer.error?.detail ?? ""}`, ...parts].join("\n  "));
}

async function signIn(baseUrl: string, email: string, password: string): Promise<Api> {
  const api = createClient<paths>({ baseUrl });
  const { access_token } = must(await api.POST("/api/v1/auth/login", { body: { email, password } }));
  return createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${access_token}` } });
}

/** The shop's sender; a new one where there is none, if the user may add it. */
async function senderOf(api: Api): Promise<Schemas["SenderView"]> {
  const found = must(await api.GET("/api/v1/senders")).data.find((sender) => sender.name === SENDER);
  if (found !== undefined) return found;
  return must(
    await api.POST("/api/v1/senders", {
      params: { header: { "Idempotency-Key": randomUUID() } },
      body: {
        name: SENDER,
        provider: "telnyx",
        kind: "alphanumeric",
        value: "TIENDA",
        rate_per_s: 50,
        price_micros_per_segment: 285_000,
      },
    }),
  );
}

async function run(): Promise<void> {
  const api = await signIn(needed("PREGON_API"), needed("PREGON_EMAIL"), needed("PREGON_PASSWORD"));
  const sender = await senderOf(api);

  const segment: Schemas["SegmentDefinition"] = {
    all: [
      { field: "state", op: "in", value: ["JAL", "CMX", "NLE"] },
      { not: { field: "line_type", op: "eq", value: "fixed" } },
    ],
  };
  const counted = must(await api.POST("/api/v1/segments/preview", { body: { definition: segment } }));
  console.log(`segment    ${counted.total.value} contacts (${counted.total.relation})`);

  const campaign = must(
    await api.POST("/api/v1/campaigns", {
      params: { header: { "Idempotency-Key": randomUUID() } },
      body: {
        name: "Ejemplo en TypeScript",
        message: {
          template: "Hola {{ first_name | title }}, hoy 20% en toda la tienda. Responde ALTO para no recibir más.",
          transliterate: true,
        },
        segment,
        sender_id: sender.id,
        limits: { max_messages: 200 },
        window: null,
        allow_unknown_line_type: true,
      },
    }),
  );
  const id = { path: { id: campaign.id } };
  const preview = must(await api.POST("/api/v1/campaigns/{id}/preview", { params: id }));
  console.log(`preview    ${preview.audience.final} messages, ${preview.cost.amount_micros} millionths of ${preview.cost.currency}`);

  // Sent again with the same key, the launch is answered as before and done once.
  const launch = { params: { ...id, header: { "Idempotency-Key": randomUUID() } } };
  const launched = must(await api.POST("/api/v1/campaigns/{id}/launch", launch));
  const again = must(await api.POST("/api/v1/campaigns/{id}/launch", launch));
  if (again.version !== launched.version) throw new Error("it was launched twice");
  console.log(`launched   ${campaign.id}`);

  let progress: Schemas["ProgressView"];
  do {
    await sleep(500);
    progress = must(await api.GET("/api/v1/campaigns/{id}/progress", { params: id }));
  } while (!FINAL.includes(progress.state));

  console.log(`${progress.state}  ${progress.audience} messages`);
  const counts = Object.entries(progress.counts);
  for (const [state, count] of counts) console.log(`  ${state.padEnd(12)} ${count}`);
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  if (progress.state !== "completed" || sum !== progress.audience) throw new Error(`the counts add up to ${sum}`);
  console.log(`they add up to ${sum}`);
}

await run();
