"""From the record files to figures, tables and the page. Nothing is computed here; everything is drawn.

Entry points (each yields `(path relative to the results folder, bytes)`; the caller writes them):

`ipdma.report.material.Material(estimates, study_estimates, counts, plan, registry, aggregate, notes,
synthetic, versions, folders, exposed)`
    What a rendering reads: the three record tables, the plan as a mapping with its defaults filled in, the
    registry and the aggregate results as tables (or None), the lines about fits that could not be made,
    whether the data are synthetic, versions and digests to print, folders of pages beside the report, and
    how many withheld numbers can be worked out all the same.
`ipdma.report.render.render(material, say=None, workers=1, attacked=None, earlier=None)`
    Everything: `figures/*.{pdf,svg,png}`, `tables/*.{csv,html,xlsx,docx}`, `report.html`, `audit.html`,
    `manuscript.docx`, `claims.{csv,json}`, `prisma_ipd.{html,docx,json}`, `captions.json`. `say` is called
    with a line of progress; `workers` processes draw the figures, and the files are the same for any number
    of them.
`ipdma.report.compare.check_claims(claims, records, name)`, `ipdma.report.compare.compare_records(a, b)`
    What `ipdma verify` and `ipdma compare` say.

Layers, each importing only from those before it: `records`, `wording`, `style` | `ledger`, `material`,
`table`, `exhibit` | `*_rows` and `tables_*` (records to lines), `*_plot(s)` and the drawing modules
(lines to artists) | `figures*`, `tables` | `page`, `prisma`, `render`. `formats/` turns a table or a figure
into bytes.
"""
