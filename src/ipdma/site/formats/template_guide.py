"""The first sheet of a template: how a person fills the others in."""

from __future__ import annotations


def guide(in_file: str) -> list[tuple[str, str]]:
    """Rows of a heading and a sentence; `in_file` is the column that shows the codes of the trial's file."""
    parts = [part.partition(":") for part in TEXT.format(in_file=in_file).split("\n\n")]
    return [(head, " ".join(words.split())) for head, _, words in parts]


TEXT = """\
1. What this is: The mapping of one trial: which column of its file means what. One sheet for each
part. Nothing in it is sent anywhere. Words in grey are there to be read.

2. study, source: The trial's name; its file, and how it is written.

3. arms: A row for each arm of the trial: a short name of yours, its condition, the number
randomised.

4. variables: A row for each target: choose a verb, and write the column's name beside it. `from`
takes a column; `values` says what its codes mean (1 = male; 2 = female), `missing` lists codes that
stand for no answer (9; 99). Under `{in_file}` stand the codes and labels of the column that is
mapped.

Not asked: What the trial never asked has the verb `not_collected`, and the reason in words beside
it.

5. assessments: A row for each instrument and visit: the column of its total, or its items as
first..last, and the weeks since randomisation.

6. visits: Only for a file with a row for each visit: what each code of the visit column means.

7. published: Numbers that the trial's paper prints, a row each; they are compared with the data.

8. confirmed: Findings that you looked at: code, variable and n as the report says them, and why.

9. Then: Save it as .xlsx and run: ipdma template STUDY_DIR --from THIS_FILE; then ipdma check
STUDY_DIR says what is still to do.

Cells: A word (TAU), a list (-99; 999), or pairs (1 = male; 2 = female). A cell with a list refuses
other words. Rows that are left empty say nothing."""
