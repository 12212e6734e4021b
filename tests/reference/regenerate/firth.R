# Firth's penalised logistic regression by brglm2, in tests/reference/firth.json.
# Run: Rscript tests/reference/regenerate/firth.R   (brglm2, metafor, jsonlite)
# Trials with an empty cell, one of them with nothing but events in an arm; a covariate; an interaction.
suppressMessages({library(brglm2); library(metafor); library(jsonlite)})
set.seed(5)
sizes <- c(F1 = 40, F2 = 60, F3 = 50, F4 = 36, F5 = 80)
rows <- do.call(rbind, lapply(seq_along(sizes), function(k) {
  n <- sizes[k]; t <- rep(0:1, length.out = n); x <- round(rnorm(n), 4)
  y <- rbinom(n, 1, plogis(-1.6 + 0.5 * x + 1.2 * t))
  if (k == 2) y[t == 0] <- 0
  if (k == 4) y[t == 1] <- 1
  data.frame(study = names(sizes)[k], treat = t, base = x, y = y)
}))
write.csv(rows, "tests/reference/data/firth.csv", row.names = FALSE)
rows$s <- factor(rows$study)
rows$bc <- rows$base - ave(rows$base, rows$study)
rows$ac <- ave(rows$base, rows$study) - mean(tapply(rows$base, rows$study, mean))
fit <- function(f, d) glm(f, binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 10000)
terms <- function(m, names) { s <- coef(summary(m)); lapply(names, function(n) list(estimate = unname(s[n, 1]), std_error = unname(s[n, 2]))) }
one <- terms(fit(y ~ 0 + s + s:bc + treat, rows), "treat")[[1]]
within <- terms(fit(y ~ 0 + s + s:bc + treat + treat:bc + treat:ac, rows), c("treat", "bc:treat"))
own <- lapply(split(rows, rows$study), function(d) terms(fit(y ~ bc + treat, d), "treat")[[1]])
two <- rma(sapply(own, `[[`, "estimate"), sei = sapply(own, `[[`, "std_error"), method = "REML", test = "z", control = list(threshold = 1e-14, maxiter = 10000))
write(toJSON(list(one = one, treat = within[[1]], within = within[[2]], own = own,
                  two = list(estimate = two$beta[1], std_error = two$se, tau2 = two$tau2)), auto_unbox = TRUE, digits = I(15)), "tests/reference/firth.json")
cat(readLines("tests/reference/firth.json"), "\n")
