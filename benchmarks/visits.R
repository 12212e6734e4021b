# Timed fits of the model over visits; prints one line of JSON. Called by visits.py.
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], stringsAsFactors = FALSE)
d$vf <- factor(d$visit)
d$v <- as.integer(d$vf)
d$pid <- factor(d$pid)
d$cell <- interaction(d$study, d$vf, drop = TRUE)
for (w in levels(d$vf)[-1]) d[[paste0("t_", w)]] <- d$treat * (d$visit == w)
num <- function(x) formatC(x, digits = 12, format = "g")
say <- function(name, run) {
  gc()
  start <- proc.time()[["elapsed"]]
  fit <- tryCatch(suppressWarnings(run()), error = function(e) e)
  seconds <- proc.time()[["elapsed"]] - start
  if (inherits(fit, "error")) return(paste0('"', name, '": {"why": "did not fit"}'))
  value <- -2 * as.numeric(logLik(fit))
  if (!is.finite(value)) return(paste0('"', name, '": {"why": "no finite likelihood (false convergence)"}'))
  paste0('"', name, '": {"seconds": ', num(seconds), ', "criterion": ', num(value), "}")
}
absent <- function(name) paste0('"', name, '": {"why": "not installed"}')
out <- c()
if (requireNamespace("nlme", quietly = TRUE)) {
  library(nlme)
  out <- c(out, say("nlme", function()
    lme(y ~ 0 + cell + t_w8 + t_w16 + t_w40, d, random = list(study = pdDiag(~ 0 + t_w8 + t_w16 + t_w40)),
        correlation = corSymm(form = ~ v | study / pid), weights = varIdent(form = ~ 1 | vf), method = "REML",
        control = lmeControl(maxIter = 200, msMaxIter = 500, returnObject = TRUE))))
} else out <- c(out, absent("nlme"))
if (requireNamespace("glmmTMB", quietly = TRUE)) {
  library(glmmTMB)
  out <- c(out, say("glmmTMB", function()
    glmmTMB(y ~ 0 + cell + t_w8 + t_w16 + t_w40 + us(0 + vf | pid) + diag(0 + t_w8 + t_w16 + t_w40 | study), d,
            dispformula = ~ 0, REML = TRUE)))
} else out <- c(out, absent("glmmTMB"))
if (requireNamespace("mmrm", quietly = TRUE)) {
  library(mmrm)
  out <- c(out, say("mmrm (no random effects, other model)", function()
    mmrm(y ~ 0 + cell + t_w8 + t_w16 + t_w40 + us(vf | pid), d, method = "Kenward-Roger")))
} else out <- c(out, absent("mmrm"))
cat("{", paste(out, collapse = ", "), "}\n", sep = "")
