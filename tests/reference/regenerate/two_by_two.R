# Answers of metafor's rma.mh and rma.peto, and of its inverse variance with .5 in trials with an empty cell.
#   Rscript two_by_two.R ../two_by_two.csv ../two_by_two.json
suppressMessages(library(metafor))
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(x, digits = 15, format = "g")
d <- read.csv(args[1])
out <- c()
put <- function(name, fit) out <<- c(out, paste0('"', name, '": {"estimate": ', num(as.numeric(fit$beta)), ', "std_error": ',
  num(fit$se), ', "p_value": ', num(fit$pval), ', "ci_low": ', num(fit$ci.lb), ', "ci_high": ', num(fit$ci.ub), "}"))
for (set in unique(d$set)) {
  s <- d[d$set == set, ]
  for (m in c("OR", "RR", "RD")) {
    put(paste(set, "mantel_haenszel", tolower(m)), rma.mh(measure = m, ai = a, n1i = n1, ci = c, n2i = n2, data = s, correct = FALSE))
    keep <- if (m == "RD") rep(TRUE, nrow(s)) else (s$a + s$c > 0) & (m == "RR" | s$a + s$c < s$n1 + s$n2)
    e <- escalc(measure = m, ai = a, n1i = n1, ci = c, n2i = n2, data = s[keep, ], add = 1/2, to = "only0")
    put(paste(set, "inverse_variance", tolower(m)), rma(yi, vi, data = e, method = "REML", test = "knha",
      control = list(threshold = 1e-12, maxiter = 10000)))
  }
  put(paste(set, "peto or"), rma.peto(ai = a, n1i = n1, ci = c, n2i = n2, data = s))
}
cat("{", paste(out, collapse = ",\n "), "}\n", file = args[2])
