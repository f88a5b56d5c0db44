// The hub inside this process, without a server: npm install llm-connector-hub, node embedded.ts
import { createHub } from "llm-connector-hub";

await using hub = await createHub({
  config: {
    providers: { simulator: {} },
    models: { aliases: { fast: "simulator/gpt" } },
    cache: { enabled: true },
    limits: [{ scope: "model", requests: 100, per: "minute" }],
  },
});

for await (const piece of hub.complete().model("fast").user("Count to 5").stream().text()) process.stdout.write(piece);
const { vectors } = await hub.embed({ model: "simulator/embedding", inputs: ["red", "blue"] });
console.log("", vectors.length);
