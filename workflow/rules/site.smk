# From the contributed trials to their harmonised uploads; the judgement of a trial's files goes with it. One job
# makes those that are due, since to start a job takes longer than a trial does; the others stand as they are.
DUE = find_due(RUN, again=asked_anew(sys.argv, get_argument_parser))


rule harmonise:
    output:
        expand(f"{STAMPS}/harmonise/{{study}}.json", study=DUE.studies),
    log:
        expand(f"{LOGS}/harmonise/{{study}}.log", study=DUE.studies or RUN.study_ids),
    retries: 0  # a trial that is not ready is not ready the next time
    threads: DUE.hands
    params:
        digest=lambda wildcards: DUE.digest,
        # with `input`, as the whole plan: the digest stands for it
        trials=lambda wildcards, input: DUE.trials,
        how=lambda wildcards: DUE.how,
    message:
        f"{len(DUE.studies)} trial{'s'[: len(DUE.studies) != 1]}: checking and harmonising"
    script:
        "../scripts/harmonise.py"
