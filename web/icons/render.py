# ruff: noqa: INP001 - a script, not a module
"""Draws the PNG icons of the web player from their SVG; run it after changing one."""

from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
PUBLIC = HERE.parent / "public"
ICONS = [
    (PUBLIC / "icon.svg", "icon-192.png", 192),
    (PUBLIC / "icon.svg", "icon-512.png", 512),
    (HERE / "maskable.svg", "icon-180.png", 180),
    (HERE / "maskable.svg", "icon-maskable-512.png", 512),
]


def render(browser: Browser, source: Path, target: Path, size: int) -> None:
    """Draw one icon of ``size`` pixels with a transparent ground."""
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block}}</style>{source.read_text()}")
    page.locator("svg").evaluate(f"svg => svg.setAttribute('width', {size})")
    page.screenshot(path=target, omit_background=True)
    page.close()


def main() -> None:
    """Draw all of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for source, name, size in ICONS:
            render(browser, source, PUBLIC / name, size)
        browser.close()


if __name__ == "__main__":
    main()
