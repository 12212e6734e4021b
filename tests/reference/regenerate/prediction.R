# A ridge on treatment-by-variable interactions by nlme, each trial predicted from the others, and how the
# predictions did. Writes ../prediction.json.
#   Rscript prediction.R ../data ../prediction.json
# The ridge is a random coefficient vector that all trials share (pdIdent over one group of all rows), its strength
# the REML variance; one residual variance for each trial.
suppressMessages(library(nlme))
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 15, format = "g"), collapse = ", "), "]")
d <- read.csv(file.path(args[1], "prediction.csv"), stringsAsFactors = FALSE)
x <- c("severity", "duration", "male")
within <- function(v) v - ave(v, d$study)
k <- length(unique(d$study))
scale <- sapply(x, function(v) sqrt(sum(within(d[[v]])^2) / (nrow(d) - k)))
for (v in x) { d[[v]] <- d[[v]] / scale[v]; d[[paste0("c_", v)]] <- within(d[[v]]) }
for (v in x) d[[paste0("z_", v)]] <- d$treat * d[[paste0("c_", v)]]
d$all <- 1
d$study <- factor(d$study)
control <- lmeControl(maxIter = 1000, msMaxIter = 5000, msMaxEval = 50000, tolerance = 1e-12, msTol = 1e-15,
                      niterEM = 300, opt = "nlminb")
nuisance <- "outcome ~ 0 + study + study:c_severity + study:c_duration + study:c_male + treat"
ridge <- function(d) {
  m <- lme(as.formula(nuisance), d, method = "REML", control = control, weights = varIdent(form = ~ 1 | study),
           random = list(all = pdIdent(~ 0 + z_severity + z_duration + z_male), study = pdIdent(~ 0 + treat)))
  ratio <- coef(m$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[levels(droplevels(d$study))]
  sigma2 <- (m$sigma * ratio)^2
  gamma <- unlist(ranef(m)$all)
  u <- ranef(m)$study[[1]]; names(u) <- sub(".*/", "", rownames(ranef(m)$study))
  tau2 <- m$sigma^2 * diag(as.matrix(m$modelStruct$reStruct$study))[1]
  omega2 <- m$sigma^2 * diag(as.matrix(m$modelStruct$reStruct$all))[1]
  theta <- fixef(m)["treat"]
  z <- as.matrix(d[paste0("z_", x)])
  rest <- d$outcome - d$treat * (theta + u[as.character(d$study)]) - z %*% gamma
  w <- 1 / sigma2[as.character(d$study)]
  slopes <- coef(lm(rest ~ 0 + study + c_severity + c_duration + c_male, d, weights = w))[paste0("c_", x)]
  mix <- sapply(x, function(v) mean(tapply(d[[v]], droplevels(d$study), mean)))
  list(theta = theta, gamma = gamma, tau2 = tau2, omega2 = omega2, sigma2 = sigma2, slopes = slopes, mix = mix,
       level = mean(tapply(rest, droplevels(d$study), mean)))
}
whole <- ridge(d)
p <- lme(as.formula(paste(nuisance, "+ z_severity + z_duration + z_male")), d, method = "REML", control = control,
         weights = varIdent(form = ~ 1 | study), random = list(study = pdIdent(~ 0 + treat)))
keep <- c("treat", paste0("z_", x)); V <- vcov(p)[keep, keep]; b <- fixef(p)[keep]
f <- as.numeric(t(b[-1]) %*% solve(V[-1, -1], b[-1]) / 3)
ratio <- coef(p$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[levels(d$study)]
weight <- (p$sigma * ratio)^2

# each trial from the others
slope <- c(0, 0); conc <- NULL; told <- predicted <- arm <- third <- alike <- NULL
for (s in levels(d$study)) {
  m <- ridge(droplevels(d[d$study != s, ]))
  own <- d[d$study == s, ]
  xs <- as.matrix(own[x])
  h <- -(m$theta + as.vector(sweep(xs, 2, m$mix) %*% m$gamma))
  effect <- own$treat * as.vector(as.matrix(own[paste0("c_", x)]) %*% m$gamma)
  aux <- lm(effect ~ treat + c_severity + c_duration + c_male, own)
  q <- resid(aux)                                      # what is left of the predicted differences inside the trial
  slope <- slope + c(sum(q * own$outcome), sum(q^2)) / weight[s]
  r <- own$outcome - as.vector(as.matrix(own[paste0("c_", x)]) %*% m$slopes)
  share <- mean(own$treat)
  a <- tapply(r, own$treat, mean)
  r <- r - (share * a["0"] + (1 - share) * a["1"])
  t1 <- ifelse(own$treat == 1, -r / share, r / (1 - share))
  place <- rank(h, ties.method = "first"); n <- length(h)
  sizes <- n %/% 3 + (seq_len(3) <= n %% 3)
  third <- c(third, findInterval(place - 1, cumsum(sizes)) + 1)
  told <- c(told, t1); predicted <- c(predicted, h); arm <- c(arm, own$treat); alike <- c(alike, rep(-m$theta, n))
  o <- lapply(0:1, function(side) { i <- which(own$treat == side); i[order(h[i])] })
  pairs <- min(lengths(o))
  pick <- lapply(o, function(i) i[floor((seq_len(pairs) - 0.5) * length(i) / pairs) + 1])
  ph <- (h[pick[[1]]] + h[pick[[2]]]) / 2; ob <- own$outcome[pick[[1]]] - own$outcome[pick[[2]]]
  for (i in seq_len(pairs)) {
    agree <- sign(ph[i] - ph[-i]) * sign(ob[i] - ob[-i])
    conc <- rbind(conc, data.frame(study = s, pairs = pairs, c = mean((agree + 1) / 2)))
  }
}
study <- d$study
error <- function(v, g = study) sqrt(sum((v - ave(v, droplevels(g)))^2) / (length(v) - length(unique(g))) / length(v))
spread <- sum(tapply(conc$c, conc$study, function(v) length(v) * var(v)))
rules <- lapply(c(0.2, 0.4, 0.6), function(t) {
  take <- (predicted > t) - (alike > t)
  c(mean((predicted > t) * (told - t)), mean((alike > t) * (told - t)), mean(take * (told - t)), error(take * (told - t)))
})
out <- c(
  theta = num(whole$theta), gamma = num(whole$gamma / scale), tau2 = num(whole$tau2), omega2 = num(whole$omega2),
  sigma2 = num(whole$sigma2), slopes = num(whole$slopes), level = num(whole$level),
  plain = num(b / c(1, scale)), plain_se = num(sqrt(diag(V)) / c(1, scale)), f = num(f),
  slope = num(c(slope[1] / slope[2], 1 / sqrt(slope[2]), 2 * slope[1] - slope[2])),
  c = num(c(mean(conc$c), 2 * sqrt(spread) / nrow(conc))),
  third_n = num(sapply(1:3, function(i) c(sum(third == i & arm == 1), sum(third == i & arm == 0)))),
  third_predicted = num(tapply(predicted, third, mean)), third_observed = num(tapply(told, third, mean)),
  third_error = num(sapply(1:3, function(i) error(told[third == i], study[third == i]))), rules = num(unlist(rules)))
cat("{", paste0("\"", names(out), "\": ", out, collapse = ",\n "), "}\n", sep = "", file = args[2])
