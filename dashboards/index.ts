import type { Dashboard } from "./dashboard.ts";
import { cache } from "./pages/cache.ts";
import { errors } from "./pages/errors.ts";
import { latency } from "./pages/latency.ts";
import { limits } from "./pages/limits.ts";
import { overview } from "./pages/overview.ts";
import { process } from "./pages/process.ts";
import { providers } from "./pages/providers.ts";
import { spend } from "./pages/spend.ts";
import { streams } from "./pages/streams.ts";

/** Every page, in the order of the questions that are asked when something is wrong. */
export const dashboards: readonly Dashboard[] = [
  overview,
  errors,
  providers,
  latency,
  streams,
  limits,
  cache,
  spend,
  process,
];
