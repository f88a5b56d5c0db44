import { BoundedMap } from "../model/bounded-map.ts";
import { Circuit, type CircuitParts, type CircuitState } from "./circuit.ts";

/** Models of one provider that have a circuit: some 8 kB each, and callers invent names. */
const modelsMax = 1000;

/** What a circuit guards. */
export type Scope = "endpoint" | "credential" | "model";

/** What makes circuits, and who is told of them. */
export interface PlaceParts extends Omit<CircuitParts, "changed"> {
  /** Told when a circuit has changed; `model` is empty unless that is its scope. */
  readonly changed: (scope: Scope, model: string, state: CircuitState) => void;
}

/** Circuits of an address and of the models behind it: whichever credential calls go with, it is the same place. */
export class Place {
  readonly endpoint: Circuit;
  readonly #parts: PlaceParts;
  readonly #models = new BoundedMap<Circuit>(modelsMax, (circuit) => circuit.end());

  constructor(parts: PlaceParts) {
    this.#parts = parts;
    this.endpoint = circuitOf(parts, "endpoint");
  }

  /** The circuit of a model; undefined before an attempt has said something about it, unless it is to be made. */
  model(name: string, make: boolean): Circuit | undefined {
    if (!make) return this.#models.peek(name);
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    const circuit = circuitOf(this.#parts, "model", name);
    this.#models.set(name, circuit);
    return circuit;
  }

  /** Worst state of the circuits of models. */
  worstModel(): CircuitState {
    let worst: CircuitState = "closed";
    for (const { state } of this.#models.values()) {
      if (state === "open") return "open";
      if (state === "half_open") worst = "half_open";
    }
    return worst;
  }

  /** No timer is left. */
  end(): void {
    for (const circuit of [this.endpoint, ...this.#models.values()]) circuit.end();
  }
}

/** A circuit that tells of itself by scope and model. */
export function circuitOf(parts: PlaceParts, scope: Scope, model = ""): Circuit {
  return new Circuit({ ...parts, changed: (state) => parts.changed(scope, model, state) });
}
