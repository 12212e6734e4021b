# Power of an interaction before the data, in tests/reference/power.json.
# Run: Rscript tests/reference/regenerate/power.R   (jsonlite)
# The worked example of Riley et al (Stat Med 2022, 41: 4822-4837): four trials of interferon (Poynard), deaths by sex
# and by age; the trials' numbers and the interactions assumed stand in the authors' public programs
# (github.com/gscollins1973/IPDMA_power_binary), which draw a million people for the expected information of a normal
# covariate; here it is integrated. The information of all four coefficients is inverted whole.
suppressMessages(library(jsonlite))
trials <- data.frame(nC = c(112, 89, 49, 53), nT = c(118, 85, 30, 53), mC = c(54, 53, 55, 57), sC = c(11, 11, 9, 12),
                     mT = c(54, 55, 53, 55), sT = c(9, 11, 7, 11), pC = c(.71, .73, .71, .76), pT = c(.71, .67, .73, .74),
                     eC = c(30, 28, 11, 13), eT = c(19, 16, 1, 13))
alpha <- qlogis(trials$eC / trials$nC)
beta <- qlogis(trials$eT / trials$nT) - alpha
by_sex <- function(i, g) with(trials[i, ], {
  X <- rbind(c(1, 0, 0, 0), c(1, 1, 0, 0), c(1, 0, 1, 0), c(1, 1, 1, 1))
  n <- c(nC * (1 - pC), nT * (1 - pT), nC * pC, nT * pT)
  p <- as.vector(plogis(X %*% c(alpha[i], beta[i], 0, g)))
  solve(t(X) %*% (X * n * p * (1 - p)))[4, 4]
})
by_age <- function(i, g) with(trials[i, ], {
  m <- (nC * mC + nT * mT) / (nC + nT)
  information <- matrix(0, 4, 4)
  for (x in 0:1) {
    mean <- if (x) mT else mC; sd <- if (x) sT else sC; n <- if (x) nT else nC
    entry <- function(a, b) integrate(function(z) {
      z0 <- z - m
      v <- list(1, x, z0, x * z0)
      p <- plogis(alpha[i] + beta[i] * x + g * z0 * x)
      v[[a]] * v[[b]] * p * (1 - p) * dnorm(z, mean, sd)
    }, mean - 12 * sd, mean + 12 * sd, rel.tol = 1e-12, subdivisions = 500L)$value
    for (a in 1:4) for (b in 1:4) information[a, b] <- information[a, b] + n * entry(a, b)
  }
  solve(information)[4, 4]
})
answer <- function(variance, g) {
  v <- sapply(seq_len(nrow(trials)), variance, g = g)
  se <- sqrt(1 / sum(1 / v))
  list(interaction = g, variances = v, se = se, power = pnorm(g / se - qnorm(.975)) + pnorm(-g / se - qnorm(.975)))
}
# a linear model: (X'X)^-1 of arms of normal scores with exactly this mean and SD, four trials
linear <- lapply(list(c(36, 18, 1.1, 8), c(88, 40, .8, 9), c(60, 30, 1, 7.5), c(141, 70, 1.3, 8.5)), function(a) {
  z <- function(n) { u <- qnorm(ppoints(n)); a[3] * (u - mean(u)) / sqrt(mean((u - mean(u))^2)) }
  x <- rep(0:1, c(a[1] - a[2], a[2])); m <- c(z(a[1] - a[2]), z(a[2]))
  X <- cbind(1, x, m, x * m)
  list(n = a[1], active = a[2], spread = a[3], residual = a[4]^2, variance = a[4]^2 * solve(crossprod(X))[4, 4])
})
write(toJSON(list(trials = trials, sex = lapply(log(c(1.3, 3.65)), function(g) answer(by_sex, g)),
                  age = lapply(c(.0262364, .055388511), function(g) answer(by_age, g)), linear = linear),
             digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/power.json")
