// Distributions, roots and sums for the explorer: what JavaScript does not bring.
const ipdmaStatistics = (() => {
"use strict";

// --- special functions ---------------------------------------------------------------------------------

const LANCZOS = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];

/** log Gamma(x), x > 0 (Lanczos). */
function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x + 6.5;
  let sum = LANCZOS[0];
  for (let i = 1; i < 9; i++) sum += LANCZOS[i] / (x - 1 + i);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/** A continued fraction by Lentz's steps; `term(i)` gives numerator and denominator of level i. */
function fraction(first, term) {
  const tiny = 1e-300;
  let value = first || tiny, c = value, d = 0;
  for (let i = 1; i < 10000; i++) {
    const [a, b] = term(i);
    d = 1 / (b + a * d || tiny);
    c = b + a / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** The regularised incomplete gamma function: [lower, upper], each exact where it is small. */
function gammaShares(a, x) {
  if (x <= 0) return [0, 1];
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a, sum = term;
    for (let i = 1; i < 10000 && term > sum * 1e-17; i++) sum += term *= x / (a + i);
    return [front * sum, 1 - front * sum];
  }
  const upper = front / fraction(x + 1 - a, (i) => [i * (a - i), x + 2 * i + 1 - a]);
  return [1 - upper, upper];
}

/** The regularised incomplete beta function I_x(a, b). */
function betaShare(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  const below = fraction(1, (i) => {
    const m = i >> 1;
    return [i % 2 ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1];
  });
  return front / (a * below);
}

/** P(Z <= z) of the standard normal. */
function normalShare(z) {
  const tail = 0.5 * gammaShares(0.5, z * z / 2)[1];
  return z > 0 ? 1 - tail : tail;
}

/** The two-sided p-value of a z (df null) or t statistic. */
function twoSidedP(statistic, df) {
  const size = Math.abs(statistic);
  if (df === null) return gammaShares(0.5, size * size / 2)[1];
  return size === Infinity ? 0 : betaShare(df / (df + size * size), df / 2, 0.5);
}

/** The positive x at which a falling function of x meets a share, to the last digits. */
function fallingRoot(f, share) {
  let low = 0, high = 1;
  while (f(high) > share && high < 1e150) [low, high] = [high, 2 * high];
  while (low === 0 && high > 1e-150 && f(high / 2) < share) high /= 2;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (f(middle) > share) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

/** The critical value of a two-sided interval: t on df, or normal where df is null. */
function quantile(df, level) {
  return fallingRoot((t) => twoSidedP(t, df), 1 - level);
}

/** The x whose upper tail of chi-squared on df is `share`. */
function chiUpper(df, share) {
  return fallingRoot((x) => gammaShares(df / 2, x / 2)[1], share);
}

/** The x whose lower tail of chi-squared on df is `share`: exact where the share is small. */
function chiLower(df, share) {
  return fallingRoot((x) => -gammaShares(df / 2, x / 2)[0], -share);
}

// --- numbers ---------------------------------------------------------------------------------------------

const sum = (values) => values.reduce((total, value) => total + value, 0);
const span = (values) => Math.max(...values) - Math.min(...values);
const ascending = (values) => [...new Set(values)].sort((a, b) => a - b);

/** The root between two ends of opposite sign: the secant of Illinois, halved where it is slow. */
function root(f, low, high) {
  let atLow = f(low), atHigh = f(high);
  if (atLow === 0) return low;
  if (atHigh === 0) return high;
  for (let i = 0; i < 400; i++) {
    const width = high - low;
    let point = i % 3 === 2 ? (low + high) / 2 : high - atHigh * width / (atHigh - atLow);
    if (!(point > low && point < high)) point = (low + high) / 2;
    if (point <= low || point >= high) break;
    const at = f(point);
    if (at === 0) return point;
    if (at > 0 === atHigh > 0) { high = point; atHigh = at; atLow /= 2; } else { low = point; atLow = at; atHigh /= 2; }
    // the halved values only steer the secant; their signs stay true
    if (high - low <= 4e-16 * Math.max(Math.abs(low), Math.abs(high))) break;
  }
  return (low + high) / 2;
}

/** Where a function with one minimum between two points is least (golden section). */
function least(f, low, high) {
  const share = (Math.sqrt(5) - 1) / 2, end = 1e-10 * (high - low);
  let a = high - share * (high - low), b = low + share * (high - low), fa = f(a), fb = f(b);
  while (high - low > end) {
    if (fa < fb) { high = b; b = a; fb = fa; a = high - share * (high - low); fa = f(a); }
    else { low = a; a = b; fa = fb; b = low + share * (high - low); fb = f(b); }
  }
  return (low + high) / 2;
}

return { sum, span, ascending, root, least, gammaShares, normalShare, twoSidedP, quantile, chiUpper, chiLower };
})();
