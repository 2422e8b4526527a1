"""Who uses the app, and what they may see: an account where the host has set up sign-in, else a name of their own."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final

import streamlit as st

from malaria.ui.parts.text import literal

SHARED: Final = "MALARIA_SHARED_JOURNAL"
"""The environment variable that, set to 1, shows every visitor all decisions of a host without sign-in."""


class Role(StrEnum):
    """What somebody may do on a host with sign-in."""

    VISITOR = "visitor"
    """Try everything; decisions stay in the session."""
    ANNOTATOR = "annotator"
    """Decide, and see and download one's own decisions."""
    LEAD = "lead"
    """See and download all decisions, answer as the third reader, add the rows of an earlier journal."""


@dataclass(frozen=True)
class Account:
    """Who signed in. `subject` is what the provider calls them for ever, and the annotator in the journal."""

    subject: str
    name: str
    role: Role


def has_sign_in() -> bool:
    """Whether the host has set up sign-in: a section [auth] in .streamlit/secrets.toml."""
    return bool(_read_secrets("auth"))


def get_account() -> Account | None:
    """Return who is signed in; None for whoever is not, and on a host without sign-in."""
    if not has_sign_in() or not st.user.is_logged_in:
        return None
    told = st.user.to_dict()
    subject = str(told["sub"])
    name = str(told.get("name") or told.get("email") or subject)
    _list_names()[subject] = name
    return Account(subject, name, find_role(told, _read_secrets("roles")))


def find_role(told: Mapping[str, Any], roles: Mapping[str, Any]) -> Role:
    """Return the role of somebody of whom the provider has `told` this.

    `roles` has lists of leads and annotators: subjects, e-mail addresses, or patterns such as *@institute.org. Where
    it names no annotators, everybody who signs in is one. An address that the provider calls unverified is nobody's.
    """
    email = str(told.get("email") or "").lower() if told.get("email_verified", True) else ""

    def is_in(patterns: Sequence[str]) -> bool:
        return told.get("sub") in patterns or any(email and fnmatchcase(email, one.lower()) for one in patterns)

    if is_in(roles.get("leads", ())):
        return Role.LEAD
    return Role.VISITOR if "annotators" in roles and not is_in(roles["annotators"]) else Role.ANNOTATOR


def sees_all() -> bool:
    """Whether all decisions are shown to whoever is here, and not their own alone."""
    if has_sign_in():
        account = get_account()
        return account is not None and account.role is Role.LEAD
    return os.environ.get(SHARED) == "1"


def tells_by_name() -> bool:
    """Whether a name that anybody can type is all that tells whose decisions are whose."""
    return not has_sign_in() and not sees_all()


def is_kept() -> bool:
    """Whether the host keeps the decisions of whoever is here."""
    account = get_account()
    return not has_sign_in() or (account is not None and account.role is not Role.VISITOR)


def say_what_is_seen() -> str:
    """Say whose decisions are shown here, and why."""
    if not is_kept():
        return (
            "Your account may try everything, but not decide: your decisions stay in this session."
            if get_account()
            else "You are not signed in: your decisions stay in this session. Sign in to keep them."
        )
    if sees_all():
        return "As a lead, you see the decisions of everyone." if has_sign_in() else "Everyone here sees all decisions."
    return "You see your own decisions only."


def name_annotator(annotator: str) -> str:
    """Return what to call an annotator of the journal: for an account its name, once it has signed in here."""
    return _list_names().get(annotator, annotator)


def draw_sign_in() -> None:
    """Draw who is signed in and the way in or out; nothing on a host without sign-in."""
    if not has_sign_in():
        return
    account = get_account()
    if account is None:
        st.button("Sign in", icon=":material/login:", key="account.in", on_click=st.login, width="stretch")
    else:
        st.caption(f":material/person: {literal(account.name)}, {account.role}")
        st.button("Sign out", icon=":material/logout:", key="account.out", on_click=st.logout, width="stretch")


def _read_secrets(section: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = st.secrets.get(section, {}) if st.secrets.load_if_toml_exists() else {}
    return found


@st.cache_resource
def _list_names() -> dict[str, str]:
    """The names of those who have signed in since the app was started, by subject."""
    return {}
