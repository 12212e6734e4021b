"""The report in other programs: a browser with the network off, and LibreOffice. On demand: they are slow."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tests.builders.report_mock import few, mock_material

from ipdma.report import render as rendering
from ipdma.report.render import render

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
PDF_TEXT = shutil.which("pdftotext")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
needs_office = pytest.mark.skipif(
    OFFICE is None or PDF_TEXT is None, reason="no LibreOffice and pdftotext on this machine"
)

# ruff: noqa: E501
# Measured from inside: widths, colours of text against what lies behind it, errors.
PROBE = """
<script>
function light(c){
  const v=c.match(/[\\d.]+/g).slice(0,3).map(x=>{x=x/255;return x<=0.03928?x/12.92:Math.pow((x+0.055)/1.055,2.4)});
  return 0.2126*v[0]+0.7152*v[1]+0.0722*v[2]}
function behind(e){
  for(;e;e=e.parentElement){const c=getComputedStyle(e).backgroundColor;if(!/, 0\\)|transparent/.test(c))return c}
  return "rgb(255,255,255)"}
const found=document.querySelectorAll("p,li,td,th,figcaption,a,h1,h2,h3,dt,dd,pre,code");
const worst=[...found].filter(e=>e.innerText&&!e.closest("svg")).map(e=>{
  const a=light(getComputedStyle(e).color),b=light(behind(e));return (Math.max(a,b)+.05)/(Math.min(a,b)+.05)});
const wide=document.documentElement.scrollWidth;
document.fonts.load("8px 'Ipdma Sans'").then(found=>parent.postMessage([wide<=innerWidth?"fits":"scrolls "+wide,
  "contrast "+Math.min(...worst).toFixed(2),"dark "+matchMedia("(prefers-color-scheme: dark)").matches,
  "font "+(found.length>0)].join("; "),"*"));
</script>
"""
FRAME = (
    '<html><body><script>onmessage=e=>document.title=e.data</script><iframe src="probe.html" '
    'style="width:%dpx;height:700px;border:0"></iframe></body></html>'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A rendering on disk."""
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "list_exhibits", few)
        for name, content in render(mock_material(11)):
            (out / name).parent.mkdir(exist_ok=True)
            (out / name).write_bytes(content)
    return out


def browse(*arguments: str) -> tuple[str, str]:
    """Chromium without a screen and without a network: what it prints and what it complains about."""
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=8000",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]
    done = subprocess.run(
        [str(CHROMIUM), *quiet, "--enable-logging=stderr", "--v=0", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout, done.stderr


@needs_browser
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_every_screen_and_its_text_stands_out(folder, width, scheme):
    page = re.sub(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", (folder / "report.html").read_text()
    )
    (folder / "probe.html").write_text(page.replace("</body>", PROBE + "</body>"))
    (folder / "frame.html").write_text(FRAME % width)
    dark = (
        ["--blink-settings=preferredColorScheme=0"]
        if scheme == "dark"
        else ["--blink-settings=preferredColorScheme=1"]
    )
    out, _ = browse(*dark, "--dump-dom", f"file://{folder}/frame.html")
    said = re.search("<title>([^<]*)", out).group(1)
    assert said.startswith("fits")
    assert float(re.search(r"contrast ([\d.]+)", said).group(1)) >= 4.5
    assert f"dark {'true' if scheme == 'dark' else 'false'}" in said
    assert "font true" in said


@needs_browser
def test_the_page_asks_nothing_and_complains_of_nothing(folder):
    log = folder / "net.json"
    _, errors = browse(f"--log-net-log={log}", "--dump-dom", f"file://{folder}/report.html")
    assert "CONSOLE" not in errors
    asked = set(re.findall(r'"url":"(https?://[^"]+)"', log.read_text()))
    assert not {url for url in asked if "google" not in url and "gvt1" not in url}  # the browser's own


@needs_browser
def test_the_page_prints(folder):
    browse(f"--print-to-pdf={folder}/report.pdf", f"file://{folder}/report.html")
    text = (
        subprocess.run(
            ["pdftotext", f"{folder}/report.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
        if PDF_TEXT
        else ""
    )
    assert (folder / "report.pdf").stat().st_size > 50_000
    if PDF_TEXT:
        assert "Favours STPP" in text
        assert "minimum_cell" in text


@needs_office
@pytest.mark.parametrize(
    "name", ["tables/moderators.docx", "tables/efficacy.xlsx", "tables/all_tables.docx", "prisma_ipd.docx"]
)
def test_office_opens_what_is_written(folder, name):
    home = folder / "office"
    command = [
        str(OFFICE),
        f"-env:UserInstallation=file://{home}",
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(folder / name),
    ]
    subprocess.run(command, capture_output=True, timeout=180, check=True)
    pdf = folder / (name.split("/")[-1].rpartition(".")[0] + ".pdf")
    text = subprocess.run(
        [str(PDF_TEXT), "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "PRISMA" in text if "prisma" in name else "STPP against control" in text
