"""In Chromium, with a certified provider's own pages: linking, unlinking, being invited."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server, wait_until
from .openid_peer import Peer, openid_peer
from .test_player_ui import DESK, FLAGS, PLAYER, WATCH_POLICY, heading, no_serious_finding
from .test_sign_ins_ui import enter, leave, picture

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class World:
    """An installation without music that trusts the peer, as "Our house"."""

    server: Server
    peer: Peer

    @property
    def origin(self) -> str:
        return self.server.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("linking")
    with openid_peer(folder / "peer.log") as peer:
        file = folder / "antiphon.toml"
        file.write_text(
            f'[[openid]]\nid = "home"\nname = "Our house"\nissuer = "{peer.issuer}"\n'
            'client_id = "antiphon"\nclient_secret = "s"\nprivate_addresses = true\n'
        )
        server = start_server(folder / "data", env={"ANTIPHON_CONFIG": str(file)})
        try:
            server.sign_in()
            made = World(server, peer)
            client = {
                "client_id": "antiphon",
                "client_secret": "s",
                "redirect_uris": [f"{made.origin}/sign-in/openid/home"],
                "grant_types": ["authorization_code", "refresh_token"],
            }
            peer.tell(clients=[client])
            yield made
        finally:
            status = stop_server(server)
    assert status == 0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not PLAYER.exists():
        pytest.skip("The player is not built: make setup.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


Visitor = Callable[[], Page]


@pytest.fixture
def visitor(chromium: Browser, world: World) -> Iterator[Visitor]:
    """Return a page in a browser profile of its own."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def arrive() -> Page:
        context = chromium.new_context(
            base_url=world.origin, viewport=DESK, color_scheme="dark", locale="en-GB"
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


def at_the_provider(page: Page, login: str) -> None:
    """Sign in on the provider's pages, and allow what it asks."""
    page.get_by_placeholder("Enter any login").fill(login)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def links(page: Page) -> list[str]:
    """Return what the list of linked sign-ins shows, once the page is there."""
    heading(page, "Devices and sign-ins")
    expect(page.get_by_role("heading", name="Linked sign-ins")).to_be_visible()
    return (
        page.get_by_role("list", name="Linked sign-ins").get_by_role("listitem").all_inner_texts()
    )


def invitation(world: World) -> str:
    body = {"newHousehold": "Next door"}
    made = world.server.call("POST", "/v1/invitations", body, world.server.sign_in())[1]
    return f"/invitation#{made['token']}"


def test_a_sign_in_is_linked_signs_in_and_is_unlinked(visitor: Visitor, world: World) -> None:
    page = visitor()
    enter(page, path="/settings/sign-ins")
    assert links(page) == []
    page.get_by_role("button", name="Link Our house", exact=True).click()
    at_the_provider(page, "robins-work")
    expect(page.get_by_text("robins-work@provider.example")).to_be_visible()
    expect(page.get_by_text("You can sign in with it now")).to_be_visible()
    assert page.url == f"{world.origin}/settings/sign-ins"
    assert len(links(page)) == 1
    expect(page.get_by_role("button", name="Link Our house", exact=True)).to_have_count(0)
    picture(page, "linked")
    no_serious_finding(page, "linked sign-ins")
    page.reload()
    expect(page.get_by_text("robins-work@provider.example")).to_be_visible()

    leave(page)
    page.get_by_role("button", name="Continue with Our house").click()
    heading(page, "Robin")  # the provider knows its visitor still, and asks nothing
    page.goto("/settings/sign-ins")
    world.peer.events("revoked")
    page.get_by_role("button", name="Unlink Our house").click()
    dialog = page.get_by_role("dialog", name="Unlink Our house?")
    picture(page, "unlink")
    no_serious_finding(page, "unlink")
    dialog.get_by_role("button", name="Cancel").click()
    assert len(links(page)) == 1
    page.get_by_role("button", name="Unlink Our house").click()
    dialog.get_by_role("button", name="Unlink").click()
    expect(page.get_by_role("button", name="Link Our house", exact=True)).to_be_visible()
    assert links(page) == []
    wait_until(lambda: world.peer.events("revoked"), what="the consent given back")

    leave(page)
    page.get_by_role("button", name="Continue with Our house").click()
    page.get_by_role("button", name="Continue").click()  # the provider asks anew
    expect(page.get_by_role("alert")).to_contain_text("link one first")


def test_who_does_not_allow_it_is_told_so_where_they_were(visitor: Visitor) -> None:
    page = visitor()
    enter(page, path="/settings/sign-ins")
    page.get_by_role("button", name="Link Our house", exact=True).click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("could not be linked. You did not allow")).to_be_visible()
    assert links(page) == []
    picture(page, "not-allowed")
    no_serious_finding(page, "not allowed")


def test_whose_sign_in_is_not_fresh_shows_a_password_before_linking(visitor: Visitor) -> None:
    page = visitor()
    enter(page, path="/settings/sign-ins")
    # As with passkeys: the server answers so after a quarter of an hour; its words are given once.
    problem = {"id": "a" * 24, "status": "403", "code": "proof_needed", "title": "Forbidden"}
    stale = {"errors": [problem | {"detail": "Send your password, or sign in again first."}]}
    path = "**/v1/me/openid/home/begin"
    page.route(path, lambda route: route.fulfill(status=403, json=stale), times=1)
    page.get_by_role("button", name="Link Our house", exact=True).click()
    password = page.get_by_label("Your password, to show that it is you")
    password.fill("not the password")
    page.get_by_role("button", name="Go on to Our house").click()
    expect(page.get_by_text("The password is wrong.")).to_be_visible()
    picture(page, "proof")
    password.fill(PASSWORD)
    page.get_by_role("button", name="Go on to Our house").click()
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()


def test_an_invitation_is_accepted_by_way_of_a_provider_whose_link_then_is_the_last_way_in(
    visitor: Visitor, world: World
) -> None:
    page = visitor()
    link = invitation(world)
    page.goto(link)
    heading(page, "A household of your own")
    expect(page.get_by_role("button", name="Continue with Our house")).to_be_visible()
    picture(page, "invited")
    no_serious_finding(page, "invitation with a provider")
    page.get_by_role("button", name="Continue with Our house").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("did not allow")
    page.get_by_role("button", name="Continue with Our house").click()
    at_the_provider(page, "ada")
    heading(page, "ada Example")
    assert page.url == f"{world.origin}/"
    page.goto("/settings/household")
    heading(page, "Next door")
    page.goto("/settings/sign-ins")
    assert len(links(page)) == 1
    page.get_by_role("button", name="Unlink Our house").click()
    page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("last way in")).to_be_visible()
    assert len(links(page)) == 1
    picture(page, "last-way-in")

    leave(page)
    page.get_by_role("button", name="Continue with Our house").click()
    heading(page, "ada Example")
    late = visitor()
    late.goto(link)
    expect(late.get_by_role("heading", name="not good any more")).to_be_visible()


def test_whom_the_owner_knows_gets_no_second_account_by_an_invitation(
    visitor: Visitor, world: World
) -> None:
    page = visitor()
    page.goto(invitation(world))
    page.get_by_role("button", name="Continue with Our house").click()
    at_the_provider(page, "eve")
    heading(page, "eve Example")
    leave(page)
    page.goto(invitation(world))
    page.get_by_role("button", name="Continue with Our house").click()
    expect(page.get_by_role("alert")).to_contain_text("has an account here already")
    users = world.server.call("GET", "/v1/users", token=world.server.sign_in())[1]["data"]
    assert [user["username"] for user in users] == [OWNER]
