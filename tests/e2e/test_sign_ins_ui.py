"""Passkeys, API tokens, households in a real Chromium, with its virtual authenticator."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server
from .test_player_ui import DESK, FLAGS, PHONE, PLAYER, WATCH_POLICY, heading, no_serious_finding

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("ANTIPHON_TEST_PICTURES")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not PLAYER.exists():
        pytest.skip("The player is not built: make setup.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An installation without music, whose owner is robin."""
    running = start_server(tmp_path_factory.mktemp("signins") / "data")
    try:
        running.sign_in()
        yield running
    finally:
        status = stop_server(running)
    assert status == 0


Visitor = Callable[[], Page]


@pytest.fixture
def visitor(chromium: Browser, server: Server) -> Iterator[Visitor]:
    """Return a page in a browser profile of its own, at the name passkeys are for."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def arrive() -> Page:
        context = chromium.new_context(
            base_url=server.url.replace("127.0.0.1", "localhost"),
            viewport=DESK,
            color_scheme="dark",
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH_POLICY)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield arrive
    for context in contexts:
        for page in context.pages:
            faults += page.evaluate("window.violations")
        context.close()
    assert faults == []


def authenticator(page: Page, **wanted: Any) -> tuple[Any, str]:
    """Give the page's browser an authenticator that knows its user and keeps passkeys."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options | wanted})
    return session, str(made["authenticatorId"])


def credentials(held: tuple[Any, str]) -> list[dict[str, Any]]:
    session, authenticator_id = held
    told = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator_id})
    return list(told["credentials"])


def without_passkeys_in_forms(page: Page) -> None:
    """Make the browser one that offers passkeys only when it is asked to, as some do."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def enter(page: Page, username: str = OWNER, password: str = PASSWORD, path: str = "/") -> None:
    page.goto(path)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def leave(page: Page) -> None:
    page.goto("/settings")
    with page.expect_response("**/v1/sign-out"):
        page.get_by_role("button", name="Sign out", exact=True).click()


def picture(page: Page, name: str) -> None:
    """Take pictures in both themes and widths, where somebody wants to look at them."""
    if PICTURES is None:
        return
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        for width, size in (("desk", DESK), ("phone", PHONE)):
            page.set_viewport_size(size)
            page.wait_for_timeout(400)
            page.screenshot(path=Path(PICTURES) / f"{name}-{theme}-{width}.png")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(DESK)


def test_a_passkey_is_registered_signs_in_and_is_removed(visitor: Visitor, server: Server) -> None:
    page = visitor()
    held = authenticator(page)
    enter(page, path="/settings/sign-ins")
    heading(page, "Devices and sign-ins")
    page.get_by_role("button", name="Add a passkey").click()
    keys = page.get_by_role("list", name="Passkeys")
    expect(keys.get_by_role("listitem")).to_have_count(1)
    expect(keys).to_contain_text("Chrome on Linux")
    (kept,) = credentials(held)
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    picture(page, "sign-ins")
    no_serious_finding(page, "devices and sign-ins")

    leave(page)  # now the form offers it by itself, and the simulated user takes it
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    without_passkeys_in_forms(page)
    leave(page)
    heading(page, "Antiphon")
    picture(page, "welcome")
    no_serious_finding(page, "sign-in with a passkey")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.goto("/settings/sign-ins")
    expect(page.get_by_role("list", name="Passkeys")).to_contain_text("Last used just now")
    assert credentials(held)[0]["signCount"] > kept["signCount"]

    page.get_by_role("button", name="Remove Chrome on Linux").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("list", name="Passkeys")).to_have_count(0)
    token = server.sign_in()
    assert server.call("GET", "/v1/me/passkeys", token=token)[1]["data"] == []


def test_a_passkey_that_the_server_forgot_does_not_sign_in(
    visitor: Visitor, server: Server
) -> None:
    page = visitor()
    held = authenticator(page)
    enter(page, path="/settings/sign-ins")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Passkeys").get_by_role("listitem")).to_have_count(1)
    token = server.sign_in()
    for passkey in server.call("GET", "/v1/me/passkeys", token=token)[1]["data"]:
        assert server.call("DELETE", f"/v1/me/passkeys/{passkey['id']}", token=token)[0] == 204
    without_passkeys_in_forms(page)
    leave(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    assert len(credentials(held)) == 1


def test_an_api_token_is_shown_once_works_within_its_scope_and_is_revoked(
    visitor: Visitor, server: Server
) -> None:
    page = visitor()
    enter(page, path="/settings/sign-ins")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New API token")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog.get_by_text("Say what the token is for.")).to_be_visible()
    picture(page, "token-dialog")
    no_serious_finding(page, "new API token")
    dialog.get_by_label("What it is for").fill("Kitchen radio")
    dialog.get_by_role("checkbox", name="Play Stream").check()
    dialog.get_by_role("button", name="Create token").click()
    shown = page.get_by_label("The token “Kitchen radio”").input_value()
    picture(page, "token-made")
    expect(page.get_by_role("list", name="API tokens")).to_contain_text("Read, play · not used yet")
    assert server.call("GET", "/v1/me", token=shown)[0] == 200
    assert server.call("POST", "/v1/me/playlists", {"name": "x"}, shown)[0] == 403

    page.reload()
    expect(page.get_by_role("list", name="API tokens")).to_contain_text("last used just now")
    assert shown not in page.content()
    page.get_by_role("button", name="Revoke Kitchen radio").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("list", name="API tokens")).to_have_count(0)
    page.wait_for_timeout(2200)
    assert server.call("GET", "/v1/me", token=shown)[0] == 401


def link_to_found(owner: Page, name: str) -> str:
    """Have the owner invite somebody to a household of their own; return the link."""
    owner.get_by_role("button", name="Invite someone").click()
    dialog = owner.get_by_role("dialog", name="Invite someone")
    dialog.get_by_role("radio", name="New household").check(force=True)
    dialog.get_by_label("Name of the household").fill(name)
    picture(owner, "invite")
    no_serious_finding(owner, "invite")
    dialog.get_by_role("button", name="Make the link").click()
    link = owner.get_by_label("The link", exact=True).input_value()
    picture(owner, "household")
    no_serious_finding(owner, "household")
    return link


def her_last_passkey_stays(page: Page) -> None:
    """Try to remove the only way into an account without a password."""
    page.goto("/settings/sign-ins")
    page.get_by_role("button", name=re.compile("^Remove ")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("last way in")).to_be_visible()
    expect(page.get_by_role("list", name="Passkeys").get_by_role("listitem")).to_have_count(1)


def add_child(page: Page) -> None:
    """Have the head of a household add Tim, as a child."""
    page.get_by_role("button", name="Add someone").click()
    form = page.get_by_role("dialog", name="Add someone")
    form.get_by_label("Name", exact=True).fill("Tim")
    form.get_by_label("User name").fill("tim")
    form.get_by_label("Password").fill("a child's password")
    form.get_by_role("switch", name="A child").click()
    expect(form.get_by_role("switch", name="Explicit songs")).not_to_be_checked()
    picture(page, "person")
    no_serious_finding(page, "add someone")
    form.get_by_role("button", name="Add").click()


def test_a_head_is_invited_with_a_passkey_and_manages_a_child_of_their_own(
    visitor: Visitor, server: Server
) -> None:
    owner, ada = visitor(), visitor()
    enter(owner, path="/settings/household")
    heading(owner, "Home")
    link = link_to_found(owner, "Next door")

    authenticator(ada)
    ada.goto(link)
    heading(ada, "A household of your own")
    picture(ada, "invitation")
    no_serious_finding(ada, "invitation")
    ada.get_by_label("Your name").fill("Ada")
    ada.get_by_label("User name").fill("ada")
    ada.get_by_role("button", name="Create account with a passkey").click()
    heading(ada, re.compile("Ada"))

    ada.goto("/settings/household")
    heading(ada, "Next door")
    people = ada.get_by_role("list", name="People")
    expect(people.get_by_role("listitem")).to_have_count(1)  # nobody of the other household
    expect(people).to_contain_text("You · Head")
    expect(ada.get_by_role("heading", name="Households")).to_have_count(0)
    add_child(ada)
    expect(people).to_contain_text("tim · hears no explicit songs")
    picture(ada, "people")

    status, tokens = server.call(
        "POST", "/v1/sign-in", {"username": "tim", "password": "a child's password"}
    )
    assert status == 200
    me = server.call("GET", "/v1/me", token=tokens["accessToken"])[1]
    assert (me["isChild"], me["allowsExplicit"], me["role"]) == (True, False, "member")

    her_last_passkey_stays(ada)
    late = visitor()
    late.goto(link)
    expect(late.get_by_role("heading", name="not good any more")).to_be_visible()
    owner.goto("/settings/household")
    everyone = owner.get_by_role("list", name="Households")
    expect(everyone).to_contain_text("2 people, headed by Ada")
    owner.get_by_role("button", name="Remove Next door").click()
    owner.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(everyone.get_by_role("listitem")).to_have_count(1)
    expect(owner.get_by_role("list", name="People").get_by_role("listitem")).to_have_count(1)


def test_whose_sign_in_is_not_fresh_shows_a_password_first(
    visitor: Visitor, server: Server
) -> None:
    page = visitor()
    held = authenticator(page)
    enter(page, path="/settings/sign-ins")
    # The server answers so after a quarter of an hour, which this test does not wait for: the
    # first answer is replaced by its own words, and what follows is real.
    stale = {
        "errors": [
            {
                "id": "a" * 24,
                "status": "403",
                "code": "proof_needed",
                "title": "Forbidden",
                "detail": "Send your password, or sign in again first.",
            }
        ]
    }
    page.route(
        "**/v1/me/passkeys/options", lambda route: route.fulfill(status=403, json=stale), times=1
    )
    page.get_by_role("button", name="Add a passkey").click()
    password = page.get_by_label("Your password, to show that it is you")
    password.fill("not the password")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The password is wrong.")).to_be_visible()
    assert credentials(held) == []
    password.fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("list", name="Passkeys").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("button", name="Remove Chrome on Linux").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("list", name="Passkeys")).to_have_count(0)


def test_where_passkeys_cannot_be_they_are_not_offered(chromium: Browser, server: Server) -> None:
    context = chromium.new_context(base_url=server.url, viewport=DESK)
    page = context.new_page()
    page.goto("/")  # an address in numbers
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    context.close()
