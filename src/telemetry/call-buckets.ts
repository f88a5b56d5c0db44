/** Of gen_ai.client.operation.duration in OpenTelemetry's conventions, and two more for long answers; in seconds. */
export const durationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68,
];

/** Of gen_ai.server.time_to_first_token in OpenTelemetry's conventions, and two more; in seconds. */
export const firstOutputBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
];
