# The null-standardised t interval and the pivot's prediction interval in plain R (uniroot, t.test, integrate),
# with no line in common with the package; in tests/reference/nst.json.
# Run: Rscript tests/reference/regenerate/nst.R   (metafor for the REML estimate, jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
set.seed(2026)
tol <- 1e-14

lambda <- function(theta, y, v) {
  q <- function(l) sum((y - theta)^2 / (v + l)) - length(y)
  if (q(0) <= 0) return(0)
  uniroot(q, c(0, sum((y - theta)^2)), tol = tol)$root
}
test_at <- function(theta, y, v) t.test((y - theta) / sqrt(v + lambda(theta, y, v)))
p_at <- function(theta, y, v) test_at(theta, y, v)$p.value

nst <- function(y, v, level) {
  alpha <- 1 - level
  centre <- uniroot(function(th) sum((y - th) / sqrt(v + lambda(th, y, v))), range(y), tol = tol)$root
  far <- 1
  while (any(sapply(c(min(y) - far * c(1, 2, 4), max(y) + far * c(1, 2, 4)), p_at, y, v) > alpha)) far <- 2 * far
  grid <- sort(unique(c(seq(min(y) - far, max(y) + far, length.out = 301), centre,
                        as.vector(outer(sqrt(v), seq(-4, 4, length.out = 33)) + y))))
  p <- sapply(grid, function(th) { z <- (y - th) / sqrt(v + lambda(th, y, v))
    2 * pt(-abs(sqrt(length(z)) * mean(z) / sd(z)), length(z) - 1) })
  inside <- which(p >= alpha)
  end <- function(i, j) uniroot(function(th) p_at(th, y, v) - alpha, sort(grid[c(i, j)]), tol = tol)$root
  low <- end(min(inside), min(inside) - 1); high <- end(max(inside), max(inside) + 1)
  p0 <- p_at(0, y, v); gap <- p0 < alpha && low < 0 && high > 0
  if (gap) {
    beyond <- if (centre > 0) grid <= 0 else grid >= 0
    at <- which(beyond)[which.max(p[beyond])]
    ends <- range(grid[c(max(at - 1, 1), min(at + 1, length(grid)))])
    p0 <- optimize(p_at, ends, y, v, maximum = TRUE, tol = 1e-12)$objective
  }
  list(ci_low = low, ci_high = high, statistic = unname(test_at(0, y, v)$statistic), p_value = p0, gap = gap)
}

pivot <- function(y, v, level) {
  k <- length(y)
  q <- function(l) { w <- 1 / (v + l); sum(w * (y - sum(w * y) / sum(w))^2) }
  q0 <- q(0)
  one <- function(point, c) {
    if (c >= q0) { l <- 0; phi <- q0 / c } else {
      l <- uniroot(function(l) q(l) - c, c(0, k * diff(range(y))^2 / c + 1), tol = tol)$root; phi <- 1 }
    w <- 1 / (v + l)
    pnorm(point, sum(w * y) / sum(w), sqrt(phi / sum(w) + l))
  }
  cdf <- function(point) {
    f <- function(x) sapply(x, function(x) one(point, x^2) * 2 * x * dchisq(x^2, k - 1))
    part <- function(a, b) integrate(f, a, b, rel.tol = 1e-9, abs.tol = 1e-10, subdivisions = 500)$value
    kink <- min(sqrt(q0), 12)
    part(1e-7, kink) + part(kink, 14)
  }
  alpha <- 1 - level
  wide <- diff(range(y)) + sqrt(max(v))
  sapply(c(alpha / 2, 1 - alpha / 2), function(s)
    uniroot(function(x) cdf(x) - s, mean(y) + c(-60, 60) * wide, tol = 1e-9, extendInt = "upX")$root)
}

sets <- list()
for (k in c(2, 3, 4, 7, 12)) for (tau in c(0, 0.3)) {
  v <- round(runif(k, 0.01, 0.25), 6)
  sets[[length(sets) + 1]] <- list(yi = round(rnorm(k, -0.4, sqrt(tau^2 + v)), 6), vi = v)
}
# one large trial among tiny ones, and sets with 0 in a gap of the accepted set
sets[[length(sets) + 1]] <- list(yi = c(-0.02, 0.9, 1.1), vi = c(0.001, 0.2, 0.25))
gaps <- 0
while (gaps < 4) {
  v <- round(c(0.002, runif(2, 0.15, 0.3)), 6)
  y <- round(rnorm(3, 0.1, sqrt(v + 0.02)), 6)
  if (nst(y, v, 0.95)$gap) { sets[[length(sets) + 1]] <- list(yi = y, vi = v); gaps <- gaps + 1 }
}

out <- lapply(sets, function(s) {
  m <- suppressWarnings(rma(yi = s$yi, vi = s$vi, method = "REML", control = list(threshold = 1e-14, maxiter = 10000)))
  answers <- lapply(c(0.95, 0.9), function(level) {
    a <- nst(s$yi, s$vi, level)
    if (length(s$yi) > 2 && level == 0.95) { p <- pivot(s$yi, s$vi, level); a$pivot_low <- p[1]; a$pivot_high <- p[2] }
    c(a, level = level, estimate = as.numeric(m$beta), std_error = m$se)
  })
  list(yi = s$yi, vi = s$vi, answers = answers)
})
write(toJSON(out, auto_unbox = TRUE, digits = I(15), pretty = FALSE), "tests/reference/nst.json")
cat(length(out), "sets\n")
