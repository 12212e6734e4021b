# Interactions with a moderator that is measured with error, in tests/reference/measurement_error.json.
# Run: Rscript tests/reference/regenerate/measurement_error.R   (metafor, nlme, jsonlite)
# Three ways: the expected true score by regressing scores on covariates, then lm and metafor, and nlme with a
# residual variance by trial in one stage; and SIMEX, which knows no formula: more error is added, and the answer
# is extrapolated back to none.
suppressMessages({library(metafor); library(nlme); library(jsonlite)})
set.seed(11)
reliability <- c(hamd17 = 0.75, bdi2 = 0.85)
sizes <- c(S1 = 90, S2 = 140, S3 = 70, S4 = 110, S5 = 160, S6 = 84)
rows <- do.call(rbind, lapply(seq_along(sizes), function(k) {
  n <- sizes[k]
  instrument <- if (k %% 2) "hamd17" else "bdi2"
  x <- rnorm(n, rnorm(1, 0, 0.4), 1)
  z <- 0.5 * x + rnorm(n)
  w <- x + rnorm(n, 0, sqrt((1 - reliability[[instrument]]) / reliability[[instrument]]))
  t <- rep(0:1, length.out = n)
  y <- 0.6 * x + 0.2 * z + t * (rnorm(1, -0.5, 0.2) - 0.35 * (x - mean(x))) + rnorm(n, 0, 0.8)
  data.frame(study = names(sizes)[k], instrument, treat = t, baseline = round(w, 6), age = round(z, 6),
             outcome = round(y, 6))
}))
within <- function(v, g) v - ave(v, g)
cells <- interaction(rows$study, rows$treat, drop = TRUE)
error <- sapply(names(reliability), function(i) {
  at <- rows$instrument == i
  (1 - reliability[[i]]) * sum(within(rows$baseline, cells)[at]^2) / (sum(at) - nlevels(droplevels(cells[at])))
})
calibrate <- function(d, s2, covariate) {
  arm <- factor(d$treat)
  m <- if (covariate) lm(baseline ~ arm + age, d) else lm(baseline ~ arm, d)
  left <- sum(resid(m)^2) / (nrow(d) - 2)          # variance of W given Z, with the df of the arms' means
  slope <- if (covariate) coef(m)[["age"]] else 0
  wc <- d$baseline - mean(d$baseline); zc <- d$age - mean(d$age)
  mean(d$baseline) + wc - s2 / left * (wc - slope * zc)
}
own <- function(d, score, covariate) {
  d$x <- score - mean(score)
  m <- if (covariate) lm(outcome ~ treat * x + age, d) else lm(outcome ~ treat * x, d)
  coef(summary(m))["treat:x", 1:2]
}
simex <- function(d, s2, covariate, zeta = c(0.5, 1, 1.5, 2), B = 400) {
  at <- sapply(zeta, function(f) mean(replicate(B, own(d, d$baseline + rnorm(nrow(d), 0, sqrt(f * s2)), covariate)[1])))
  z <- c(0, zeta); y <- c(own(d, d$baseline, covariate)[1], at)
  # attenuation is a / (c + zeta), whose inverse is a line
  line <- lm(1 / y ~ z)
  1 / sum(coef(line) * c(1, -1))
}
answer <- function(covariate) {
  trials <- split(rows, rows$study)
  rows$x <- unsplit(lapply(trials, function(d) calibrate(d, error[[d$instrument[1]]], covariate)), rows$study)
  est <- t(sapply(trials, function(d) own(d, rows[rownames(d), "x"], covariate)))
  two <- rma(est[, 1], sei = est[, 2], method = "FE")
  sx <- sapply(trials, function(d) simex(d, error[[d$instrument[1]]], covariate))
  rows$xc <- within(rows$x, rows$study); rows$ac <- within(rows$age, rows$study); rows$s <- factor(rows$study)
  ctl <- lmeControl(opt = "optim", msMaxIter = 1000, tolerance = 1e-10, msTol = 1e-12, returnObject = TRUE, maxIter = 500)
  f <- if (covariate) outcome ~ 0 + s + s:xc + s:ac + treat + treat:xc else outcome ~ 0 + s + s:xc + treat + treat:xc
  # the across term: treatment by the trial's mean, about the mean of the means
  means <- tapply(rows$x, rows$study, mean); rows$m <- (means - mean(means))[rows$study]
  one <- lme(update(f, . ~ . + treat:m), rows, random = ~ 0 + treat | s, weights = varIdent(form = ~ 1 | s), method = "REML", control = ctl)
  list(covariate = covariate, score = rows$x, estimate = unname(est[, 1]), std_error = unname(est[, 2]),
       two = unname(two$beta[1]), two_se = two$se, one = fixef(one)[[grep("^(xc:treat|treat:xc)$", names(fixef(one)))]], simex = unname(sx),
       naive = sapply(trials, function(d) own(d, d$baseline, covariate)[1]))
}
found <- lapply(c(FALSE, TRUE), answer)
write.csv(rows[, c("study", "instrument", "treat", "baseline", "age", "outcome")], "tests/reference/data/measurement_error.csv", row.names = FALSE)
write(toJSON(list(reliability = as.list(reliability), error = as.list(error), answers = found), auto_unbox = TRUE, digits = I(15)),
      "tests/reference/measurement_error.json")
cat(length(found), "answers\n")
