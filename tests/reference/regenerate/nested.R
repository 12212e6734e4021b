# Partial nesting: therapists in one arm, by lme4 with pbkrtest and by nlme. Writes ../nested.json.
#   Rscript nested.R ../data ../nested.json
# A therapist's intercept has the coefficient 1 in the active arm and 0 in the reference arm, whose rows have a
# therapist of their own each (Candlish and others 2018, the partially nested model with one residual variance).
suppressMessages({library(lme4); library(pbkrtest); library(nlme)})
args <- commandArgs(trailingOnly = TRUE)
num <- function(x) formatC(as.numeric(x), digits = 15, format = "g")
d <- read.csv(file.path(args[1], "nested.csv"), stringsAsFactors = FALSE, na.strings = "")
d$base <- d$base - ave(d$base, d$study)
d$who <- ifelse(is.na(d$therapist), paste0(d$study, "-", seq_len(nrow(d))), paste0(d$study, d$therapist))
control <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14),
                       check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore")
record <- function(m, term) {
  l <- setNames(numeric(length(fixef(m))), names(fixef(m))); l[term] <- 1
  v <- as.data.frame(VarCorr(m)); V <- as.matrix(vcovAdj(m))
  paste0("{\"estimate\": ", num(fixef(m)[term]), ", \"std_error\": ", num(sqrt(V[term, term])), ", \"df\": ",
         num(get_Lb_ddf(m, l)), ", \"nesting\": ", num(v$vcov[v$grp == "who"]), ", \"residual\": ",
         num(v$vcov[v$grp == "Residual"]), ", \"treatment\": ",
         if (any(v$grp == "study")) num(v$vcov[v$grp == "study"]) else "null",
         ", \"criterion\": ", num(-2 * as.numeric(logLik(m))), "}")
}
out <- character()
for (s in unique(d$study)) {
  m <- lmer(y ~ treat + base + (0 + treat | who), d[d$study == s, ], REML = TRUE, control = control)
  out <- c(out, paste0("\"", s, "\": ", record(m, "treat")))
}
m <- lmer(y ~ 0 + study + study:base + treat + (0 + treat | study) + (0 + treat | who), d, REML = TRUE,
          control = control)
out <- c(out, paste0("\"all\": ", record(m, "treat")))

# a residual variance for each study
f <- lme(y ~ 0 + factor(study) + factor(study):base + treat, d, random = list(study = ~ 0 + treat, who = ~ 0 + treat),
         weights = varIdent(form = ~ 1 | study), method = "REML",
         control = lmeControl(maxIter = 500, msMaxIter = 5000, msMaxEval = 20000, tolerance = 1e-12, msTol = 1e-14,
                              niterEM = 200, opt = "nlminb"))
of <- function(level) num(as.matrix(f$modelStruct$reStruct[[level]]) * f$sigma^2)
out <- c(out, paste0("\"by_study\": {\"estimate\": ", num(fixef(f)["treat"]), ", \"nesting\": ", of("who"),
  ", \"treatment\": ", of("study"), ", \"criterion\": ", num(-2 * as.numeric(logLik(f))), "}"))
cat("{", paste(out, collapse = ",\n "), "}\n", sep = "", file = args[2])
