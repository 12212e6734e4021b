"""From the record files to figures, tables and the page. Nothing is computed here; everything is drawn.

Entry points (each yields `(path relative to the results folder, bytes)`; the caller writes them):

`Material(estimates, study_estimates, counts, plan, registry, aggregate, notes, synthetic, versions)`
    What a rendering reads: the three record tables, the plan as a mapping with its defaults filled in, the
    registry and
    the aggregate results as tables (or None), the lines about fits that could not be made, whether the
    data are synthetic,
    and versions and digests to print.
`render(material, say=None)`
    Everything: `figures/*.{pdf,svg,png}`, `tables/*.{csv,html,xlsx,docx}`, `report.html`,
    `claims.{csv,json}`,
    `prisma_ipd.{html,docx,json}`, `captions.json`. `say` is called with a line of progress.
`render_figures(material)`, `render_tables(material)`, `render_page(material, drawn)`
    The same in parts.
`ipdma.report.verify.verify_claims(claims, records)`, `ipdma.report.compare.compare_records(a, b)`
    What `ipdma verify` and `ipdma compare` say.
"""
