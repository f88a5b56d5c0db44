import { expect } from "vitest";
import { type ClientOptions, connectHub, type HubClient, HubError } from "../../src/client.ts";
import type { TestConfig } from "../support/gateway.ts";
import { TestGateway } from "../support/gateway.ts";

/** Answers at once, as fast as it can. */
export const quick = "simulator/gpt:first-token-0:pace-0";

/** Nearly no pause between tries. */
export const impatient = { delayMs: 1 };

/** The error that a call must end with. */
export const failureOf = (call: Promise<unknown>): Promise<HubError> =>
  call.then(
    () => Promise.reject(new Error("the call was answered")),
    (error) => {
      expect(error).toBeInstanceOf(HubError);
      return error;
    },
  );

/** A gateway with the simulator, and the product's own client for it. */
export class TestHub implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly hub: HubClient;

  private constructor(gateway: TestGateway, options: ClientOptions) {
    this.gateway = gateway;
    this.hub = connectHub({ baseUrl: gateway.url, retry: impatient, resume: impatient, ...options });
  }

  static async start(config: Partial<TestConfig> = {}, options: ClientOptions = {}): Promise<TestHub> {
    return new TestHub(await TestGateway.start({ providers: { simulator: {} }, ...config }), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    await this.gateway[Symbol.asyncDispose]();
  }
}
