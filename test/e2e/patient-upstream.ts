import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";

/** An upstream that begins every stream, and ends those that are asked to end, once they may. */
export async function startPatient() {
  const finish = Promise.withResolvers<void>();
  const upstream = await ScriptedUpstream.start(async (connection) => {
    const { body } = await connection.request();
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("Hel"));
    if (!body.includes("and end")) return;
    await finish.promise;
    await connection.chunk(chat.text("lo"), chat.finish, chat.done);
    await connection.lastChunk();
  });
  return { upstream, finish: finish.resolve };
}
