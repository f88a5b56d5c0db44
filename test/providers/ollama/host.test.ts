import { expect, test } from "vitest";
import { addressOf } from "../../../src/providers/ollama/host.ts";

test.each([
  [undefined, "http://127.0.0.1:11434"],
  ["", "http://127.0.0.1:11434"],
  ["127.0.0.1", "http://127.0.0.1:11434"],
  ["127.0.0.1:11434", "http://127.0.0.1:11434"],
  [":8080", "http://127.0.0.1:8080"],
  ["0.0.0.0", "http://127.0.0.1:11434"],
  ["0.0.0.0:9000", "http://127.0.0.1:9000"],
  ["http://0.0.0.0:9000/", "http://127.0.0.1:9000"],
  ["::", "http://[::1]:11434"],
  ["[::]:9000", "http://[::1]:9000"],
  ["::1", "http://[::1]:11434"],
  ["fe80::2", "http://[fe80::2]:11434"],
  ["gpu-box", "http://gpu-box:11434"],
  ["gpu-box:80", "http://gpu-box"],
  [" 'gpu-box' ", "http://gpu-box:11434"],
  ["http://gpu-box", "http://gpu-box"],
  ["https://gpu-box/", "https://gpu-box"],
  ["https://gpu-box:8443/ollama/", "https://gpu-box:8443/ollama"],
  ["gpu-box/ollama", "http://gpu-box:11434/ollama"],
  ["ollama.com", "https://ollama.com"],
  ["https://ollama.com", "https://ollama.com"],
])("%s is %s", (host, address) => {
  expect(addressOf(host)).toBe(address);
});

test.each(["ftp://gpu-box", "http://user:secret@gpu-box", "gpu box", "gpu-box:port", "gpu-box?a=b"])(
  "%s is no address",
  (host) => {
    expect(addressOf(host)).toBeUndefined();
  },
);
