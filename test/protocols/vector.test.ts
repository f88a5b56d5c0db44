import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { checkVectors, vectorOf } from "../../src/protocols/vector.ts";

test("reads numbers and base64 alike", () => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 16, noNaN: true, noDefaultInfinity: true }), (vector) => {
      const base64 = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
      expect(vectorOf([...vector])).toEqual(vector);
      expect(vectorOf(base64)).toEqual(vector);
    }),
  );
});

test.each([[undefined], [{}], [["1"]], [[null]], ["AAA="], [[1e39]], ["AADAfw=="]])(
  "takes %j for no vector",
  (value) => {
    expect(vectorOf(value)).toBeUndefined();
  },
);

test.each<[string, (Float32Array | undefined)[], string]>([
  ["too few", [Float32Array.of(1)], "vector_count"],
  ["too many", [Float32Array.of(1), Float32Array.of(1), Float32Array.of(1)], "vector_count"],
  ["no vector", [Float32Array.of(1), undefined], "bad_vector"],
  ["an empty one", [Float32Array.of(), Float32Array.of()], "bad_vector"],
  ["different lengths", [Float32Array.of(1), Float32Array.of(1, 2)], "bad_vector"],
])("refuses %s", (_name, vectors, cause) => {
  const refused = () => checkVectors(vectors, 2);
  expect(refused).toThrow(GatewayError);
  expect(refused).toThrow(expect.objectContaining({ info: { cause } }));
});
