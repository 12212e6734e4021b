# Standardised risk differences and ratios with delta-method errors, in tests/reference/standardised.json.
# Run: Rscript tests/reference/regenerate/standardised.R   (lme4, jsonlite; the rows are data/binomial.csv's)
# glm and glmer give coefficients and their covariance; everyone's risk is predicted with and without the treatment, and the
# gradient is taken numerically.
suppressMessages({library(lme4); library(jsonlite)})
rows <- read.csv("tests/reference/data/binomial.csv", colClasses = c(study = "character"))
rows$bc <- rows$base - ave(rows$base, rows$study)
rows$tc <- rows$treat - ave(rows$treat, rows$study)
rows$s <- factor(rows$study)
delta <- function(beta, V, X, t, name) {
  f <- function(b) { e <- drop(X %*% b); p0 <- mean(plogis(e - X[, t] * b[t])); p1 <- mean(plogis(e + (1 - X[, t]) * b[t]))
                     c(p1 - p0, log(p1 / p0), p0) }
  G <- t(sapply(seq_along(beta), function(j) { h <- 1e-5 * max(1, abs(beta[j])); u <- d <- beta; u[j] <- u[j] + h; d[j] <- d[j] - h
                                               (f(u) - f(d)) / (2 * h) }))
  v <- diag(t(G) %*% V %*% G); at <- f(beta)
  list(name = name, theta = unname(beta[t]), theta_se = sqrt(V[t, t]), rd = at[1], rd_se = sqrt(v[1]), log_rr = at[2], log_rr_se = sqrt(v[2]), risk = at[3])
}
f <- resp ~ 0 + s + s:bc + treat
m <- glm(f, binomial, rows, control = glm.control(epsilon = 1e-14, maxit = 100))
X <- model.matrix(m)
one <- delta(coef(m), vcov(m), X, match("treat", colnames(X)), "common")
r <- glmer(resp ~ 0 + s + s:bc + treat + (0 + tc | s), rows, binomial, control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhoend = 1e-10, maxfun = 1e6)))
two <- delta(fixef(r), as.matrix(vcov(r)), getME(r, "X"), match("treat", names(fixef(r))), "random")
write(toJSON(list(one, two), auto_unbox = TRUE, digits = I(15)), "tests/reference/standardised.json")
print(unlist(one)); print(unlist(two))
