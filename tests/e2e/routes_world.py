"""A household with two listeners and one album, and what a good request to each route is."""

import asyncio
import base64
import io
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import httpx
import numpy as np
from PIL import Image

from antiphon.identity.openid.links import Link, Links, link_id
from antiphon.kernel import UnixMs
from antiphon.rights import forget_streams
from antiphon.spatial import (
    Bw64Writer,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PcmFormat,
    PolarPosition,
    Scene,
    adm_chunks,
)
from antiphon.storage import open_tables
from antiphon.testing import SoftwareAuthenticator

from .conftest import OWNER, PASSWORD, Server, wait_until

METHODS = ("get", "put", "post", "patch", "delete")
MEMBER_PASSWORD = "a member's own password"
_HOME = "/v1/catalog/home"
NOBODYS = {
    "playlist_id": "a" * 24,
    "item_id": "a" * 24,
    "device_id": "a" * 24,
    "user_id": "a" * 24,
    "import_id": "a" * 24,
    "play_id": "a" * 60,
    "delivery_id": "a" * 24,
    "turn_id": "a" * 24,
    "period": "2026-10",
    "holder": "nobody",
    "passkey_id": "a" * 24,
    "provider": "none",
    "link_id": "a" * 40,
    "token_id": "a" * 24,
    "household_id": "a" * 24,
    "invitation_id": "a" * 24,
    "head": "nobodys",
}


def make_album(folder: Path) -> None:
    """Write one short song, FLAC with tags, words and a cover, and an ADM master of it."""
    folder.mkdir(parents=True)
    _write_master(folder / "01 One (Atmos).wav")
    Image.new("RGB", (300, 300), (180, 40, 90)).save(folder / "cover.jpg")
    (folder / "01.lrc").write_text("[00:00.50]One line\n", "utf-8")
    with av.open(str(folder / "01.flac"), "w") as container:
        container.metadata.update(
            title="One", artist="Ann", album="Alb", album_artist="Ann", genre="Folk", track="1"
        )
        stream = container.add_stream("flac", rate=44100, layout="mono")
        tone = np.sin(np.arange(2 * 44100) * 2 * np.pi * 440 / 44100)
        frame = av.AudioFrame.from_ndarray((tone * 8000).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def _write_master(path: Path) -> None:
    block = ObjectBlock(Fraction(0), None, PolarPosition(90.0, 0.0))
    item = ObjectItem(name="bee", track=DirectTrack(0), blocks=(block,))
    scene = Scene((item,), 1, 48000, "")
    tone = np.sin(np.arange(2 * 48000) * 2 * np.pi * 440 / 48000)[:, None] * 0.1
    chunks = adm_chunks(scene)
    with path.open("wb") as file, Bw64Writer(file, PcmFormat(1, 48000, 24), chunks) as writer:
        writer.write(tone)


_SIGNED_IN_SECONDS = 240


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in: its tokens."""

    access: str
    refresh: str
    username: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


@dataclass
class World:
    """Owner ``robin``, member ``sam``, child ``kit``; head ``ada`` of another house; the album."""

    server: Server
    http: httpx.Client
    document: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    owner: SignIn = SignIn("", "", "")
    member: SignIn = SignIn("", "", "")
    child: SignIn = SignIn("", "", "")
    head: SignIn = SignIn("", "", "")
    made: int = 0
    signed_in_at: float = 0.0

    def prepare(self) -> None:
        """Sign both in, wait for the song to be playable, learn the ids."""
        credentials = {"username": OWNER, "password": PASSWORD}
        self.http.post("/v1/setup", json=credentials).raise_for_status()
        self.owner = self.sign_in(OWNER, PASSWORD)
        self.add_user("sam")
        self.member = self.sign_in("sam", MEMBER_PASSWORD)
        kit = self.add_user("kit")
        restricted = {"isChild": True, "allowsExplicit": False}
        self.http.patch(
            f"/v1/users/{kit}", json=restricted, headers=self.owner.headers
        ).raise_for_status()
        self.child = self.sign_in("kit", MEMBER_PASSWORD)
        self.head = self.household("ada")
        self.signed_in_at = time.monotonic()
        self.document = self.http.get("/v1/openapi.json").json()
        wait_until(self._playable, seconds=240, what="the song and its scene")

    def _playable(self) -> bool:
        listing = self.http.get(f"{_HOME}/songs?include=albums", headers=self.owner.headers).json()
        if not listing["data"]:
            return False
        (song,) = listing["data"]
        genres = self.http.get(f"{_HOME}/genres", headers=self.owner.headers).json()["data"]
        albums = self.http.get(f"{_HOME}/albums", headers=self.owner.headers).json()["data"]
        artwork = albums[0]["attributes"].get("artwork") if albums else None
        if not (genres and artwork):
            return False
        self.ids = {
            "storefront": "home",
            "song_id": song["id"],
            "album_id": albums[0]["id"],
            "artist_id": song["relationships"]["artists"]["data"][0]["id"],
            "genre_id": genres[0]["id"],
            "artwork_id": artwork["url"].split("/")[2],
            "file": "64.jpg",
            "shelf": "library",
            "kind": "songs",
            "head": "default",
        }
        ready = self.http.post("/v1/me/plays", json=self.song, headers=self.owner.headers)
        scene = self.http.get(f"/v1/spatial/songs/{song['id']}/scene", headers=self.owner.headers)
        return (ready.status_code, scene.status_code) == (201, 200)

    @property
    def song(self) -> dict[str, str]:
        return {"songId": self.ids["song_id"]}

    def sign_in(self, username: str, password: str) -> SignIn:
        answer = self.http.post(
            "/v1/sign-in", json={"username": username, "password": password}
        ).raise_for_status()
        tokens = answer.json()
        return SignIn(tokens["accessToken"], tokens["refreshToken"], username)

    def stay_signed_in(self) -> None:
        """Sign everybody in again before their access tokens, good for ten minutes, end."""
        if time.monotonic() - self.signed_in_at > _SIGNED_IN_SECONDS:
            self.owner, self.member = self.again(self.owner), self.again(self.member)
            self.child, self.head = self.again(self.child), self.again(self.head)
            self.signed_in_at = time.monotonic()

    def again(self, who: SignIn) -> SignIn:
        """Sign the same person in on one more device."""
        return self.sign_in(who.username, PASSWORD if who.username == OWNER else MEMBER_PASSWORD)

    def add_user(self, username: str) -> str:
        body = {"username": username, "password": MEMBER_PASSWORD}
        answer = self.http.post("/v1/users", json=body, headers=self.owner.headers)
        return str(answer.raise_for_status().json()["id"])

    def household(self, head: str) -> SignIn:
        """Found one more household by invitation; return its head's sign-in."""
        credentials = {"username": head, "password": MEMBER_PASSWORD}
        body = {"token": self.invitation(new_household="Next door")["token"], **credentials}
        self.http.post("/v1/invitations/accept", json=body).raise_for_status()
        return self.sign_in(head, MEMBER_PASSWORD)

    def invitation(self, who: SignIn | None = None, **wish: Any) -> dict[str, str]:
        """Invite somebody; return the invitation's id and the secret of its link."""
        body = {"newHousehold": wish["new_household"]} if wish else {}
        headers = (who or self.owner).headers
        made = self.http.post("/v1/invitations", json=body, headers=headers).raise_for_status()
        return {"invitation_id": made.json()["id"], "token": made.json()["token"]}

    def household_id(self) -> dict[str, str]:
        """Found a household to be removed."""
        head = self.household(self.fresh_name())
        found = self.http.get("/v1/household", headers=head.headers).raise_for_status()
        return {"household_id": str(found.json()["id"])}

    def own_household(self) -> dict[str, str]:
        found = self.http.get("/v1/household", headers=self.owner.headers).raise_for_status()
        return {"household_id": str(found.json()["id"])}

    def authenticator(self) -> SoftwareAuthenticator:
        return SoftwareAuthenticator(f"http://localhost:{self.server.url.rsplit(':', 1)[1]}")

    def new_passkey(self, who: SignIn, device: SoftwareAuthenticator) -> dict[str, Any]:
        """Have an authenticator make a passkey; return the body that registers it."""
        asked = self.http.post("/v1/me/passkeys/options", json={}, headers=who.headers)
        return {"credential": device.make(asked.raise_for_status().json()), "name": "Key"}

    def passkey(self, who: SignIn) -> dict[str, str]:
        """Register a passkey and clear others, of which an account has at most twenty."""
        held = self.http.get("/v1/me/passkeys", headers=who.headers).json()["data"]
        for old in held if len(held) > 15 else ():
            self.http.delete(f"/v1/me/passkeys/{old['id']}", headers=who.headers)
        body = self.new_passkey(who, self.authenticator())
        made = self.http.post("/v1/me/passkeys", json=body, headers=who.headers)
        return {"passkey_id": str(made.raise_for_status().json()["id"])}

    def assertion(self, who: SignIn) -> dict[str, Any]:
        """Have a registered authenticator answer; return the body that signs in."""
        device = self.authenticator()
        self.passkey(who)
        body = self.new_passkey(who, device)
        self.http.post("/v1/me/passkeys", json=body, headers=who.headers).raise_for_status()
        asked = self.http.post("/v1/sign-in/passkey/options").raise_for_status().json()
        return {"credential": device.get(asked)}

    def api_token(self, who: SignIn, *scopes: str) -> dict[str, str]:
        """Make an API token; return its id and text."""
        body = {"name": "Script", "scopes": scopes or ("read",)}
        made = self.http.post("/v1/me/api-tokens", json=body, headers=who.headers)
        told = made.raise_for_status().json()
        return {"token_id": told["id"], "text": told["token"]}

    def linked(self, who: SignIn) -> dict[str, str]:
        """Link a sign-in of a provider, as coming back from it would; return the link's id."""
        account = self.http.get("/v1/me", headers=who.headers).raise_for_status().json()["id"]
        issuer, subject = "https://provider.example", self.fresh_name()
        link = Link(
            id=link_id(issuer, subject),
            account_id=account,
            provider="none",
            issuer=issuer,
            subject=subject,
            shown_as=subject,
            linked_at=UnixMs(round(time.time() * 1000)),
        )
        asyncio.run(self._write_link(link))
        return {"link_id": link.id}

    async def _write_link(self, link: Link) -> None:
        tables = open_tables(self.server.engine_url("tables"))
        try:
            assert await Links(tables).add(link)
        finally:
            await tables.close()

    def invited(self, who: SignIn) -> dict[str, str]:
        """Return the body that makes an invited account with a password."""
        token = self.invitation()["token"]
        return {"token": token, "username": self.fresh_name(), "password": MEMBER_PASSWORD}

    def fresh_name(self) -> str:
        self.made += 1
        return f"made{self.made}"

    def playlist(self, who: SignIn) -> dict[str, str]:
        """Make a playlist with one song; return its ids."""
        made = self.http.post("/v1/me/playlists", json={"name": "Mine"}, headers=who.headers)
        playlist_id = made.raise_for_status().json()["data"][0]["id"]
        items = f"/v1/me/playlists/{playlist_id}/items"
        body = {"ids": [self.ids["song_id"]]}
        self.http.post(items, json=body, headers=who.headers).raise_for_status()
        listing = self.http.get(items, headers=who.headers).json()
        return {"playlist_id": playlist_id, "item_id": listing["data"][0]["itemId"]}

    def play(self, who: SignIn) -> dict[str, str]:
        answer = self.http.post("/v1/me/plays", json=self.song, headers=who.headers)
        return {"play_id": answer.raise_for_status().json()["id"]}

    def kids(self, who: SignIn) -> dict[str, Any]:
        """Return a Clear Key request for the song, or for one that is none where it is clear."""
        grant = self.http.post("/v1/me/plays", json=self.song, headers=who.headers).json()
        kid = bytes.fromhex(grant["variants"][0]["kid"] or "00" * 16)
        return {"kids": [base64.urlsafe_b64encode(kid).rstrip(b"=").decode()]}

    def unlicensed(self, who: SignIn) -> dict[str, str]:
        """Make a play while no device holds a stream of its household; return the play's id."""
        asyncio.run(self._stop_streams())
        return self.play(who)

    async def _stop_streams(self) -> None:
        tables = open_tables(self.server.engine_url("tables"))
        try:
            await forget_streams(tables)
        finally:
            await tables.close()

    def licensed(self, who: SignIn) -> dict[str, str]:
        """Take a play's licence; return the play's id."""
        ids = self.unlicensed(who)
        url = f"/v1/me/plays/{ids['play_id']}/licence"
        self.http.post(url, json=self.kids(who), headers=who.headers)
        return ids

    def import_id(self) -> str:
        """Ask for an import, after the last one is done; return its id."""
        self.settle_import()
        answer = self.http.post("/v1/imports", headers=self.owner.headers)
        return str(answer.raise_for_status().json()["id"])

    def settle_import(self) -> None:
        """Wait until no import runs."""
        wait_until(self._idle, what="the end of the import")

    def _idle(self) -> bool:
        found = self.http.get("/v1/imports", headers=self.owner.headers).json()["data"]
        return not found or "finishedAt" in found[0]["attributes"]

    def device(self, who: SignIn) -> dict[str, str]:
        self.again(who)
        found = self.http.get("/v1/me/devices", headers=who.headers).json()["data"]
        return {"device_id": next(d["id"] for d in found if not d["current"])}


def nothing(_world: World, _who: SignIn) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Route:
    """A good request to one operation: who may send it, what it names, how it is answered."""

    who: Literal["anyone", "signed_in", "head", "owner"]
    status: int = 200
    body: Callable[[World, SignIn], Any] | None = None
    query: str = ""
    named: Callable[[World, SignIn], dict[str, str]] = nothing
    owned: bool = False
    or_else: int | None = None

    @property
    def statuses(self) -> set[int]:
        return {self.status} if self.or_else is None else {self.status, self.or_else}


def _credentials(w: World, who: SignIn) -> Any:
    return {"username": OWNER, "password": PASSWORD}


def _user(w: World, who: SignIn) -> Any:
    return {"username": w.fresh_name(), "password": MEMBER_PASSWORD}


def _import(w: World, who: SignIn) -> dict[str, str]:
    return {"import_id": w.import_id()}  # may be over before it can be cancelled: then 404


def _passwords(w: World, who: SignIn) -> Any:
    same = PASSWORD if who.username == OWNER else MEMBER_PASSWORD
    return {"currentPassword": same, "newPassword": same}


def _events(w: World, who: SignIn) -> Any:
    return {"events": [{"type": "started", "positionMs": 0, "at": round(time.time() * 1000)}]}


def _no_provider(w: World, who: SignIn) -> dict[str, str]:
    return {"provider": "none"}


def _state(w: World, who: SignIn) -> Any:
    return {"state": "x"}


_PLAYLIST: dict[str, Any] = {"who": "signed_in", "named": World.playlist, "owned": True}
_PASSKEY: dict[str, Any] = {"who": "signed_in", "named": World.passkey, "owned": True}
_SHELF = "ids={song_id}"


def _month(_world: World, _who: SignIn) -> dict[str, str]:
    return {"period": "2026-10", "holder": "nobody"}


def _other_month(_world: World, _who: SignIn) -> dict[str, str]:
    return {"period": "2026-09"}


def _turn(_world: World, _who: SignIn) -> dict[str, str]:
    return {"turn_id": NOBODYS["turn_id"]}  # of a dialogue that is over: nothing is learned


def _silence(_world: World, _who: SignIn) -> bytes:
    """Return half a second of silence, as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(16_000))
    return file.getvalue()


ROUTES: dict[str, Route] = {
    "readSetup": Route("anyone"),
    "readSigningKeys": Route("anyone"),
    "setUp": Route("anyone", 409, _credentials),
    "signIn": Route("anyone", 200, _credentials),
    "renewToken": Route("anyone", 200, lambda w, who: {"refreshToken": w.again(w.owner).refresh}),
    "signOut": Route("signed_in", 204),
    "readMe": Route("signed_in"),
    "changeMe": Route("signed_in", 200, lambda w, who: {"displayName": "Somebody"}),
    "changePassword": Route("signed_in", 204, _passwords),
    "listDevices": Route("signed_in"),
    "revokeDevice": Route("signed_in", 204, named=World.device, owned=True),
    "listUsers": Route("head"),
    "addUser": Route("head", 201, _user),
    "changeUser": Route(
        "head",
        body=lambda w, who: {"allowsExplicit": False},
        named=lambda w, who: {"user_id": w.add_user(w.fresh_name())},
    ),
    "readHousehold": Route("signed_in"),
    "renameHousehold": Route("head", 200, lambda w, who: {"name": "Home"}),
    "listHouseholds": Route("owner"),
    "removeHousehold": Route("owner", 204, named=lambda w, who: w.household_id()),
    "listInvitations": Route("head"),
    "createInvitation": Route("head", 201, lambda w, who: {}),
    "withdrawInvitation": Route("head", 204, named=lambda w, who: w.invitation()),
    "lookAtInvitation": Route("anyone", 200, lambda w, who: {"token": w.invitation()["token"]}),
    "offerInvitedPasskey": Route(
        "anyone", 200, lambda w, who: {"token": w.invitation()["token"], "username": "kim"}
    ),
    "acceptInvitation": Route("anyone", 201, World.invited),
    "askForPasskey": Route("anyone"),
    "signInWithPasskey": Route("anyone", 200, lambda w, who: w.assertion(w.owner)),
    # No provider is set up in this world: what asks for one by name is told that it is not there.
    "listSignInMethods": Route("anyone"),
    "beginOpenIdSignIn": Route("anyone", 404, named=_no_provider),
    "signInWithOpenId": Route("anyone", 404, _state, named=_no_provider),
    "takeOpenIdForm": Route("anyone", 404, named=_no_provider),
    "takeOpenIdNotice": Route("anyone", 404, lambda w, who: {"payload": "x"}, named=_no_provider),
    "beginInvitedOpenId": Route(
        "anyone", 404, lambda w, who: {"token": w.invitation()["token"]}, named=_no_provider
    ),
    "acceptInvitationWithOpenId": Route(
        "anyone",
        404,
        lambda w, who: {"token": w.invitation()["token"], "state": "x"},
        named=_no_provider,
    ),
    "listLinkedSignIns": Route("signed_in"),
    "beginLinking": Route("signed_in", 404, lambda w, who: {}, named=_no_provider),
    "linkSignIn": Route("signed_in", 404, _state, named=_no_provider),
    "unlinkSignIn": Route("signed_in", 204, named=World.linked, owned=True),
    "listPasskeys": Route("signed_in"),
    "offerPasskey": Route("signed_in", 200, lambda w, who: {}),
    "addPasskey": Route("signed_in", 201, lambda w, who: w.new_passkey(who, w.authenticator())),
    "renamePasskey": Route(**_PASSKEY, body=lambda w, who: {"name": "Stolen"}),
    "removePasskey": Route(**_PASSKEY, status=204),
    "listApiTokens": Route("signed_in"),
    "createApiToken": Route("signed_in", 201, lambda w, who: {"name": "x", "scopes": ["read"]}),
    "revokeApiToken": Route("signed_in", 204, named=World.api_token, owned=True),
    "removeUser": Route("head", 204, named=lambda w, who: {"user_id": w.add_user(w.fresh_name())}),
    "listDeliveries": Route("owner"),
    "readSongDeals": Route("owner"),
    "readSongFacts": Route("owner"),
    "readAvailability": Route("owner"),
    "readDelivery": Route("owner", 404, named=lambda w, who: {"delivery_id": "a" * 24}),
    "listStatements": Route("owner"),
    "readStatement": Route("owner", named=_month),
    "readMoney": Route("owner", 404, named=_month),
    "changeMoney": Route("owner", 200, lambda w, who: {"currency": "EUR"}, named=_other_month),
    "exportStatement": Route("owner", 404, named=_month),
    "listAudit": Route("owner"),
    "checkAudit": Route("owner"),
    "listStorefronts": Route("owner"),
    "readTerms": Route("owner", named=lambda w, who: w.own_household()),
    "changeTerms": Route(
        "owner", body=lambda w, who: {"storefront": "home"}, named=lambda w, who: w.own_household()
    ),
    "listSongs": Route("signed_in"),
    "getSong": Route("signed_in"),
    "getLyrics": Route("signed_in"),
    "getCredits": Route("signed_in"),
    "getScene": Route("signed_in"),
    "getHeadFilters": Route("signed_in"),
    "listAlbums": Route("signed_in"),
    "getAlbum": Route("signed_in"),
    "getAlbumSongs": Route("signed_in"),
    "listArtists": Route("signed_in"),
    "getArtist": Route("signed_in"),
    "getArtistAlbums": Route("signed_in"),
    "getArtistSongs": Route("signed_in"),
    "listGenres": Route("signed_in"),
    "getGenre": Route("signed_in"),
    "getGenreAlbums": Route("signed_in"),
    "getGenreSongs": Route("signed_in"),
    "getCharts": Route("signed_in"),
    "search": Route("signed_in", query="term=one"),
    "suggest": Route("signed_in", query="term=on"),
    "getArtwork": Route("anyone"),
    "listKept": Route("signed_in"),
    "keep": Route("signed_in", 204, query=_SHELF),
    "drop": Route("signed_in", 204, query=_SHELF),
    "listPlaylists": Route("signed_in"),
    "createPlaylist": Route("signed_in", 201, lambda w, who: {"name": "New"}),
    "readPlaylist": Route(**_PLAYLIST),
    "changePlaylist": Route(**_PLAYLIST, body=lambda w, who: {"name": "Stolen"}),
    "deletePlaylist": Route(**_PLAYLIST, status=204),
    "listPlaylistItems": Route(**_PLAYLIST),
    "addPlaylistItems": Route(
        **_PLAYLIST, status=201, body=lambda w, who: {"ids": [w.ids["song_id"]]}
    ),
    "removePlaylistItem": Route(**_PLAYLIST, status=204),
    "movePlaylistItem": Route(**_PLAYLIST, status=204, body=lambda w, who: {"position": 0}),
    "listHistory": Route("signed_in"),
    "listContinue": Route("signed_in"),
    "startImport": Route("owner", 202),
    "cancelImport": Route("owner", 204, named=_import, or_else=404),
    "listImports": Route("owner"),
    "listImportFailures": Route("owner"),
    "renderSpatial": Route("signed_in", query="layout=0%2B2%2B0"),
    "askByVoice": Route("signed_in", body=lambda w, who: {"text": "pause the music"}),
    "askBySound": Route("signed_in", body=_silence),
    "prepareVoice": Route("signed_in", 204),
    "abandonVoiceTurn": Route("signed_in", 204, lambda w, who: {"dialogue": "d"}, named=_turn),
    "reportSilentVoiceTurn": Route("signed_in", 204, named=_turn),
    "listVoiceAliases": Route("signed_in"),
    "forgetVoiceAlias": Route("signed_in", 204, query="said=nothing"),
    "play": Route("signed_in", 201, lambda w, who: w.song),
    "recordPlay": Route("signed_in", 202, _events, named=World.play, owned=True),
    "getLicence": Route("signed_in", 200, World.kids, named=World.unlicensed, owned=True),
    "renewLicence": Route("signed_in", 204, named=World.licensed, owned=True),
    "releaseLicence": Route("signed_in", 204, named=World.licensed, owned=True),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the OpenAPI document."""

    id: str
    method: str
    path: str
    described: dict[str, Any]

    @property
    def route(self) -> Route:
        return ROUTES[self.id]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return every operation that the document describes."""
    return [
        Operation(described["operationId"], method.upper(), path, described)
        for path, item in document["paths"].items()
        for method, described in item.items()
        if method in METHODS
    ]


def ask(
    world: World,
    operation: Operation,
    who: SignIn | None,
    *,
    owner_of_it: SignIn | None = None,
    named: dict[str, str] | None = None,
) -> httpx.Response:
    """Send the good request as ``who``, about things of ``owner_of_it`` (``who``'s own if none).

    With ``named`` it is about these, and nothing is made for it.
    """
    route = operation.route
    holder = owner_of_it or who or world.member
    ids = world.ids | (route.named(world, holder) if named is None else named)
    body = None if route.body is None else route.body(world, who or world.member)
    path = operation.path.format_map(ids)
    query = "?" + route.query.format_map(ids) if route.query else ""
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = who.headers if who else {}
    return world.http.request(operation.method, path + query, headers=headers, **sent)


def is_problem(answer: httpx.Response) -> bool:
    """Say whether an answer has the one shape of refusals, and tells its own status."""
    if answer.headers.get("content-type") != "application/json":
        return False
    errors = answer.json().get("errors", [])
    wanted = {"id", "status", "code", "title", "detail"}
    return bool(errors) and all(
        wanted <= set(e) <= wanted | {"source"} and e["status"] == str(answer.status_code)
        for e in errors
    )
