# From the record files to tables, figures and the page.
