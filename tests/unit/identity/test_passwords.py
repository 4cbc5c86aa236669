"""The rule for passwords, and first ones."""

import pytest

from services.identity.calculation import passwords
from services.identity.calculation.passwords import (
    PasswordHoldsUsername,
    PasswordIsCommon,
    PasswordIsTooWeak,
    check_choice,
    first_password,
)

WHO = "phuongquynhon.nhaplieu"


def check(password: str, username: str = WHO) -> None:
    check_choice(password, username, minimum=14, classes=4)


@pytest.mark.parametrize("good", ["Lúa chín vàng 3 đồng", "Mưa rơi trên 7 mái nhà", "xK9#pLm2$vQw8z", "Con trâu đi cày 26"])
def test_a_sentence_with_a_capital_and_a_digit_will_do(good: str) -> None:
    check(good)


@pytest.mark.parametrize("weak", ["Ngắn quá 1", "toàn chữ thường thôi mà", "Không có chữ số nào", "KhongCoDauCach123", "A1 " + "b" * 300])
def test_a_weak_password_is_told_the_rule(weak: str) -> None:
    with pytest.raises(PasswordIsTooWeak) as refusal:
        check(weak)
    assert "14 ký tự" in refusal.value.detail
    assert "chữ hoa" in refusal.value.detail


@pytest.mark.parametrize(
    "common",
    [
        *("Matkhau@123456", "Mật khẩu 123456", "Admin@12345678", "P@ssw0rd123456"),
        *("Qwerty@@@12345", "Gialai@2026ktxh", "aaaaaaaaA1!aaaa", "Abc@1234567890"),
    ],
)
def test_what_everybody_tries_first_is_refused(common: str) -> None:
    with pytest.raises(PasswordIsCommon):
        check(common)


@pytest.mark.parametrize("holding", ["PhuongQuyNhon@2026", "Phường Quy Nhơn 1!", "x1 PHUONG quy nhon!"])
def test_a_password_does_not_hold_the_user_name(holding: str) -> None:
    with pytest.raises(PasswordHoldsUsername):
        check(holding)


def test_the_rule_can_be_set() -> None:
    check_choice("tám ký tự", WHO, minimum=8, classes=2)


def test_first_passwords_keep_the_strictest_rule_and_differ() -> None:
    made = {first_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check(password)
        assert not set(password) & set("0O1lI"), "letters that look alike"


def test_a_password_is_recognised_however_its_diacritics_are_encoded() -> None:
    kept = passwords.hashed("Lúa chín vàng 3 đồng")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "Lu\u0301a chín vàng 3 đồng")
    assert not passwords.matches(kept, "Lua chin vang 3 dong")
    assert not passwords.matches("no hash at all", "Lúa chín vàng 3 đồng")


def test_hashes_of_other_parameters_are_made_anew() -> None:
    assert not passwords.is_outdated(passwords.NOBODY)
    assert passwords.is_outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21l$" + "A" * 43)
