# The REML deviance that lme4 (three optimisers) and glmmTMB reach on each set of hard_sets.py.
#   Rscript hard_sets.R SETS.csv DEVIANCES.csv
suppressMessages({library(lme4); library(glmmTMB)})
paths <- commandArgs(TRUE)
all <- read.csv(paths[1])
fixed <- c("y ~ treat + x + w + (1 + treat | study)",
           "y ~ treat + x + w + (1 | study) + (0 + treat | study)",
           "y ~ 0 + study + treat + x + w + (0 + treat | study)",
           "y ~ treat + x + w + (1 + treat | study)")
controls <- list(
  nloptwrap = lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE),
  nelder_mead = lmerControl(optimizer = "Nelder_Mead", calc.derivs = FALSE),
  bobyqa = lmerControl(optimizer = "bobyqa", calc.derivs = FALSE))
quietly <- function(e) tryCatch(suppressMessages(suppressWarnings(e)), error = function(x) NA_real_)
out <- lapply(split(all, all$set), function(d) {
  f <- as.formula(fixed[d$set[1] %% 4 + 1])
  lmers <- sapply(controls, function(control) quietly(REMLcrit(lmer(f, d, control = control))))
  tmb <- quietly(-2 * as.numeric(logLik(glmmTMB(f, d, REML = TRUE))))
  data.frame(set = d$set[1], t(lmers), glmmtmb = tmb)
})
write.csv(do.call(rbind, out), paths[2], row.names = FALSE)
