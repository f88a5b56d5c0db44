import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import type { Shell } from "../../src/cli/command.ts";

/** A shell in memory; `out` and `err` hold what was written. */
export class FakeShell implements Shell {
  readonly env: Record<string, string>;
  readonly stdin: Shell["stdin"];
  readonly signals = new EventEmitter();
  readonly stdout: Shell["stdout"];
  readonly stderr: Shell["stderr"];
  out = "";
  err = "";
  /** Called after each write to stdout. */
  onOut: () => void = () => undefined;

  constructor({ env = {}, stdin = "", isTTY = false } = {}) {
    this.env = env;
    this.stdin = Readable.from(stdin === "" ? [] : [stdin]);
    this.stdout = {
      isTTY,
      write: (text) => {
        this.out += text;
        this.onOut();
      },
    };
    this.stderr = {
      isTTY,
      write: (text) => {
        this.err += text;
      },
    };
  }
}
