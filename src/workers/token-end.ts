/** What stands behind each resume token of a worker. */
export function tokenEndOf(worker: number): string {
  return `-${worker}`;
}

/** The worker that a resume token is of; undefined where it says none. */
export function workerOf(token: string): number | undefined {
  const end = /^[0-9a-f-]{36}-(\d{1,3})$/.exec(token)?.[1];
  return end === undefined ? undefined : Number(end);
}
