import fc from "fast-check";

/** Every run draws the same examples, unless FC_SEED asks for others: a failure prints the seed that shows it again. */
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_261_125) });
