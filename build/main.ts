// npm run build, and whatever comes before a start: the bundle in dist/, unless it is there and fresh.
import { freshBundle } from "./bundle.ts";

await freshBundle();
