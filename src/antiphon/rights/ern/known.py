"""The elements that messages of any of the versions have where rights and songs are read.

An element that is not listed is a fault: in a deal it could limit what is granted, and elsewhere it
most often is a slip of whoever wrote the message.
"""

from typing import Final

HEADER: Final = frozenset(
    [
        "MessageThreadId",
        "MessageId",
        "MessageFileName",
        "MessageSender",
        "SentOnBehalfOf",
        "MessageRecipient",
        "MessageCreatedDateTime",
        "MessageAuditTrail",
        "Comment",
        "MessageControlType",
        "ReleaseProfileVersionId",
    ]
)
_RESOURCE: Final = """
    ResourceReference ReferenceTitle Type ResourceId WorkId DisplayTitleText DisplayTitle
    AdditionalTitle VersionType DisplayArtistName DisplayArtist Contributor Character
    ResourceRightsController WorkRightsController PLine CLine CourtesyLine Duration
    DurationOfMusicalContent CreationDate OriginalResourceReleaseDate ResourceReleaseDate
    FirstPublicationDate MasteredDate RemasteredDate FulfillmentDate Keywords Synopsis
    HasPreOrderFulfillment IsProvidedInDelivery IsInstrumental IsBackground IsRemastered
    IsHiddenResource IsBonusResource IsCover HasVocalPerformance HasForegroundVocalPerformance
    IsHiResMusic DisplayCredits ContainsHiddenContent LanguageOfPerformance LanguageOfDubbing
    ResourceContainedResourceReferenceList RelatedRelease RelatedResource CompositeMusicalWorkType
    IsMedley IsPotpourri IsSupplemental LocationAndDateOfSession TechnicalDetails
    ParentalWarningType AvRating MarketingComment Raga Tala Deity Genre VocalRegister SheetMusicId
    ArtisticInfluence EventDate TerritoryOfCommissioning ResourceMusicalWorkReferenceList
    RightsAgreementId IsArtistRelated IsComputerGenerated NoSilenceBefore NoSilenceAfter
    PerformerInformationRequired NumberOfFeaturedArtists NumberOfNonFeaturedArtists
    NumberOfContractedArtists NumberOfNonContractedArtists RecordingFormat ApplicableTerritory
    IsContractedArtist AudioChapterReference SalesReportingProxyReleaseId Title LabelName
    PurchasedLicense ContainsAI ClassifiedGenre CueSheetReference ReasonForCueSheetAbsence
    """
SOUND: Final = frozenset(
    (
        _RESOURCE
        + """SoundRecordingType SoundRecordingId IndirectSoundRecordingId
    SoundRecordingCollectionReferenceList SoundRecordingDetailsByTerritory SoundRecordingEdition
    SoundRecordingPreview"""
    ).split()
)
IMAGE: Final = frozenset(
    (_RESOURCE + "ImageType ImageId ImageCollectionReferenceList ImageDetailsByTerritory").split()
)
RELEASE: Final = frozenset(
    [
        "ReleaseReference",
        "ReleaseType",
        "ReleaseId",
        "ReferenceTitle",
        "DisplayTitleText",
        "DisplayTitle",
        "AdditionalTitle",
        "VersionType",
        "DisplayArtistName",
        "DisplayArtist",
        "ReleaseLabelReference",
        "AdministratingRecordCompany",
        "RelatedRelease",
        "RelatedResource",
        "PLine",
        "CLine",
        "CourtesyLine",
        "Duration",
        "Genre",
        "ReleaseDate",
        "OriginalReleaseDate",
        "GlobalReleaseDate",
        "GlobalOriginalReleaseDate",
        "ReleaseVisibility",
        "ReleaseVisibilityReference",
        "ParentalWarningType",
        "AvRating",
        "IsSingleArtistCompilation",
        "IsMultiArtistCompilation",
        "IsCompilation",
        "IsSoundtrack",
        "ResourceGroup",
        "ExternalResourceLink",
        "TargetURL",
        "Keywords",
        "Synopsis",
        "Raga",
        "Tala",
        "Deity",
        "HiResMusicDescription",
        "IsHiResMusic",
        "MarketingComment",
        "SalesReportingProxyReleaseId",
        "ArtistProfilePage",
        "ReleaseResourceReference",
        "LinkedReleaseResourceReference",
        "ReleaseResourceReferenceList",
        "ReleaseCollectionReferenceList",
        "ReleaseDetailsByTerritory",
        "LanguageOfPerformance",
        "LanguageOfDubbing",
        "SubTitleLanguage",
        "RightsAgreementId",
        "ExternalReleaseReference",
        "ResourceOmissionReason",
        "Contributor",
        "TrackReleaseVisibility",
        "ClassifiedGenre",
        "DisplayCredits",
    ]
)
RELEASE_DEAL: Final = frozenset(
    ["DealReleaseReference", "Deal", "EffectiveDate", "EffectiveDateTime"]
)
DEAL: Final = frozenset(
    [
        "DealReference",
        "IsCommunicatedOutOfBand",
        "DealTerms",
        "ResourceUsage",
        "DealTechnicalResourceDetailsReferenceList",
        "DistributionChannelPage",
    ]
)
DEAL_TERMS: Final = frozenset(
    [
        "IsPreOrderDeal",
        "CommercialModelType",
        "Usage",
        "UseType",
        "UserInterfaceType",
        "CarrierType",
        "DistributionChannelType",
        "DistributionChannel",
        "ExcludedDistributionChannel",
        "AllDealsCancelled",
        "TakeDown",
        "TerritoryCode",
        "ExcludedTerritoryCode",
        "DistributionChannelPage",
        "PriceInformation",
        "IsPromotional",
        "PromotionalCode",
        "ValidityPeriod",
        "ConsumerRentalPeriod",
        "NumberOfUsages",
        "PreOrderReleaseDate",
        "ReleaseDisplayStartDate",
        "ReleaseDisplayStartDateTime",
        "TrackListingPreviewStartDate",
        "TrackListingPreviewStartDateTime",
        "CoverArtPreviewStartDate",
        "CoverArtPreviewStartDateTime",
        "ClipPreviewStartDate",
        "ClipPreviewStartDateTime",
        "PreOrderPreviewDate",
        "PreOrderPreviewDateTime",
        "PreOrderIncentiveResourceList",
        "InstantGratificationResourceList",
        "IsExclusive",
        "RelatedReleaseOfferSet",
        "PhysicalReturns",
        "NumberOfProductsPerCarton",
        "RightsClaimPolicy",
        "WebPolicy",
        "ReturnsPolicy",
        "SellThroughPeriod",
        "TechnicalInstantiation",
    ]
)
USAGE: Final = frozenset(
    [
        "UseType",
        "UserInterfaceType",
        "DistributionChannelType",
        "CarrierType",
        "TechnicalInstantiation",
        "NumberOfUsages",
    ]
)
CHANNEL: Final = frozenset(["PartyId", "PartyName", "TradingName", "URL", "TerritoryCode"])

# Terms that limit what a deal grants, and that nothing here can hold anybody to: where one stands,
# the deal (or of it the use that it stands beside) opens nothing. What the other terms say is
# either kept or limits nothing: prices, returns, what whoever orders ahead gets for it.
LIMITS: Final = {
    "ResourceUsage": "it gives some recordings other uses",
    "IsCommunicatedOutOfBand": "its terms are agreed elsewhere",
    "UserInterfaceType": "it is for certain kinds of player",
    "CarrierType": "it is for certain carriers",
    "DistributionChannelType": "it is not for the whole internet",
    "TechnicalInstantiation": "it is for certain encodings",
    "NumberOfUsages": "it is for a number of uses",
    "ConsumerRentalPeriod": "it rents for a time",
    "SellThroughPeriod": "it sells what is left",
    "PromotionalCode": "it is for a promotion",
    "RelatedReleaseOfferSet": "it holds together with other releases",
    "RightsClaimPolicy": "it is for what users bring",
    "WebPolicy": "it says how pages may show it",
}
# Before these moments not even the title, the songs' names or the cover may be shown.
DISPLAY_DATES: Final = frozenset(
    [
        "ReleaseDisplayStartDate",
        "ReleaseDisplayStartDateTime",
        "TrackListingPreviewStartDate",
        "TrackListingPreviewStartDateTime",
        "FullTrackListingPreviewStartDateTime",
        "CoverArtPreviewStartDate",
        "CoverArtPreviewStartDateTime",
    ]
)
VISIBILITIES: Final = frozenset(["ReleaseVisibility", "TrackReleaseVisibility"])
VISIBILITY: Final = DISPLAY_DATES | {
    "VisibilityReference",
    "TerritoryCode",
    "ExcludedTerritoryCode",
    "ClipPreviewStartDateTime",
}
INTERNET: Final = frozenset(["Internet", "InternetAndMobile"])
TITLE: Final = frozenset(["TitleText", "SubTitle"])
P_LINE: Final = frozenset(["Year", "PLineCompany", "PLineText"])
C_LINE: Final = frozenset(["Year", "CLineCompany", "CLineText"])
VALIDITY: Final = frozenset(["StartDate", "StartDateTime", "EndDate", "EndDateTime"])
IGNORED_RECORDS: Final = frozenset(
    [
        "UpdateIndicator",
        "IsBackfill",
        "CatalogTransfer",
        "CollectionList",
        "CueSheetList",
        "WorkList",
        "ChapterList",
        "SupplementalDocumentList",
        "ReleaseAdmin",
        "Comment",
    ]
)
OTHER_RESOURCES: Final = frozenset(
    ["Video", "Text", "MIDI", "SheetMusic", "Software", "UserDefinedResource", "Chapter"]
)
