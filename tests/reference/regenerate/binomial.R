# Logistic mixed models by lme4::glmer with converged modes, in tests/reference/binomial.json; data in data/binomial.csv.
# Standard errors from the joint Hessian of (theta, beta), by numDeriv. Run from the repository's root.
suppressMessages({library(lme4); library(numDeriv); library(jsonlite)})
set.seed(77)
draw <- function(k) {
  n <- sample(60:120, 1); t <- rbinom(n, 1, 0.5); base <- round(rnorm(n, 20 + k %% 3, 5), 1); z <- round(rnorm(n, k / 4, 1), 2)
  lev <- sample(c("a", "b", "c"), n, TRUE, c(.5, .3, .2))
  eta <- rnorm(1, -.2, .7) - .06 * (base - 20) + .25 * z + rnorm(1, .7, .6) * t + rnorm(1, .3, .4) * t * (z - k / 4) + .4 * t * (lev == "c")
  data.frame(study = sprintf("B%02d", k), treat = t, base = base, z = z, lev = lev, resp = rbinom(n, 1, plogis(eta)))
}
d <- do.call(rbind, lapply(1:8, draw))
write.csv(d, "tests/reference/data/binomial.csv", row.names = FALSE, quote = FALSE)
centre <- function(x) x - ave(x, d$study)
spread <- function(x) ave(x, d$study) - mean(tapply(x, d$study, mean))
d$study <- factor(d$study); d$b <- centre(d$base); d$zc <- centre(d$z); d$za <- spread(d$z); d$zm <- ave(d$z, d$study)
d$tc <- centre(d$treat); d$t <- d$treat; d$tzc <- d$t * d$zc; d$tza <- d$t * d$za
for (l in c("b", "c")) { x <- as.numeric(d$lev == l); d[[paste0("l", l)]] <- x; d[[paste0("w", l)]] <- d$t * centre(x); d[[paste0("o", l)]] <- centre(x); d[[paste0("x", l)]] <- d$t * spread(x) }

answer <- function(formula, q = 1) {
  m <- glmer(formula, d, binomial, nAGQ = q, control = glmerControl("bobyqa", tolPwrss = 1e-13, optCtrl = list(maxfun = 2e5, rhoend = 1e-9),
             check.conv.grad = "ignore", check.conv.hess = "ignore", check.conv.singular = "ignore"))
  f <- update(m, devFunOnly = TRUE); th <- getME(m, "theta")
  H <- hessian(function(x) f(x), c(th, fixef(m))); se <- sqrt(diag(solve(H / 2)))[-seq_along(th)]
  v <- as.data.frame(VarCorr(m))
  list(criterion = -2 * as.numeric(logLik(m)), estimate = as.list(fixef(m)), std_error = setNames(as.list(se), names(fixef(m))),
       variance = setNames(as.list(v$vcov), paste(v$var1, ifelse(is.na(v$var2), "", v$var2), sep = "")))
}
out <- list(
  stratified_slopes = answer(resp ~ 0 + t + study + study:b + (0 + tc | study)),
  within = answer(resp ~ 0 + t + tzc + tza + b + zc + study + (0 + tc | study)),
  within_random_intercept = answer(resp ~ t + tzc + tza + zm + b + zc + (1 + t | study)),
  three_effects = answer(resp ~ t + tzc + tza + zm + zc + (1 | study) + (0 + t | study) + (0 + tzc | study)),
  levels = answer(resp ~ 0 + t + wb + wc + xb + xc + ob + oc + study + (0 + tc | study)),
  levels_naive = answer(resp ~ t + t:lb + t:lc + lb + lc + (0 + t | study)),
  quadrature = answer(resp ~ t + base + (1 | study), 9),
  common = answer(resp ~ t + b + (0 + t | study), 1))
write(toJSON(out, auto_unbox = TRUE, digits = I(12), pretty = TRUE), "tests/reference/binomial.json")
