"""CPIX documents say what was meant, and what is made to harm is refused."""

import base64
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.kernel import Invalid
from antiphon.rights.cpix.contract import answered, request_for
from antiphon.rights.cpix.model import (
    AudioFilter,
    CpixDocument,
    CpixKey,
    CpixRefused,
    CpixSystem,
    DrmSystem,
    UsageRule,
)
from antiphon.rights.cpix.reading import read_cpix
from antiphon.rights.cpix.writing import write_cpix

KID = UUID("98ee5596-cd3e-a20d-163a-e382420c6eff")

# As another encryptor writes it: other prefixes, comments, white space, elements we do not use.
FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a document -->
<CPIX contentId="abc&amp;123" version="2.3" id="ignored" xmlns="urn:dashif:org:cpix"
      xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc">
  <ContentKeyPeriodList><ContentKeyPeriod id="period" index="1"/></ContentKeyPeriodList>
  <ContentKeyList>
    <ContentKey kid="98EE5596-CD3E-A20D-163A-E382420C6EFF" commonEncryptionScheme="cbcs"
                explicitIV="OFj2IjCsPJFfMAxmQxLGPw==" dependsOnKey="none">
      <Data><p:Secret><p:PlainValue>
        h3toSFIlyZYOQHElKB6ZxQ==
      </p:PlainValue></p:Secret></Data>
    </ContentKey>
  </ContentKeyList>
  <DRMSystemList>
    <DRMSystem kid="98ee5596-cd3e-a20d-163a-e382420c6eff"
               systemId="94ce86fb-07ff-4f43-adb8-93d2fa968ca2">
      <HLSSignalingData playlist="media">I0VYVC1YLUtFWTpYCg==</HLSSignalingData>
      <HLSSignalingData playlist="master"/>
      <SmoothStreamingProtectionHeaderData/>
    </DRMSystem>
  </DRMSystemList>
  <ContentKeyUsageRuleList>
    <ContentKeyUsageRule kid="98ee5596-cd3e-a20d-163a-e382420c6eff"
                         intendedTrackType="STEREO_AUDIO">
      <KeyPeriodFilter periodId="period"/><AudioFilter minChannels="1" maxChannels="2"/>
      <BitrateFilter/>
    </ContentKeyUsageRule>
  </ContentKeyUsageRuleList>
  <UpdateHistoryItemList><UpdateHistoryItem/></UpdateHistoryItemList>
</CPIX>"""


def test_a_document_of_another_encryptor_is_read() -> None:
    found = read_cpix(FOREIGN.encode())
    assert found == CpixDocument(
        "abc&123",
        keys=(
            CpixKey(
                KID.bytes,
                base64.b64decode("h3toSFIlyZYOQHElKB6ZxQ=="),
                base64.b64decode("OFj2IjCsPJFfMAxmQxLGPw=="),
            ),
        ),
        systems=(
            CpixSystem(DrmSystem.FAIRPLAY, KID.bytes, hls_media="#EXT-X-KEY:X\n", hls_master=""),
        ),
        rules=(UsageRule(KID.bytes, "STEREO_AUDIO", (AudioFilter(1, 2),)),),
    )


def test_a_key_is_not_in_what_is_printed_of_a_document() -> None:
    found = read_cpix(FOREIGN.encode())
    key = found.keys[0].key
    assert key is not None
    assert repr(key)[2:-1] not in repr(found)
    assert "h3toSF" not in repr(found)


sixteen = st.binary(min_size=16, max_size=16)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
texts = st.one_of(st.none(), words)
keys = st.builds(CpixKey, sixteen, st.none() | sixteen, st.none() | sixteen)
systems = st.builds(
    CpixSystem,
    st.sampled_from([system.value for system in DrmSystem]),
    sixteen,
    st.none() | st.binary(max_size=60),
    texts,
    texts,
    texts,
)
channels = st.none() | st.integers(1, 64)
rules = st.builds(
    UsageRule, sixteen, words, st.lists(st.builds(AudioFilter, channels, channels)).map(tuple)
)
documents = st.builds(
    CpixDocument,
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40),
    st.lists(keys, max_size=4, unique_by=lambda key: key.kid).map(tuple),
    st.lists(systems, max_size=3).map(tuple),
    st.lists(rules, max_size=3).map(tuple),
)


@given(documents)
def test_what_is_written_is_read_back(document: CpixDocument) -> None:
    not_characters = re.compile("[\ufffe\uffff]")
    said = [document.content_id, *(rule.track_type for rule in document.rules)]
    if any(not_characters.search(text) for text in said):
        with pytest.raises(Invalid):
            write_cpix(document)
        return
    assert read_cpix(write_cpix(document)) == document


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[0m", "\ufffe"])
def test_what_xml_cannot_hold_is_not_written(text: str) -> None:
    with pytest.raises(Invalid):
        write_cpix(CpixDocument(text, ()))


BOMB = '<!DOCTYPE x [<!ENTITY a "{}"><!ENTITY b "{}">]>'.format("x" * 99, "&a;" * 99)
ROOT = 'xmlns="urn:dashif:org:cpix" xmlns:p="urn:ietf:params:xml:ns:keyprov:pskc"'


def cpix(inner: str, attributes: str = 'contentId="a" version="2.3"') -> str:
    return f"<CPIX {attributes} {ROOT}>{inner}</CPIX>"


def key(attributes: str = f'kid="{KID}"', inner: str = "") -> str:
    return cpix(f"<ContentKeyList><ContentKey {attributes}>{inner}</ContentKey></ContentKeyList>")


def plain(text: str) -> str:
    return f"<Data><p:Secret><p:PlainValue>{text}</p:PlainValue></p:Secret></Data>"


TWICE = f'<ContentKey kid="{KID}"/>'
ENCRYPTED = "<Data><p:Secret><p:EncryptedValue/></p:Secret></Data>"
SYSTEM = f'<DRMSystem kid="{KID}" systemId="{DrmSystem.WIDEVINE}">'
HARMFUL = {
    "nothing": "",
    "no XML": "hello",
    "an external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + cpix("&e;"),
    "a bomb": BOMB + cpix("&b;"),
    "a DTD": '<!DOCTYPE CPIX SYSTEM "http://127.0.0.1/x.dtd">' + cpix(""),
    "another root": "<Other/>",
    "another namespace": '<CPIX xmlns="urn:other"/>',
    "cut short": FOREIGN[:-10],
    "too deep": cpix("<ContentKeyList>" + "<a>" * 100_000),
    "many attributes": key(" ".join(f'a{n}="1"' for n in range(1000))),
    "too many records": cpix(
        "<ContentKeyList>" + "".join(f'<X n="{n}"/>' for n in range(3000)) + "</ContentKeyList>"
    ),
    "too large": cpix("<!--" + "x" * 1_100_000 + "-->"),
    "a key id of 15 bytes": key('kid="98ee5596-cd3e-a20d-163a-e382420c6e"'),
    "a key id in braces": key(f'kid="{{{KID}}}"'),
    "no key id": key(""),
    "a key of 15 bytes": key(inner=plain("AAAAAAAAAAAAAAAAAAAA")),
    "a key in hexadecimal": key(inner=plain("00112233445566778899aabbccddeeff")),
    "no base64": key(inner=plain("*" * 24)),
    "an encrypted key": key(inner=ENCRYPTED),
    "one key twice": cpix(f"<ContentKeyList>{2 * TWICE}</ContentKeyList>"),
    "two lines of one kind": cpix(
        f"<DRMSystemList>{SYSTEM}{2 * '<HLSSignalingData/>'}</DRMSystem></DRMSystemList>"
    ),
    "a line for no playlist": cpix(
        f'<DRMSystemList>{SYSTEM}<HLSSignalingData playlist="x"/></DRMSystem></DRMSystemList>'
    ),
    "a line that is not UTF-8": cpix(
        f"<DRMSystemList>{SYSTEM}<HLSSignalingData>/w==</HLSSignalingData></DRMSystem>"
        "</DRMSystemList>"
    ),
    "a count of channels that is none": cpix(
        f'<ContentKeyUsageRuleList><ContentKeyUsageRule kid="{KID}">'
        '<AudioFilter minChannels="1e9"/>'
        "</ContentKeyUsageRule></ContentKeyUsageRuleList>"
    ),
}


@pytest.mark.parametrize("what", HARMFUL)
def test_a_document_that_is_made_to_harm_is_refused(what: str) -> None:
    with pytest.raises(CpixRefused):
        read_cpix(HARMFUL[what].encode())


@pytest.mark.parametrize("at", range(0, len(FOREIGN) - 8, 7))
def test_a_document_cut_anywhere_is_refused(at: int) -> None:
    with pytest.raises(CpixRefused):
        read_cpix(FOREIGN[:at].encode())


def test_a_refusal_repeats_no_value_of_a_key() -> None:
    with pytest.raises(CpixRefused) as refused:
        read_cpix(HARMFUL["a key of 15 bytes"].encode())
    assert "AAAA" not in refused.value.detail


REQUEST = request_for("recording/flac", KID.bytes, b"v" * 16, (DrmSystem.FAIRPLAY,))


def answer(**changes) -> CpixDocument:
    whole = {
        "content_id": "recording/flac",
        "keys": (CpixKey(KID.bytes, b"k" * 16, b"v" * 16),),
        "systems": (
            CpixSystem(
                DrmSystem.FAIRPLAY,
                KID.bytes,
                hls_media="#EXT-X-KEY:A=1\n",
                hls_master="#EXT-X-SESSION-KEY:A=1",
            ),
        ),
        "rules": (UsageRule(KID.bytes, "AUDIO", (AudioFilter(),)),),
    }
    return CpixDocument(**(whole | changes))


def test_an_answer_gives_the_key_and_what_playlists_say_of_it() -> None:
    found = answered(REQUEST, answer())
    assert found.key.key == b"k" * 16
    (said,) = found.signalling
    assert (said.hls_media, said.hls_master) == ("#EXT-X-KEY:A=1", "#EXT-X-SESSION-KEY:A=1")


def test_a_server_may_choose_the_key_id() -> None:
    other = bytes(16)
    (system,) = answer().systems
    given_ = answer(
        keys=(CpixKey(other, b"k" * 16),),
        systems=(
            CpixSystem(
                system.system_id, other, hls_media=system.hls_media, hls_master=system.hls_master
            ),
        ),
        rules=(UsageRule(other, "AUDIO", (AudioFilter(),)),),
    )
    found = answered(REQUEST, given_)
    assert (found.key.kid, found.key.iv) == (other, b"v" * 16)


def fairplay(media: str, master: str = "#EXT-X-SESSION-KEY:A=1") -> tuple[CpixSystem, ...]:
    return (CpixSystem(DrmSystem.FAIRPLAY, KID.bytes, hls_media=media, hls_master=master),)


WRONG = {
    "another content": answer(content_id="recording/aac"),
    "another version": answer(version="2.4"),
    "no key": answer(keys=()),
    "two keys": answer(keys=(*answer().keys, CpixKey(bytes(16), b"k" * 16))),
    "no value": answer(keys=(CpixKey(KID.bytes),)),
    "another scheme": answer(keys=(CpixKey(KID.bytes, b"k" * 16, scheme="cenc"),)),
    "no rules": answer(rules=()),
    "no system": answer(systems=()),
    "a system of another key": answer(
        systems=(CpixSystem(DrmSystem.FAIRPLAY, bytes(16), hls_media="x", hls_master="x"),)
    ),
    "no line": answer(systems=fairplay("")),
    "two lines in one": answer(systems=fairplay("#EXT-X-KEY:A\n#EXT-X-ENDLIST")),
    "another tag": answer(systems=fairplay("#EXT-X-MAP:URI=x")),
    "tags the wrong way round": answer(systems=fairplay("#EXT-X-SESSION-KEY:A", "#EXT-X-KEY:A")),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_answer_that_lacks_something_stops_the_packager(what: str) -> None:
    with pytest.raises(CpixRefused):
        answered(REQUEST, WRONG[what])
