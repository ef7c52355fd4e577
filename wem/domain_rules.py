"""Which provider a mail domain belongs to: the groups of reports and pace, and the phone carriers."""

from enum import StrEnum


class DomainGroup(StrEnum):
    """Providers told apart in reports, segments and pace."""

    DOCOMO = "docomo"
    AU = "au"
    SOFTBANK = "softbank"
    YMOBILE = "ymobile"
    UQ = "uq"
    RAKUTEN = "rakuten"
    GMAIL = "gmail"
    YAHOO_JP = "yahoo_jp"
    MICROSOFT = "microsoft"
    ICLOUD = "icloud"
    OTHER = "other"


# English msgids; their Japanese stands in list_rules.po.
DOMAIN_GROUP_TEXTS: dict[DomainGroup, str] = {
    DomainGroup.DOCOMO: "docomo",
    DomainGroup.AU: "au",
    DomainGroup.SOFTBANK: "SoftBank",
    DomainGroup.YMOBILE: "Y!mobile",
    DomainGroup.UQ: "UQ mobile",
    DomainGroup.RAKUTEN: "Rakuten Mobile",
    DomainGroup.GMAIL: "Gmail",
    DomainGroup.YAHOO_JP: "Yahoo! JAPAN",
    DomainGroup.MICROSOFT: "Microsoft",
    DomainGroup.ICLOUD: "iCloud",
    DomainGroup.OTHER: "Other domains",
}

CARRIERS = frozenset(
    (
        DomainGroup.DOCOMO,
        DomainGroup.AU,
        DomainGroup.SOFTBANK,
        DomainGroup.YMOBILE,
        DomainGroup.UQ,
        DomainGroup.RAKUTEN,
    )
)

_VODAFONE_AREAS = "dhtckrnsq"

# The whole domain, and with a leading dot all domains under it.
_DOMAINS: dict[DomainGroup, tuple[str, ...]] = {
    DomainGroup.DOCOMO: ("docomo.ne.jp", ".docomo.ne.jp"),
    DomainGroup.AU: (
        "ezweb.ne.jp",
        ".ezweb.ne.jp",
        "au.com",
        "biz.au.com",
        "sky.tkk.ne.jp",
        "sky.tkc.ne.jp",
        "sky.tu-ka.ne.jp",
        "ido.ne.jp",
        ".ido.ne.jp",
    ),
    DomainGroup.SOFTBANK: (
        "softbank.ne.jp",
        "i.softbank.jp",
        "disney.ne.jp",
        *(f"{area}.vodafone.ne.jp" for area in _VODAFONE_AREAS),
        *(f"jp-{area}.ne.jp" for area in _VODAFONE_AREAS),
    ),
    DomainGroup.YMOBILE: (
        "ymobile.ne.jp",
        "ymobile1.ne.jp",
        "yahoo.ne.jp",
        "willcom.com",
        "pdx.ne.jp",
        ".pdx.ne.jp",
        "emnet.ne.jp",
    ),
    DomainGroup.UQ: ("uqmobile.jp",),
    DomainGroup.RAKUTEN: ("rakuten.jp", "rakumail.jp"),
    DomainGroup.GMAIL: ("gmail.com", "googlemail.com"),
    DomainGroup.YAHOO_JP: ("yahoo.co.jp", "ybb.ne.jp"),
    DomainGroup.MICROSOFT: (
        "outlook.com",
        "outlook.jp",
        "outlook.co.jp",
        "hotmail.com",
        "hotmail.co.jp",
        "live.jp",
        "live.com",
        "msn.com",
    ),
    DomainGroup.ICLOUD: ("icloud.com", "me.com", "mac.com"),
}

_GROUP_OF = {domain: group for group, domains in _DOMAINS.items() for domain in domains}


def domain_group(domain: str) -> DomainGroup:
    """The group of a lower-case domain."""
    if group := _GROUP_OF.get(domain):
        return group
    parent = domain.partition(".")[2]
    while parent:
        if group := _GROUP_OF.get("." + parent):
            return group
        parent = parent.partition(".")[2]
    return DomainGroup.OTHER


def is_carrier(domain: str) -> bool:
    """Whether the domain is a Japanese phone carrier's (its mail is no パソコン用電子メールアドレス, Art. 4-1)."""
    return domain_group(domain) in CARRIERS
