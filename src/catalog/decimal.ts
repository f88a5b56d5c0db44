/** Highest believable price of one token, in US dollars: several times the dearest of 2026. */
const usdPerTokenMax = 0.001;

/** A million tokens at the highest believable price, in US dollars. */
export const usdPerMillionMax = usdPerTokenMax * 1_000_000;

/** A million uses of a tool at the highest believable price, one dollar for each. */
export const usdPerMillionUsesMax = 1_000_000;

/**
 * US dollars for a million units as billionths of a dollar, exactly: "0.15" is 150000000n. Takes plain and scientific
 * notation. Throws a RangeError on anything else, on a negative number, on one above `usdMax` and on more decimals than a
 * billionth has.
 */
export function nanosPerMillion(usdPerMillion: string | number, usdMax = usdPerMillionMax): bigint {
  if (!(Number(usdPerMillion) <= usdMax)) throw unreadable(usdPerMillion, usdMax);
  return scaled(String(usdPerMillion), 9);
}

/** US dollars for one unit as US dollars for a million, without binary rounding: 1.5e-7 is "0.15". */
export function perMillion(usdPerToken: number): string {
  const nanos = scaled(String(usdPerToken), 15);
  const digits = nanos.toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  const whole = digits.slice(0, -9);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** A decimal number times a power of ten, as an integer. */
function scaled(decimal: string, power: number): bigint {
  const match = /^(\d{1,20})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(decimal);
  if (match === null) throw unreadable(decimal);
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const shift = Number(exponent) - fraction.length + power;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  if (digits % divisor !== 0n) throw unreadable(decimal);
  return digits / divisor;
}

function unreadable(price: string | number, usdMax = usdPerMillionMax): RangeError {
  return new RangeError(`the price ${price} is not a decimal number from 0 to ${usdMax} with at most 9 decimals`);
}
