import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** Types of DNS records: addresses of four and of sixteen bytes. */
export const [a, aaaa] = [1, 28];

/** The bytes of one address; no such name; a name without addresses; a server that fails. Undefined: no answer at all. */
export type NameRecord = readonly number[] | "none" | "empty" | "failed" | undefined;

/** What was asked. */
export interface Question {
  readonly name: string;
  readonly type: number;
}

const codes = { empty: 0x8180, failed: 0x8182, none: 0x8183 };

/** A name server that answers as it is told. */
export class NameServer implements AsyncDisposable {
  readonly #socket: Socket = createSocket("udp4");
  readonly questions: Question[] = [];
  /** Resolves with the first question. */
  readonly asked = Promise.withResolvers<void>();

  static async start(answer: (name: string, type: number) => NameRecord): Promise<NameServer> {
    const server = new NameServer();
    server.#socket.on("message", (message, from) => {
      const question = questionIn(message);
      server.questions.push(question);
      server.asked.resolve();
      const record = answer(question.name, question.type);
      if (record !== undefined) server.#socket.send(answerTo(message, question, record), from.port, from.address);
    });
    await new Promise<void>((resolve) => server.#socket.bind(0, "127.0.0.1", resolve));
    return server;
  }

  /** "127.0.0.1:1234". */
  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** The first question of a message: labels with their lengths from byte 12 on, a zero, the type, the class. */
function questionIn(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1) };
}

function answerTo(message: Buffer, { type }: Question, record: Exclude<NameRecord, undefined>): Buffer {
  const end = message.indexOf(0, 12) + 5;
  const head = Buffer.from(message.subarray(0, end));
  head.writeUInt16BE(typeof record === "string" ? codes[record] : codes.empty, 2);
  head.fill(0, 6, 12);
  if (typeof record === "string") return head;
  head.writeUInt16BE(1, 6);
  const meta = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, record.length]);
  return Buffer.concat([head, meta, Buffer.from(record)]);
}
