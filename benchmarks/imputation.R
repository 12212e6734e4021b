# The job of benchmarks/imputation.py in R: mice within trial and arm, then lme4 on every completed data set.
#   Rscript benchmarks/imputation.R FOLDER M      (FOLDER holds rows.csv and moderators.txt)
suppressPackageStartupMessages({library(mice); library(lme4)})
set.seed(1)
args <- commandArgs(TRUE); folder <- args[1]; m <- as.integer(args[2])
rows <- read.csv(file.path(folder, "rows.csv"), na.strings = "", stringsAsFactors = TRUE, check.names = TRUE)
moderators <- readLines(file.path(folder, "moderators.txt"))
start <- proc.time()[["user.self"]]
blocks <- split(rows, interaction(rows$study, rows$arm, drop = TRUE))
done <- lapply(blocks, function(part) {
  use <- setdiff(names(part), c("study", "arm", "treat"))
  use <- use[sapply(part[use], function(x) any(!is.na(x)) && length(unique(na.omit(x))) > 1)]
  own <- droplevels(part[use])
  method <- make.method(own)
  method[method %in% c("polyreg", "polr")] <- "pmm"  # codes matched as numbers: the packages for levels may be absent
  imputed <- suppressWarnings(mice(own, m = m, maxit = 10, printFlag = FALSE, ridge = 1e-3, method = method))
  lapply(seq_len(m), function(i) { part[use] <- complete(imputed, i); part })
})
imputing <- proc.time()[["user.self"]] - start
start <- proc.time()[["user.self"]]
control <- lmerControl(calc.derivs = FALSE, check.conv.singular = "ignore")
failed <- 0
for (i in seq_len(m)) {
  set <- do.call(rbind, lapply(done, `[[`, i))
  set$base <- set$baseline - ave(set$baseline, set$study)
  formulas <- c("outcome ~ 0 + study + study:base + treat + (0 + treat | study)",
                sprintf("outcome ~ 0 + study + study:base + %s + treat + treat:%s + (0 + treat | study)", moderators, moderators))
  for (formula in formulas) {
    fit <- try(suppressMessages(suppressWarnings(lmer(as.formula(formula), set, control = control))), silent = TRUE)
    failed <- failed + inherits(fit, "try-error")
  }
}
fitting <- proc.time()[["user.self"]] - start
cat(sprintf("imputing %.1f s, fitting %.1f s of processor time (lme4 without degrees of freedom, one residual variance, a common slope of the moderator); %d of %d fits failed\n",
            imputing, fitting, failed, m * length(formulas)))
