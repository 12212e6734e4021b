# metafor's answers for `ipdma pool`, in tests/reference/pool.json.
# Run: Rscript tests/reference/regenerate/pool.R   (metafor, jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
set.seed(20)
tight <- list(REML = list(threshold = 1e-14, maxiter = 10000), ML = list(threshold = 1e-14, maxiter = 10000),
              PM = list(tol = 1e-14, maxiter = 10000), DL = list())

sets <- list()
for (k in c(2, 3, 4, 7, 12, 25)) for (tau in c(0, 0.15, 0.6)) {
  se <- round(runif(k, 0.08, 0.5), 6)
  yi <- round(rnorm(k, -0.4, sqrt(tau^2 + se^2)), 6)
  sets[[length(sets) + 1]] <- list(yi = yi, sei = se)
}

answer <- function(s, method, test, level) {
  m <- rma(yi = s$yi, sei = s$sei, method = method, test = test, level = 100 * level, control = tight[[method]])
  q <- confint(m, control = list(tau2.max = 1000, tol = 1e-14, maxiter = 10000))$random
  list(method = tolower(method), test = test, level = level, estimate = as.numeric(m$beta), std_error = m$se,
       p_value = m$pval, ci_low = m$ci.lb, ci_high = m$ci.ub, tau2 = m$tau2, i2 = m$I2, h2 = m$H2,
       q = m$QE, q_p = m$QEp, tau2_ci_low = q["tau^2", "ci.lb"], tau2_ci_high = q["tau^2", "ci.ub"],
       weights = as.numeric(weights(m)))
}

out <- lapply(sets, function(s) list(
  yi = s$yi, sei = s$sei,
  answers = unlist(lapply(c("REML", "ML", "DL", "PM"), function(m)
    lapply(c("knha", "adhoc", "z"), function(t) answer(s, m, t, if (m == "ML") 0.9 else 0.95))), recursive = FALSE)))
write(toJSON(out, auto_unbox = TRUE, digits = I(15), pretty = FALSE), "tests/reference/pool.json")
cat(length(out), "sets\n")
