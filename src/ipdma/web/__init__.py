"""What the page `ipdma-site.html` calls: files in, findings, form and downloads out."""
