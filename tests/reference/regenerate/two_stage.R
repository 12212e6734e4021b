# Two-stage answers by lm, glm and metafor, in tests/reference/two_stage.json; data in tests/reference/data/two_stage.csv.
# Run: Rscript tests/reference/regenerate/two_stage.R   (metafor, jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
set.seed(31)
draw <- function(k) {
  n <- sample(90:150, 1); t <- rbinom(n, 1, 0.5); base <- round(rnorm(n, 22, 5), 1); z <- round(rnorm(n, k / 3, 1), 2)
  lev <- sample(if (k == 4) c("a", "b") else c("a", "b", "c"), n, TRUE)
  y <- 8 + 0.5 * base + z - (3 + rnorm(1)) * t - (0.8 + rnorm(1, 0, .5)) * t * z + 1.5 * t * (lev == "c") + rnorm(n, 0, 4 + k / 3)
  data.frame(study = sprintf("T%02d", k), treat = t, base = base, z = z, lev = lev, y = round(y, 2),
             resp = as.integer(y < 0.5 * base + 6))
}
d <- do.call(rbind, lapply(1:7, draw))
write.csv(d, "tests/reference/data/two_stage.csv", row.names = FALSE, quote = FALSE)
d$zb <- as.integer(d$z > 1)
tight <- list(threshold = 1e-14, maxiter = 10000)

own <- function(formula, terms, family) lapply(split(d, d$study), function(s) {
  s$zc <- s$z - mean(s$z); s$b <- as.numeric(s$lev == "b"); s$c <- as.numeric(s$lev == "c")
  s$bc <- s$treat * (s$b - mean(s$b)); s$cc <- s$treat * (s$c - mean(s$c))
  m <- if (family == "gaussian") lm(formula, s) else glm(formula, binomial, s, control = glm.control(epsilon = 1e-14, maxit = 100))
  b <- coef(m)[terms]; V <- vcov(m); keep <- terms[!is.na(b)]
  list(b = b[keep], V = V[keep, keep, drop = FALSE])
})
pool <- function(fits, term, method, test) {
  f <- Filter(function(x) term %in% names(x$b), fits)
  yi <- sapply(f, function(x) x$b[[term]]); vi <- sapply(f, function(x) x$V[term, term])
  m <- rma(yi, vi, method = method, test = test, control = if (method == "FE") list() else tight)
  list(estimate = as.numeric(m$beta), std_error = m$se, tau2 = m$tau2, ci_low = m$ci.lb, ci_high = m$ci.ub, p_value = m$pval, k = m$k)
}
joint <- function(fits, terms, random) {
  f <- Filter(function(x) any(terms %in% names(x$b)), fits)
  yi <- unlist(lapply(f, function(x) x$b[intersect(terms, names(x$b))]))
  term <- unlist(lapply(f, function(x) intersect(terms, names(x$b))))
  study <- rep(seq_along(f), sapply(f, function(x) sum(terms %in% names(x$b))))
  V <- metafor::bldiag(lapply(f, function(x) { k <- intersect(terms, names(x$b)); x$V[k, k, drop = FALSE] }))
  m <- if (random) rma.mv(yi, V, mods = ~ 0 + term, random = ~ term | study, struct = "UN", control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 5000))
       else rma.mv(yi, V, mods = ~ 0 + term)
  list(estimate = as.numeric(m$beta), std_error = m$se, chi2 = m$QM, p_value = m$QMp)
}
out <- list()
g <- own(y ~ treat + base, "treat", "gaussian")
out$gaussian <- list(treat = pool(g, "treat", "REML", "knha"))
g <- own(y ~ treat + base + z + treat:zc, c("treat", "treat:zc"), "gaussian")
out$within <- list(treat = pool(g, "treat", "REML", "knha"), within = pool(g, "treat:zc", "FE", "z"))
g <- own(y ~ treat + base + z + treat:z, c("treat", "treat:z"), "gaussian")
out$naive_random <- list(treat = pool(g, "treat", "REML", "knha"), naive = pool(g, "treat:z", "REML", "knha"))
g <- own(y ~ treat + b + c + bc + cc, c("treat", "bc", "cc"), "gaussian")
out$levels_common <- list(treat = pool(g, "treat", "REML", "knha"), b = pool(g, "bc", "FE", "z"), c = pool(g, "cc", "FE", "z"), joint = joint(g, c("bc", "cc"), FALSE))
out$levels_random <- list(b = pool(g, "bc", "REML", "z"), c = pool(g, "cc", "REML", "z"), joint = joint(g, c("bc", "cc"), TRUE))
g <- own(resp ~ treat + base + z + treat:zc, c("treat", "treat:zc"), "binomial")
out$binomial_within <- list(treat = pool(g, "treat", "REML", "knha"), within = pool(g, "treat:zc", "FE", "z"))
g <- own(resp ~ treat + b + c + bc + cc, c("treat", "bc", "cc"), "binomial")
out$binomial_levels <- list(treat = pool(g, "treat", "DL", "adhoc"), b = pool(g, "bc", "FE", "z"), joint = joint(g, c("bc", "cc"), FALSE))
write(toJSON(out, auto_unbox = TRUE, digits = I(15), pretty = TRUE), "tests/reference/two_stage.json")
