"""A run in few words: a line for each stage, with what is left."""

from ipdma.runs.progress import Progress


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def finish(progress, number, rule):
    progress.words({"event": "job_info", "jobid": number, "rule_name": rule}, "long")
    return progress.words({"event": "job_finished", "job_id": number}, "long")


def test_one_line_when_the_last_job_of_a_stage_has_ended():
    clock = Clock()
    progress = Progress(clock)
    stats = {"harmonise": 2, "records": 1, "all": 1, "total": 4}
    assert progress.words({"event": "run_info", "stats": stats}, "long") == ""
    assert finish(progress, 1, "harmonise") == ""
    clock.now = 75.2
    assert (
        finish(progress, 2, "harmonise")
        == "  1:15  trials checked and harmonised (2); still to come: records"
    )
    assert finish(progress, 3, "records").endswith("nothing left")
    assert finish(progress, 4, "all") == ""


def test_chatter_is_left_out_and_trouble_is_not():
    progress = Progress()
    assert progress.words({"msg": "Select jobs to execute...", "levelno": 20}, "full") == ""
    assert (
        progress.words({"msg": "Nothing to be done (all files are there).", "levelno": 20}, "full") == "full"
    )
    assert progress.words({"msg": "something odd", "levelno": 30}, "full") == "full"
    assert progress.words({"event": "job_error", "levelno": 40}, "full") == "full"
    assert progress.words({"event": "progress", "levelno": 20}, "full") == ""
