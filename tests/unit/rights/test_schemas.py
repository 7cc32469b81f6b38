"""Messages against schemas of our own, as an operator may have DDEX's."""

from pathlib import Path

import pytest

from antiphon.kernel import Invalid
from antiphon.rights import Fault, Schemas, open_delivery
from antiphon.testing.label_messages import VERSIONS, LabelRelease, LabelTrack, release_message

NAMESPACE = "http://ddex.net/xml/ern/43"
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="{NAMESPACE}" elementFormDefault="unqualified">
  <xs:include schemaLocation="parts/head.xsd"/>
  <xs:element name="NewReleaseMessage">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="MessageHeader" type="xs:anyType"/>
        <xs:any processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:anyAttribute processContents="skip"/>
    </xs:complexType>
  </xs:element>
</xs:schema>"""
HEAD = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
  <xs:simpleType name="Word"><xs:restriction base="xs:string"/></xs:simpleType>
</xs:schema>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "xsd" / "parts").mkdir(parents=True)
    (tmp_path / "xsd" / "release-notification.xsd").write_text(SCHEMA, "utf-8")
    (tmp_path / "xsd" / "parts" / "head.xsd").write_text(HEAD, "utf-8")
    return tmp_path


def message(folder: Path, version: str, change: tuple[bytes, bytes] = (b"", b"")) -> Path:
    track = LabelTrack("QZTST2600001", "Song", "resources/1.flac", "0" * 32)
    raw = release_message(version, LabelRelease([track])).replace(*change, 1)
    file = folder / "message.xml"
    file.write_bytes(raw)
    return file


def test_a_message_that_its_schema_allows_passes(folder: Path) -> None:
    file = message(folder, "4.3")
    found = open_delivery(file, metadata_only=True, schemas=Schemas(folder / "xsd"))
    assert found.faults == ()
    assert not any("schema" in note for note in found.notes)


def test_what_a_schema_forbids_is_a_fault_with_its_place(folder: Path) -> None:
    file = message(folder, "4.3", (b"<MessageHeader>", b"<Word/><MessageHeader>"))
    found = open_delivery(file, metadata_only=True, schemas=Schemas(folder / "xsd"))
    (fault,) = [f for f in found.faults if f.rule is Fault.SCHEMA]
    assert fault.path.startswith("message.xml")
    assert fault.line > 0
    assert "Word" in fault.detail


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "4.3"])
def test_a_version_without_a_schema_is_told_and_taken_by_our_rules(
    folder: Path, version: str
) -> None:
    file = message(folder, version)
    found = open_delivery(file, metadata_only=True, schemas=Schemas(folder / "xsd"))
    assert found.faults == ()
    assert any("no schema here is for" in note for note in found.notes)


def test_a_folder_without_schemas_or_with_a_broken_one_is_refused(folder: Path) -> None:
    with pytest.raises(Invalid, match="no XSD"):
        Schemas(folder / "xsd" / "nothing")
    broken = SCHEMA.replace('type="xs:anyType"', 'type="xs:nothing"')
    (folder / "xsd" / "release-notification.xsd").write_text(broken, "utf-8")
    with pytest.raises(Invalid, match="cannot be used"):
        open_delivery(message(folder, "4.3"), schemas=Schemas(folder / "xsd"))


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname">',
    ],
)
def test_entities_and_foreign_files_are_not_followed(folder: Path, head: bytes) -> None:
    file = message(folder, "4.3", (b"<ern:NewReleaseMessage", head + b"<ern:NewReleaseMessage"))
    found = open_delivery(file, metadata_only=True, schemas=Schemas(folder / "xsd"))
    assert any(fault.rule is Fault.FORBIDDEN_XML for fault in found.faults)


def test_a_message_that_is_no_xml_is_left_to_our_own_reader(folder: Path) -> None:
    file = folder / "message.xml"
    file.write_bytes(b"<NewReleaseMessage>")
    found = open_delivery(file, metadata_only=True, schemas=Schemas(folder / "xsd"))
    assert found.faults
    assert not any(fault.rule is Fault.SCHEMA for fault in found.faults)
