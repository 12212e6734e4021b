# Answers of nlme and glmmTMB for the model over visits, at convergence. Writes ../visits.json.
#   Rscript visits.R ../data ../visits.json
suppressMessages({library(nlme); library(glmmTMB)})
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(x, digits = 15, format = "g")
control <- lmeControl(maxIter = 500, msMaxIter = 2000, msMaxEval = 5000, tolerance = 1e-10, msTol = 1e-12,
                      niterEM = 100, opt = "nlminb", returnObject = TRUE)
glsc <- glsControl(maxIter = 500, msMaxIter = 2000, tolerance = 1e-10, msTol = 1e-12)
read <- function(name) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
  d$vf <- factor(d$visit, levels = intersect(c("w0", "w8", "w16", "w40"), unique(d$visit)))
  d$v <- as.integer(d$vf)
  for (w in levels(d$vf)) d[[paste0("t_", w)]] <- d$treat * (d$visit == w)
  d$cell <- interaction(d$study, d$vf, drop = TRUE)
  d$sc <- ave(d$severity, d$study, FUN = function(x) x - mean(x))
  d
}
entry <- function(name, terms, b, se, crit, extra = "") {
  rows <- paste0('"', terms, '": {"estimate": ', num(b), ', "std_error": ', num(se), "}", collapse = ", ")
  paste0('"', name, '": {"criterion": ', num(crit), extra, ', "terms": {', rows, "}}")
}
out <- c()
from_lme <- function(name, fit, terms) {
  tab <- summary(fit)$tTable
  entry(name, terms, tab[terms, 1], tab[terms, 2], -2 * as.numeric(logLik(fit)))
}
d <- read("visits_one")
later <- c("t_w8", "t_w16", "t_w40")
m <- gls(y ~ 0 + vf + t_w8 + t_w16 + t_w40, d, correlation = corSymm(form = ~ v | pid),
         weights = varIdent(form = ~ 1 | vf), control = glsc, method = "REML")
out <- c(out, from_lme("one_unstructured", m, later))
m <- gls(y ~ 0 + vf + t_w8 + t_w16 + t_w40, d, correlation = corSymm(form = ~ v | pid),
         weights = varIdent(form = ~ 1 | vf), control = glsc, method = "ML")
out <- c(out, from_lme("one_unstructured_ml", m, later))
d <- read("visits_clda")
m <- gls(y ~ 0 + cell + t_w8 + t_w16 + t_w40, d, correlation = corSymm(form = ~ v | pid),
         weights = varIdent(form = ~ 1 | vf), control = glsc, method = "REML")
out <- c(out, from_lme("clda_common", m, later))
m <- lme(y ~ 0 + cell + t_w8 + t_w16 + t_w40, d, random = list(study = pdDiag(~ 0 + t_w8 + t_w16 + t_w40)),
         correlation = corSymm(form = ~ v | study / pid), weights = varIdent(form = ~ 1 | vf), control = control,
         method = "REML")
out <- c(out, from_lme("clda_random_independent", m, later))
# glmmTMB from the default start ends in false convergence; BFGS reaches the optimum
m <- glmmTMB(y ~ 0 + cell + t_w8 + t_w16 + t_w40 + us(0 + vf | pid) + diag(0 + t_w8 + t_w16 + t_w40 | study), d,
             dispformula = ~ 0, REML = TRUE,
             control = glmmTMBControl(optimizer = optim, optArgs = list(method = "BFGS"),
                                      optCtrl = list(maxit = 5000, reltol = 1e-14)))
b <- fixef(m)$cond[later]
out <- c(out, entry("clda_random_independent_tmb", later, b, sqrt(diag(vcov(m)$cond))[later],
                    -2 * as.numeric(logLik(m))))
d <- read("visits_post")
later <- c("t_w8", "t_w16", "t_w40")
m <- gls(y ~ 0 + cell + cell:sc + t_w8 + t_w16 + t_w40, d, correlation = corSymm(form = ~ v | pid),
         weights = varIdent(form = ~ 1 | vf), control = glsc, method = "REML")
out <- c(out, from_lme("post_covariate_common", m, later))
means <- ave(d$severity, d$study)
spread <- means - mean(tapply(d$severity, d$study, mean))
for (w in levels(d$vf)) {
  d[[paste0("x_", w)]] <- d$treat * d$sc * (d$visit == w)
  d[[paste0("a_", w)]] <- d$treat * spread * (d$visit == w)
}
inter <- c("x_w8", "x_w16", "x_w40")
m <- gls(y ~ 0 + cell + cell:sc + t_w8 + t_w16 + t_w40 + x_w8 + x_w16 + x_w40 + a_w8 + a_w16 + a_w40, d,
         correlation = corSymm(form = ~ v | pid), weights = varIdent(form = ~ 1 | vf), control = glsc, method = "REML")
out <- c(out, from_lme("post_within", m, c(later, inter, c("a_w8", "a_w16", "a_w40"))))
m <- lme(y ~ 0 + vf + t_w8 + t_w16 + t_w40, random = list(study = ~ 1, pid = ~ 1), d, control = control, method = "REML")
out <- c(out, from_lme("post_random_intercept", m, later))
writeLines(c("{", paste(out, collapse = ",\n"), "}"), args[2])
