// Second-stage pooling in the reader's hands: the numbers of `ipdma pool`, from study estimates alone.
// No document is touched here, so that the same lines run under node.
const ipdmaPool = (() => {
"use strict";

const {
  sum, span, ascending, root, least, gammaShares, normalShare, twoSidedP, quantile, chiUpper, chiLower,
} = ipdmaStatistics;

// --- the variance between trials -------------------------------------------------------------------------

/** Weights 1 / (v + tau2), their sum and the mean that they give. */
function weighted(y, v, tau2) {
  const w = v.map((one) => 1 / (one + tau2)), total = sum(w);
  return { w, total, mean: sum(w.map((one, i) => one * y[i])) / total };
}

/** Sum of w (y - mean)^2. */
function generalisedQ(y, v, tau2) {
  const { w, mean } = weighted(y, v, tau2);
  return sum(w.map((one, i) => one * (y[i] - mean) ** 2));
}

/** The tau2 at which the generalised Q is `target`; 0 where Q(0) is below it. */
function solveQ(y, v, target) {
  if (generalisedQ(y, v, 0) <= target) return 0;
  let high = upperBound(y, v);
  while (generalisedQ(y, v, high) > target) high *= 4;
  return root((tau2) => generalisedQ(y, v, tau2) - target, 0, high);
}

const upperBound = (y, v) => 2 * (span(y) ** 2 + Math.max(...v));

/** DerSimonian and Laird's moment estimator. */
function momentTau2(y, v) {
  const s1 = sum(v.map((one) => 1 / one)), s2 = sum(v.map((one) => one ** -2));
  return Math.max(0, (generalisedQ(y, v, 0) - (y.length - 1)) / (s1 - s2 / s1));
}

/** The (restricted) log likelihood of tau2 without constants, and twice its slope. */
function likelihood(y, v, tau2, restricted) {
  const { w, total, mean } = weighted(y, v, tau2);
  const squares = y.map((one) => (one - mean) ** 2);
  const value = 0.5 * sum(w.map(Math.log)) - 0.5 * sum(w.map((one, i) => one * squares[i]));
  const trace = total - (restricted ? sum(w.map((one) => one * one)) / total : 0);
  return {
    value: restricted ? value - 0.5 * Math.log(total) : value,
    slope: sum(w.map((one, i) => one * one * squares[i])) - trace,
  };
}

/** The highest maximum over tau2 >= 0: every turn of the slope on a grid is refined. */
function likelihoodTau2(y, v, restricted) {
  const slope = (tau2) => likelihood(y, v, tau2, restricted).slope;
  let high = upperBound(y, v);
  while (slope(high) > 0) high *= 4;
  const small = 1e-8 * Math.min(...v, high), steps = 59;
  const grid = [0, ...Array.from({ length: steps + 1 }, (_, i) => small * (high / small) ** (i / steps))];
  const slopes = grid.map(slope), found = [0];
  for (let i = 0; i < grid.length - 1; i++)
    if (slopes[i] > 0 && slopes[i + 1] <= 0) found.push(root(slope, grid[i], grid[i + 1]));
  const height = (tau2) => likelihood(y, v, tau2, restricted).value;
  return found.reduce((best, one) => (height(one) > height(best) ? one : best));
}

/** The variance between trials by its estimator. */
function estimateTau2(y, v, method) {
  if (method === "common" || y.length === 1) return 0;
  if (method === "dl") return momentTau2(y, v);
  return method === "pm" ? solveQ(y, v, y.length - 1) : likelihoodTau2(y, v, method === "reml");
}

/** Viechtbauer's Q-profile interval of tau2, or nulls where it is empty. */
function qProfile(y, v, level) {
  const df = y.length - 1, tail = (1 - level) / 2;
  const lower = chiLower(df, tail);
  if (generalisedQ(y, v, 0) < lower) return [null, null];
  return [solveQ(y, v, chiUpper(df, tail)), solveQ(y, v, lower)];
}

/** Cochran's Q test, I2 from tau2 and from Q in percent, H2. */
function heterogeneity(y, v, tau2) {
  const df = y.length - 1;
  if (!df) return { i2: 0, i2_q: 0, h2: 1, q: 0, q_df: 0, q_p: null };
  const q = generalisedQ(y, v, 0);
  const s1 = sum(v.map((one) => 1 / one)), s2 = sum(v.map((one) => one ** -2));
  const typical = df * s1 / (s1 * s1 - s2);
  return {
    i2: 100 * tau2 / (tau2 + typical), i2_q: q > 0 ? 100 * Math.max(0, (q - df) / q) : 0,
    h2: 1 + tau2 / typical, q, q_df: df, q_p: gammaShares(df / 2, q / 2)[1],
  };
}

// --- the null-standardised interval ------------------------------------------------------------------------

/** The estimates standardised as the hypothesis `theta` would have them: squares that sum to K at most. */
function standardised(y, v, theta) {
  const k = y.length, away = y.map((one) => one - theta);
  let lambda = 0;
  for (let i = 0; i < 100; i++) {
    let q = 0, slope = 0;
    for (let j = 0; j < k; j++) {
      const w = 1 / (v[j] + lambda), term = w * away[j] * away[j];
      q += term;
      slope += term * w;
    }
    const step = q > k ? (q - k) * q / (k * Math.max(slope, 1e-300)) : 0;
    lambda += step;
    if (step <= 1e-15 * lambda) break;
  }
  return away.map((one, j) => one / Math.sqrt(v[j] + lambda));
}

/** Sum z / sqrt(K sum z^2), between -1 and 1: the order of T without its poles. */
function signedShare(y, v, theta) {
  const z = standardised(y, v, theta);
  return sum(z) / (Math.sqrt(z.length * sum(z.map((one) => one * one))) || 1);
}

/** The one-sample t statistic of the z. */
function tStatistic(y, v, theta) {
  const z = standardised(y, v, theta), k = z.length, mean = sum(z) / k;
  const spread = Math.sqrt(sum(z.map((one) => (one - mean) ** 2)) / (k - 1));
  if (spread <= 1e-14 * Math.abs(mean)) return mean < 0 ? -Infinity : Infinity;
  return spread ? Math.sqrt(k) * mean / spread : 0;
}

/** A distance from any estimate past which all is rejected. */
function rejectedBeyond(y, v, critical) {
  let reach = span(y) + 2 * Math.sqrt(Math.max(...v));
  const low = Math.min(...y), high = Math.max(...y);
  for (let i = 0; i < 60; i++) {
    const out = (times) => [low - reach * times, high + reach * times];
    if ([1, 1.5, 2, 3, 4, 8, 16].flatMap(out).every((at) => Math.abs(signedShare(y, v, at)) > critical)) break;
    reach *= 2;
  }
  return 2 * reach + span(y);
}

/** Candidates that resolve every turn of T, with their shares, and where T is 0. */
function scan(y, v, critical) {
  const share = (theta) => signedShare(y, v, theta), reach = rejectedBeyond(y, v, critical);
  const steps = Math.min(60, Math.max(12, Math.floor(1000 / y.length)));
  let grid = [...y];
  y.forEach((one, j) => {
    const nearest = 1e-3 * Math.sqrt(v[j]);
    for (let i = 0; i < steps; i++) {
      const out = nearest * (reach / nearest) ** (i / (steps - 1));
      grid.push(one - out, one + out);
    }
  });
  grid = ascending(grid);
  const shares = grid.map(share), size = shares.map(Math.abs), roots = [], near = [];
  for (let i = 0; i < grid.length; i++) {
    if (shares[i] === 0) roots.push(grid[i]);
    if (shares[i] * shares[i + 1] < 0) roots.push(root(share, grid[i], grid[i + 1]));
    if (size[i] < size[i - 1] && size[i] <= size[i + 1] && size[i] > critical)
      near.push(least((at) => Math.abs(share(at)), grid[i - 1], grid[i + 1]));
  }
  roots.sort((a, b) => a - b);
  grid = ascending([...grid, ...roots, ...near]);
  return { grid, shares: grid.map(share), centre: roots[Math.floor(roots.length / 2)] };
}

/** The null-standardised interval, its test of no effect and its centre; null where it has no width. */
function nullStandardised(y, v, level) {
  const df = y.length - 1, t = quantile(df, level), critical = t / Math.sqrt(t * t + df);
  const { grid, shares, centre } = scan(y, v, critical);
  const inside = shares.map((one) => Math.abs(one) <= critical);
  const first = inside.indexOf(true), last = inside.lastIndexOf(true);
  const over = (theta) => Math.abs(signedShare(y, v, theta)) - critical;
  const low = root(over, grid[first - 1], grid[first]), high = root(over, grid[last], grid[last + 1]);
  if (!(high - low > 1e-10 * Math.sqrt(Math.min(...v)))) return null;
  const statistic = tStatistic(y, v, 0);
  let p = twoSidedP(statistic, df);
  const gap = p < 1 - level && low <= 0 && high >= 0;
  if (gap) p = largestBeyond(y, v, grid, shares, centre);
  return { df, statistic, p_value: p, ci_low: low, ci_high: high, gap };
}

/** The largest p from 0 outward, away from the centre. */
function largestBeyond(y, v, grid, shares, centre) {
  const outward = (theta) => (centre > 0 ? theta <= 0 : theta >= 0), size = shares.map(Math.abs);
  let at = -1;
  grid.forEach((theta, i) => { if (outward(theta) && (at < 0 || size[i] < size[at])) at = i; });
  let low = grid[Math.max(at - 1, 0)], high = grid[Math.min(at + 1, grid.length - 1)];
  if (centre > 0) high = Math.min(high, 0); else low = Math.max(low, 0);
  const share = (theta) => Math.abs(signedShare(y, v, theta));
  const found = least(share, low, high);
  return twoSidedP(tStatistic(y, v, share(found) < share(grid[at]) ? found : grid[at]), y.length - 1);
}

// --- the prediction interval ---------------------------------------------------------------------------------

const NODES = 96;

/** Nodes and weights of Gauss and Legendre on [-1, 1]. */
const gaussLegendre = (() => {
  const x = [], w = [];
  for (let i = 0; i < NODES; i++) {
    let at = Math.cos(Math.PI * (i + 0.75) / (NODES + 0.5)), slope = 1;
    for (let step = 0; step < 50; step++) {
      let before = 1, now = at;
      for (let n = 2; n <= NODES; n++) [before, now] = [now, ((2 * n - 1) * at * now - (n - 1) * before) / n];
      slope = NODES * (at * now - before) / (at * at - 1);
      const moved = now / slope;
      at -= moved;
      if (Math.abs(moved) < 1e-16) break;
    }
    x.push(at);
    w.push(2 / ((1 - at * at) * slope * slope));
  }
  return { x, w };
})();

/** lambda with Q(lambda) = c: Newton's steps on 1 / Q inside a bracket. */
function varianceAt(y, v, c) {
  let low = 0, high = span(y) ** 2 * y.length / c, lambda = 0;
  for (let i = 0; i < 200; i++) {
    const { w, mean } = weighted(y, v, lambda);
    const terms = w.map((one, j) => one * (y[j] - mean) ** 2);
    const q = sum(terms), slope = sum(terms.map((one, j) => one * w[j]));
    if (q > c) low = lambda; else high = lambda;
    let next = lambda + (q - c) * q / (c * Math.max(slope, 1e-300));
    if (!(next > low && next < high)) next = (low + high) / 2;
    const still = Math.abs(next - lambda) <= 1e-15 * next;
    lambda = next;
    if (still) break;
  }
  return lambda;
}

/** Mean, standard deviation and weight of a new effect at each value of the chi-squared pivot. */
function mixture(y, v) {
  const df = y.length - 1, q0 = generalisedQ(y, v, 0), tail = 1e-14;
  const low = Math.sqrt(chiLower(df, tail)), high = Math.sqrt(chiUpper(df, tail));
  const ends = [low, Math.min(Math.max(Math.sqrt(q0), low), high), high], parts = [];
  for (let panel = 0; panel < 2; panel++) {
    const [a, b] = [ends[panel], ends[panel + 1]];
    gaussLegendre.x.forEach((node, i) => {
      const x = (b + a + (b - a) * node) / 2, c = x * x;
      const lambda = c < q0 ? varianceAt(y, v, c) : 0, { total, mean } = weighted(y, v, lambda);
      const sd = Math.sqrt((c > q0 ? q0 / c : 1) / total + lambda);
      parts.push({
        mean, sd: Math.max(sd, 1e-12 * Math.sqrt(Math.min(...v))), size: (b - a) / 2 * gaussLegendre.w[i],
        log: (df - 1) * Math.log(x) - c / 2,
      });
    });
  }
  const top = Math.max(...parts.map((part) => part.log));
  for (const part of parts) part.weight = part.size * Math.exp(part.log - top);
  const whole = sum(parts.map((part) => part.weight));
  for (const part of parts) part.weight /= whole;
  return parts;
}

/** The interval of a new trial's effect by the generalised pivot. */
function pivotInterval(y, v, level) {
  const parts = mixture(y, v), tail = (1 - level) / 2;
  const reach = quantile(null, 1 - 2e-3 * tail) * Math.max(...parts.map((part) => part.sd));
  const means = parts.map((part) => part.mean);
  const ends = [Math.min(...means) - reach, Math.max(...means) + reach];
  const below = (at) => sum(parts.map((part) => part.weight * normalShare((at - part.mean) / part.sd)));
  return [tail, 1 - tail].map((share) => root((at) => below(at) - share, ...ends));
}

/** The prediction interval: by the pivot, never narrower than the pooled one, or on t with k - 2. */
function predict(y, v, found, wald, asked) {
  const k = y.length;
  if (k < 3 || asked.tau2 === "common") return [null, null];
  if (asked.prediction === "pivot") {
    const [low, high] = pivotInterval(y, v, asked.level);
    return [Math.min(low, found.ci_low), Math.max(high, found.ci_high)];
  }
  const half = quantile(k - 2, asked.level) * Math.sqrt(found.tau2 + wald.std_error ** 2);
  return [wald.estimate - half, wald.estimate + half];
}

// --- pooling ---------------------------------------------------------------------------------------------

/** An estimate with its statistic, p-value and interval. */
function made(estimate, error, df, level) {
  const half = quantile(df, level) * error, statistic = estimate / error;
  return {
    estimate, std_error: error, df, statistic, p_value: twoSidedP(statistic, df),
    ci_low: estimate - half, ci_high: estimate + half,
  };
}

/** The pooled effect by the interval that was asked for; throws where it has no width. */
function interval(y, v, wald, tau2, asked) {
  const flat = `this interval has no width because all estimates are equal; choose another interval`;
  if (asked.ci === "wald" || asked.tau2 === "common" || y.length === 1) return wald;
  if (asked.ci === "nst") {
    const found = nullStandardised(y, v, asked.level);
    if (!found) throw new Error(flat);
    return { ...wald, ...found };
  }
  const { w, total, mean } = weighted(y, v, tau2);
  const scale = sum(w.map((one, i) => one * (y[i] - mean) ** 2)) / (y.length - 1);
  const used = asked.ci === "modified_hksj" ? Math.max(1, scale) : scale;
  if (used <= 1e-20) throw new Error(flat);
  return made(mean, Math.sqrt(used / total), y.length - 1, asked.level);
}

/** What a reader of the result must know, a sentence each. */
function notes(y, v, found, asked) {
  const said = [];
  if (y.length === 1) said.push("One trial: its own estimate with a normal interval; nothing was pooled.");
  else if (y.length < 3) said.push("No prediction interval: it needs at least three trials.");
  else if (asked.tau2 === "common") said.push("No prediction interval: one effect common to all trials is assumed.");
  if (found.gap) said.push("Zero lies in a gap of the accepted effects; the p value is the largest at or beyond zero.");
  if (y.length > 1 && asked.tau2 !== "common") {
    if (found.tau2_ci_low === null) said.push("No interval of tau²: the trials agree more closely than their errors would lead one to expect.");
    const { total, mean } = weighted(y, v, 0), common = made(mean, total ** -0.5, null, asked.level);
    if (["hksj", "nst"].includes(asked.ci) && found.ci_high - found.ci_low < common.ci_high - common.ci_low)
      said.push("This interval is narrower than that of one common effect: do not rely on it alone.");
  }
  return said;
}

/**
 * Pool study estimates.
 * @param {{study: string, estimate: number, std_error: number}[]} trials
 * @param {{tau2: string, ci: string, prediction: string, level: number}} asked  tau2: reml, ml, dl, pm, common;
 *   ci: wald, hksj, modified_hksj, nst; prediction: pivot, t
 * @returns the fields of `ipdma pool`, with `notes`; throws an Error with a sentence where nothing can be pooled
 */
function pool(trials, asked) {
  if (!trials.length) throw new Error("no trial is left: tick one at least");
  const y = trials.map((one) => one.estimate), v = trials.map((one) => one.std_error ** 2);
  const tau2 = estimateTau2(y, v, asked.tau2), { w, total, mean } = weighted(y, v, tau2);
  const wald = made(mean, total ** -0.5, null, asked.level);
  const one = y.length === 1, common = one || asked.tau2 === "common";
  const [low, high] = common ? [null, null] : qProfile(y, v, asked.level);
  const found = {
    ...interval(y, v, wald, tau2, asked), tau2, tau2_ci_low: low, tau2_ci_high: high,
    ...heterogeneity(y, v, tau2), k: y.length, weights: w.map((each) => 100 * each / total),
  };
  [found.pi_low, found.pi_high] = predict(y, v, found, wald, asked);
  return { ...found, notes: notes(y, v, found, asked) };
}

return { pool, quantile };
})();
