# Processor seconds per fit of the R engines on one file, from a data frame in memory: a CSV of engine, seconds, deviance.
#   Rscript benchmarks/engines.R DATA.csv OUT.csv ENGINE ...
suppressMessages({library(lme4)})
args <- commandArgs(TRUE); d <- read.csv(args[1]); wanted <- args[-(1:2)]
d$study <- factor(d$study)
f <- y ~ treat * sev + age + sex + chron + ad + (1 + treat | study)
fixed <- y ~ treat * sev + age + sex + chron + ad
engines <- list(
  lme4 = function() REMLcrit(lmer(f, d)),
  lmerTest = function() { m <- lmerTest::lmer(f, d); summary(m); REMLcrit(m) },
  pbkrtest = function() { m <- lmerTest::lmer(f, d); summary(m, ddf = "Kenward-Roger"); REMLcrit(m) },
  nlme = function() -2 * as.numeric(logLik(nlme::lme(fixed, d, random = ~ 1 + treat | study,
           control = nlme::lmeControl(returnObject = TRUE)))),
  nlme_varIdent = function() -2 * as.numeric(logLik(nlme::lme(fixed, d, random = ~ 1 + treat | study,
           weights = nlme::varIdent(form = ~ 1 | study), control = nlme::lmeControl(returnObject = TRUE)))),
  glmmTMB = function() -2 * as.numeric(logLik(glmmTMB::glmmTMB(f, d, REML = TRUE))))
rows <- lapply(wanted, function(name) {
  spent <- function() sum(proc.time()[1:2])
  run <- function() { t <- spent(); v <- suppressMessages(suppressWarnings(engines[[name]]())); c(spent() - t, v) }
  first <- run(); times <- first[1]; value <- first[2]
  while (length(times) < 20 && sum(times) < 6) times <- c(times, run()[1])
  data.frame(engine = name, seconds = min(times), deviance = value)
})
write.csv(do.call(rbind, rows), args[2], row.names = FALSE)
