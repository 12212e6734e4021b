# Networks of treatments by lme4 with pbkrtest, nlme and metafor. Writes ../network.json.
#   Rscript network.R ../data ../network.json
# A random intercept of each arm within its trial, beside the trial's own fixed intercept, leaves contrasts of arms
# with variance tau2 = 2 sigma2_arm and covariance tau2 / 2: the structure of a consistent network.
suppressMessages({library(lme4); library(pbkrtest); library(nlme); library(metafor); library(Matrix)})
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(x, digits = 15, format = "g")
d <- read.csv(file.path(args[1], "network.csv"), stringsAsFactors = FALSE)
nodes <- c("tau", "wait", "stpp", "ad", "both")
for (n in nodes[-1]) d[[n]] <- as.numeric(d$node == n)
d$base <- d$base - ave(d$base, d$study)
d$study <- factor(d$study); d$arm <- factor(paste(d$study, d$node))
pairs <- combn(length(nodes), 2)
rows_of <- function(names) {
  t(apply(pairs, 2, function(p) { r <- setNames(numeric(length(names)), names)
    if (p[2] > 1) r[nodes[p[2]]] <- 1
    if (p[1] > 1) r[nodes[p[1]]] <- -1
    r }))
}
labels <- apply(pairs, 2, function(p) paste(nodes[p[2]], "v", nodes[p[1]]))
object <- function(v) paste0("{", paste0("\"", names(v), "\": ", num(v), collapse = ", "), "}")
out <- character()

# one residual variance: lme4, Kenward-Roger by pbkrtest
m <- lmer(y ~ 0 + study + study:base + wait + stpp + ad + both + (1 | arm), d, REML = TRUE,
          control = lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
L <- rows_of(names(fixef(m))); V <- as.matrix(vcovAdj(m))
out <- c(out, paste0("\"lme4\": {\"criterion\": ", num(-2 * as.numeric(logLik(m))), ", \"tau2\": ",
  num(2 * as.numeric(VarCorr(m)$arm)), ", \"estimate\": ", object(setNames(as.vector(L %*% fixef(m)), labels)),
  ", \"std_error\": ", object(setNames(sqrt(diag(L %*% V %*% t(L))), labels)), ", \"df\": ",
  object(setNames(apply(L, 1, function(l) get_Lb_ddf(m, l)), labels)), "}"))

# a residual variance for each study: nlme
control <- lmeControl(maxIter = 500, msMaxIter = 5000, msMaxEval = 20000, tolerance = 1e-12, msTol = 1e-14,
                      niterEM = 200, opt = "nlminb")
f <- lme(y ~ 0 + study + study:base + wait + stpp + ad + both, d, random = ~ 1 | arm,
         weights = varIdent(form = ~ 1 | study), control = control, method = "REML")
L <- rows_of(names(fixef(f)))
out <- c(out, paste0("\"nlme\": {\"criterion\": ", num(-2 * as.numeric(logLik(f))), ", \"tau2\": ",
  num(2 * as.numeric(as.matrix(f$modelStruct$reStruct[[1]])) * f$sigma^2), ", \"estimate\": ",
  object(setNames(as.vector(L %*% fixef(f)), labels)), "}"))

# two stages: each study's least squares contrasts, then metafor with compound symmetry, rho = 1/2
yi <- c(); X <- matrix(0, 0, 4); blocks <- list(); study <- c(); design <- c()
for (s in levels(d$study)) {
  own <- d[d$study == s, ]; has <- nodes[nodes %in% own$node]
  g <- lm(y ~ factor(node, levels = has) + base, own)
  at <- 1 + seq_len(length(has) - 1)
  yi <- c(yi, coef(g)[at]); blocks <- c(blocks, list(vcov(g)[at, at, drop = FALSE]))
  x <- matrix(0, length(at), 4, dimnames = list(NULL, nodes[-1]))
  for (i in seq_along(at)) { x[i, has[i + 1]] <- 1; if (has[1] != nodes[1]) x[i, has[1]] <- x[i, has[1]] - 1 }
  X <- rbind(X, x); study <- c(study, rep(s, length(at)))
  design <- c(design, paste(paste(has, collapse = ":"), has[-1]))
}
S <- as.matrix(bdiag(blocks)); inner <- seq_along(yi)
opts <- list(optimizer = "nlminb", rel.tol = 1e-12, x.tol = 1e-10)
r <- rma.mv(yi, S, mods = ~ 0 + X, random = ~ inner | study, struct = "CS", rho = 0.5, method = "REML",
            control = opts)
L <- t(apply(pairs, 2, function(p) { l <- numeric(4); if (p[2] > 1) l[p[2] - 1] <- 1
  if (p[1] > 1) l[p[1] - 1] <- -1; l }))
q <- rma.mv(yi, S, mods = ~ 0 + X, method = "FE")
ml <- rma.mv(yi, S, mods = ~ 0 + X, random = ~ inner | study, struct = "CS", rho = 0.5, method = "ML")
out <- c(out, paste0("\"metafor\": {\"tau2\": ", num(r$tau2), ", \"estimate\": ",
  object(setNames(as.vector(L %*% coef(r)), labels)), ", \"std_error\": ",
  object(setNames(sqrt(diag(L %*% vcov(r) %*% t(L))), labels)), ", \"q\": ", num(q$QE),
  ", \"tau2_ml\": ", num(ml$tau2), "}"))

# the design-by-treatment interaction: every design with effects of its own
D <- model.matrix(~ 0 + factor(design)); keep <- qr(cbind(X, D)); full <- cbind(X, D)[, keep$pivot[seq_len(keep$rank)]]
i <- rma.mv(yi, S, mods = ~ 0 + full, random = ~ inner | study, struct = "CS", rho = 0.5, method = "REML",
            btt = 5:ncol(full), control = opts)
out <- c(out, paste0("\"inconsistency\": {\"tau2\": ", num(i$tau2), ", \"chi2\": ", num(i$QM), ", \"df\": ",
  ncol(full) - 4, ", \"p\": ", num(i$QMp), "}"))
cat("{", paste(out, collapse = ",\n "), "}\n", sep = "", file = args[2])
