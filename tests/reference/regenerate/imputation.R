# Imputation within trial and arm by mice and by jomo, on tests/reference/data/imputation.csv, which this draws too.
#   Rscript tests/reference/regenerate/imputation.R        (from the repository's root; two or three minutes)
suppressPackageStartupMessages({library(mice); library(jomo); library(jsonlite)})
set.seed(20260701)
M <- 200

draw <- function() {
  parts <- lapply(1:3, function(k) {
    n <- 120
    treat <- rep(0:1, n / 2)
    baseline <- rnorm(n, 20 + k, 4)
    responder <- rbinom(n, 1, plogis(-0.5 + 0.1 * (baseline - 20)))
    interim <- 4 + 0.6 * baseline - 2 * treat + rnorm(n, 0, 3)
    outcome <- 2 + 0.2 * baseline + 0.5 * interim - 1.5 * treat - 2 * responder * treat + rnorm(n, 0, 3)
    outcome[runif(n) < plogis(-1.2 + 0.12 * (2 * treat - 1) * (interim - 15))] <- NA
    interim[runif(n) < 0.08] <- NA
    responder[runif(n) < 0.1] <- NA
    data.frame(study = paste0("T", k), arm = ifelse(treat == 1, "active", "reference"), treat, baseline,
               interim, responder, outcome)
  })
  do.call(rbind, parts)
}

by_mice <- function(part) {
  rows <- part[c("baseline", "interim", "responder", "outcome")]
  rows$responder <- factor(rows$responder)
  own <- mice(rows, m = M, maxit = 10, method = c("", "norm", "logreg", "norm"), printFlag = FALSE)
  lapply(seq_len(M), function(i) {
    done <- complete(own, i)
    transform(part, interim = done$interim, responder = as.numeric(as.character(done$responder)), outcome = done$outcome)
  })
}

by_jomo <- function(part) {
  sink(tempfile())
  own <- jomo1mix(Y.con = part[c("baseline", "interim", "outcome")],
                  Y.cat = data.frame(responder = factor(part$responder)), Y.numcat = 2,
                  nburn = 1000, nbetween = 50, nimp = M, output = 0, out.iter = 1e6)
  sink()
  lapply(seq_len(M), function(i) {
    done <- own[own$Imputation == i, ]
    transform(part, interim = done$interim, responder = as.numeric(as.character(done$responder)), outcome = done$outcome)
  })
}

# the effect, and its interaction with the binary variable, by least squares with stratified intercepts and slopes
fits <- function(rows) {
  one <- summary(lm(outcome ~ 0 + study + study:baseline + treat, rows))$coefficients["treat", 1:2]
  rows$r <- rows$responder - ave(rows$responder, rows$study)
  two <- summary(lm(outcome ~ 0 + study + study:baseline + study:responder + treat + treat:r, rows))$coefficients
  list(treatment = one, interaction = two["treat:r", 1:2],
       share = c(mean(rows$responder), sd(rows$responder) / sqrt(nrow(rows))),
       interim = c(mean(rows$interim), sd(rows$interim) / sqrt(nrow(rows))))
}

pooled <- function(method, rows) {
  blocks <- lapply(split(rows, interaction(rows$study, rows$arm)), method)
  found <- lapply(seq_len(M), function(i) fits(do.call(rbind, lapply(blocks, `[[`, i))))
  sapply(names(found[[1]]), function(name) {
    q <- sapply(found, function(f) f[[name]][[1]])
    u <- sapply(found, function(f) f[[name]][[2]])^2
    list(estimate = mean(q), within = mean(u), between = var(q))
  }, simplify = FALSE)
}

rows <- draw()
rows[c("baseline", "interim", "outcome")] <- round(rows[c("baseline", "interim", "outcome")], 3)
write.csv(rows, "tests/reference/data/imputation.csv", row.names = FALSE, na = "")
found <- list(m = M, mice = pooled(by_mice, rows), jomo = pooled(by_jomo, rows),
              versions = list(R = as.character(getRversion()), mice = as.character(packageVersion("mice")),
                              jomo = as.character(packageVersion("jomo"))))
write(toJSON(found, auto_unbox = TRUE, digits = 10, pretty = TRUE), "tests/reference/imputation.json")
