// The hub from TypeScript: npm install llm-connector-hub, a gateway at 127.0.0.1:50051, node ask.ts
import { connectHub, functionTool, HubError, textOf, toolCallsOf } from "llm-connector-hub/client";

await using hub = connectHub({ baseUrl: process.env["LLMHUB_URL"], apiKey: process.env["LLMHUB_API_KEY"] });

// A whole answer.
const question = hub.complete().model("simulator/gpt").system("Be brief").user("Count to 5");
const answer = await question.maxOutputTokens(200).send({ timeoutMs: 30_000 });
console.log(textOf(answer), answer.usage?.outputTokens, answer.routing?.model, answer.cost?.total?.amountNanos);

// The same piece by piece. A connection that breaks meanwhile is made again.
const stream = question.stream();
for await (const piece of stream.text()) process.stdout.write(piece);
console.log("", (await stream.final()).finishReason);

// A tool, its call and its result.
const clock = functionTool({
  name: "clock",
  description: "Tells the time in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
});
const asked = hub.complete().model("simulator/claude").user("What time is it in Oslo?").tools(clock);
const turn = await asked.with({ toolChoice: { choice: { case: "toolName", value: "clock" } } }).send();
const [call] = toolCallsOf(turn);
if (call !== undefined) {
  const told = await asked.message(turn.message).toolResult(call.id, { time: "12:00" }).send();
  console.log(call.name, call.arguments, textOf(told));
}

// What goes wrong says why, and when to come again.
try {
  await hub.complete({ model: "simulator/gpt:429:retry-after-60", input: "Say hi" }, { idempotencyKey: "order-17" });
} catch (error) {
  if (!(error instanceof HubError)) throw error;
  console.log(error.reason, error.retryAfterMs, error.failure?.attempts.length);
}
