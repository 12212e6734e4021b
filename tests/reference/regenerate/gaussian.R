# Answers of lme4, lmerTest, pbkrtest and nlme on three hard data sets, and the data themselves.
#   Rscript tests/reference/regenerate/gaussian.R tests/reference
# lme4's tolerances are tightened first: its defaults leave deviances off in the seventh digit.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(nlme); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
tight <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE,
                     optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12, maxeval = 100000))

draw <- function(seed, sizes, tau, sigma, share) {
  set.seed(seed)
  k <- length(sizes); study <- rep(seq_len(k), sizes)
  treat <- unlist(lapply(seq_len(k), function(i) sample(rep(0:1, c(sizes[i] - round(share[i] * sizes[i]), round(share[i] * sizes[i]))))))
  base <- round(rnorm(length(study), 20 + study %% 3, 4), 1)
  z <- round(rnorm(length(study), study %% 2, 1), 2)
  effect <- -2 + tau * rnorm(k)[study] + 0.5 * z
  y <- round(8 + rnorm(k)[study] + 0.4 * base + 0.3 * z + effect * treat + rep(sigma, length.out = k)[study] * rnorm(length(study)), 2)
  d <- data.frame(study = sprintf("T%02d", study), treat, base, z, y)
  d$c <- ave(d$base, d$study, FUN = function(v) v - mean(v))
  d$zc <- ave(d$z, d$study, FUN = function(v) v - mean(v))
  d$a <- ave(d$z, d$study) - mean(tapply(d$z, d$study, mean))
  d$study <- factor(d$study)
  d
}
sets <- list(
  unbalanced = draw(11, c(9, 14, 18, 33, 57, 80, 120), 1.5, c(2, 4, 3), c(.5, .5, .34, .66, .5, .25, .5)),
  few = draw(12, c(30, 44, 61), 1.2, 3, c(.5, .5, .5)),
  tau2_zero = draw(42, c(22, 25, 31, 40, 46, 52), 0, 3, c(.5, .4, .5, .6, .5, .5)))

terms <- list(treatment = "treat", within = c("treat:zc", "zc:treat"), across = "treat:a")
table_of <- function(fit, keep) {
  s <- coef(summary(fit)); v <- vcov(fit); va <- vcovAdj(fit)
  out <- list()
  for (name in names(keep)) {
    row <- intersect(keep[[name]], rownames(s))
    if (!length(row)) next
    l <- as.numeric(rownames(s) == row)
    out[[name]] <- list(estimate = s[row, "Estimate"], se = s[row, "Std. Error"], satterthwaite_df = s[row, "df"],
                        kr_se = sqrt(drop(t(l) %*% as.matrix(va) %*% l)), kr_df = Lb_ddf(l, v, va))
  }
  out
}
answer <- function(d) {
  stratified <- lmer(y ~ 0 + study + study:c + treat + (0 + treat | study), d, control = tight)
  within <- lmer(y ~ 0 + study + study:c + study:zc + treat + treat:zc + treat:a + (0 + treat | study), d, control = tight)
  random <- lmer(y ~ c + treat + (1 + treat | study), d, control = tight)
  ml <- lmer(y ~ c + treat + (1 | study) + (0 + treat | study), d, REML = FALSE, control = tight)
  profile_ci <- suppressWarnings(suppressMessages(confint(profile(ml, devtol = 1e-6))))
  list(stratified = list(terms = table_of(stratified, terms), criterion = REMLcrit(stratified),
                         tau2 = VarCorr(stratified)$study[1, 1], sigma2 = sigma(stratified)^2),
       within = list(terms = table_of(within, terms), criterion = REMLcrit(within),
                     tau2 = VarCorr(within)$study[1, 1], sigma2 = sigma(within)^2),
       random = list(terms = table_of(random, terms), criterion = REMLcrit(random),
                     tau2 = VarCorr(random)$study[2, 2], sigma2 = sigma(random)^2),
       ml = list(criterion = deviance(ml), sigma2 = sigma(ml)^2,
                 ci_sd_treat = unname(profile_ci[".sig02", ]), ci_sigma = unname(profile_ci[".sigma", ])))
}
answers <- lapply(sets, answer)
versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p)))
for (name in names(sets)) write.csv(sets[[name]][c("study", "treat", "base", "z", "y")],
  file.path(folder, "data", paste0("gaussian_", name, ".csv")), row.names = FALSE)
write_json(c(list(versions = as.list(versions)), answers), file.path(folder, "gaussian.json"), digits = 12, auto_unbox = TRUE, pretty = TRUE)
