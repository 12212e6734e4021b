# Each trial's own model over visits by nlme, their vectors pooled by metafor. Writes ../visits_two_stage.json.
#   Rscript visits_two_stage.R ../data ../visits_two_stage.json
suppressMessages({library(nlme); library(metafor)})
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(x, digits = 15, format = "g")
visits <- c("w0", "w8", "w16", "w40")
control <- glsControl(maxIter = 500, msMaxIter = 2000, tolerance = 1e-12, msTol = 1e-14)
d <- read.csv(file.path(args[1], "visits_clda.csv"), stringsAsFactors = FALSE)
own <- function(x) {
  x$vf <- factor(x$visit, levels = intersect(visits, unique(x$visit)))
  x$v <- as.integer(x$vf)
  later <- setdiff(levels(x$vf), "w0")
  for (w in later) x[[paste0("t_", w)]] <- x$treat * (x$visit == w)
  formula <- reformulate(c("0", "vf", paste0("t_", later)), "y")
  m <- do.call(gls, list(formula, data = x, correlation = corSymm(form = ~ v | pid),
                         weights = varIdent(form = ~ 1 | vf), control = control, method = "REML"))
  at <- paste0("t_", later)
  list(study = x$study[1], visit = later, y = coef(m)[at], V = vcov(m)[at, at, drop = FALSE])
}
fits <- lapply(split(d, d$study), own)
y <- unlist(lapply(fits, `[[`, "y"))
V <- bldiag(lapply(fits, `[[`, "V"))
study <- rep(sapply(fits, `[[`, "study"), sapply(fits, function(f) length(f$y)))
visit <- factor(unlist(lapply(fits, `[[`, "visit")), levels = visits[-1])
pooled <- function(name, m, psi) {
  rows <- paste0('"', visits[-1], '": {"estimate": ', num(m$b), ', "std_error": ', num(m$se), "}", collapse = ", ")
  paste0('"', name, '": {"minus_two_loglik": ', num(-2 * as.numeric(logLik(m))), psi, ', "visits": {', rows, "}}")
}
random <- rma.mv(y, V, mods = ~ 0 + visit, random = ~ visit | study, struct = "UN",
                 control = list(optimizer = "BFGS", reltol = 1e-16, maxit = 5000))
common <- rma.mv(y, V, mods = ~ 0 + visit)
psi <- paste0(', "psi": [', paste(num(as.vector(random$G)), collapse = ", "), "]")
writeLines(c("{", paste0(pooled("random", random, psi), ","), pooled("common", common, ""), "}"), args[2])
