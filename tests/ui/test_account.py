"""Who may do what on a host with sign-in: by what the provider says of an account, and by the host's lists."""

from typing import Any

import pytest

from malaria.ui.parts.account import Role, find_role

ROLES = {"leads": ["chief@lab.example", "sub-7"], "annotators": ["*@lab.example"]}


@pytest.mark.parametrize(
    ("told", "roles", "role"),
    [
        ({"sub": "a", "email": "chief@lab.example"}, ROLES, Role.LEAD),
        ({"sub": "a", "email": "Chief@Lab.Example", "email_verified": True}, ROLES, Role.LEAD),
        ({"sub": "sub-7"}, ROLES, Role.LEAD),
        ({"sub": "a", "email": "ann@lab.example"}, ROLES, Role.ANNOTATOR),
        ({"sub": "a", "email": "ann@lab.example", "email_verified": False}, ROLES, Role.VISITOR),
        ({"sub": "a", "email": "chief@lab.example.evil.example"}, ROLES, Role.VISITOR),
        ({"sub": "a", "email": "ann@elsewhere.example"}, ROLES, Role.VISITOR),
        ({"sub": "a"}, ROLES, Role.VISITOR),
        ({"sub": "chief@lab.example", "email": "x@elsewhere.example"}, {"annotators": []}, Role.VISITOR),
        ({"sub": "a", "email": "ann@elsewhere.example"}, {}, Role.ANNOTATOR),
        ({"sub": "a"}, {"leads": ["b"]}, Role.ANNOTATOR),
    ],
)
def test_a_role_follows_from_a_subject_or_an_address_that_is_not_unverified(
    told: dict[str, Any], roles: dict[str, list[str]], role: Role
) -> None:
    assert find_role(told, roles) is role
