"""In Chromium: a provider's button signs in, and what goes wrong is told as a sentence."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Route, async_playwright, expect

from antiphon.kernel import SystemClock

from ..unit.identity.hostile import hostile_provider  # noqa: TID252 - tests are no package
from .conftest import start_server, stop_server

pytestmark = pytest.mark.browser


async def test_a_button_signs_in_and_a_stale_answer_is_told(tmp_path: Path) -> None:
    async with hostile_provider(SystemClock()) as provider:
        provider.claims = {"name": "Kim Example"}

        async def authorize(route: Route) -> None:
            back = provider.browse(route.request.url)
            (target,) = parse_qs(urlsplit(route.request.url).query)["redirect_uri"]
            await route.fulfill(status=302, headers={"Location": f"{target}?{urlencode(back)}"})

        file = tmp_path / "antiphon.toml"
        file.write_text(
            f'[[openid]]\nid = "home"\nname = "Our house"\nissuer = "{provider.issuer}"\n'
            'client_id = "antiphon"\nclient_secret = "s"\nnew_accounts = "anyone"\n'
            "private_addresses = true\n"
        )
        server = start_server(tmp_path / "data", env={"ANTIPHON_CONFIG": str(file)})
        try:
            server.sign_in()
            base = server.url.replace("127.0.0.1", "localhost")
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox"]
                )
                page = await browser.new_page()
                await page.route(f"{provider.issuer}/authorize**", authorize)
                await page.goto(f"{base}/sign-in/openid/home?state=x&code=y")
                await expect(page.get_by_role("alert")).to_contain_text("sign in again")
                assert page.url == f"{base}/"
                await page.get_by_role("button", name="Continue with Our house").click()
                await expect(page.get_by_text("Kim Example").first).to_be_visible(timeout=15_000)
                await browser.close()
        finally:
            assert stop_server(server) == 0
