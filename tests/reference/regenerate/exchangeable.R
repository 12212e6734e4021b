# nlme's answer for exchangeable interactions with the levels of a categorical moderator. Writes ../exchangeable.json.
#   Rscript exchangeable.R ../data ../exchangeable.json
# The centred dummy of each level times the treatment has a random coefficient; all share one variance (pdIdent).
suppressMessages(library(nlme))
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(x, digits = 15, format = "g")
d <- read.csv(file.path(args[1], "exchangeable.csv"), stringsAsFactors = FALSE)
centred <- function(x) x - ave(x, d$study)
d$base <- centred(d$base)
for (l in c("a", "b", "c")) {
  dummy <- as.numeric(d$level == l)
  d[[paste0("m_", l)]] <- centred(dummy)
  d[[paste0("w_", l)]] <- d$treat * centred(dummy)
  means <- ave(dummy, d$study)
  d[[paste0("x_", l)]] <- d$treat * (means - mean(tapply(dummy, d$study, mean)))
}
d$study <- factor(d$study)
control <- lmeControl(maxIter = 500, msMaxIter = 5000, msMaxEval = 10000, tolerance = 1e-12, msTol = 1e-14,
                      niterEM = 200, opt = "nlminb")
fit <- lme(y ~ 0 + study + study:base + study:m_b + study:m_c + treat + w_b + x_b + w_c + x_c, d,
           random = list(study = pdBlocked(list(pdIdent(~ 0 + treat), pdIdent(~ 0 + w_a + w_b + w_c)))),
           control = control, method = "REML")
tab <- summary(fit)$tTable
v <- as.numeric(VarCorr(fit)[, "Variance"])
cat("{\"criterion\": ", num(-2 * as.numeric(logLik(fit))), ", \"treatment\": ", num(v[1]),
    ", \"interaction\": ", num(2 * v[2]), ", \"residual\": ", num(fit$sigma^2),
    ", \"estimates\": {\"treatment:within:level[b]\": ", num(tab["w_b", 1]), ", \"treatment:within:level[c]\": ",
    num(tab["w_c", 1]), "}}\n", sep = "", file = args[2])
