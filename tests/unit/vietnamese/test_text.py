from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.vietnamese import fold, normalise, slug_of_name, sort_key

SYLLABLES = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ "
vietnamese_text = st.text(SYLLABLES + SYLLABLES.upper() + "0123456789", max_size=30)


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("Hoà", "Hòa"),
        ("HOÀ BÌNH", "HÒA BÌNH"),
        ("uỷ ban", "ủy ban"),
        ("Thuỷ điện", "Thủy điện"),
        ("khoẻ", "khỏe"),
        ("Hòan thiện", "Hoàn thiện"),
        ("Qúy I", "Quý I"),
        ("Quỳnh, quỷ, quả", "Quỳnh, quỷ, quả"),
        ("già, giếng, gìn giữ", "già, giếng, gìn giữ"),
        ("ngừơi", "người"),
        ("khúyu", "khuýu"),
        ("mía múa mái cứu thuở huế", "mía múa mái cứu thuở huế"),
        ("xoài, ngoáy, yếu, chuyến", "xoài, ngoáy, yếu, chuyến"),
        ("Krông Nô, Đăk Pxi, Ia H'Drung, D'ran", "Krông Nô, Đăk Pxi, Ia H'Drung, D'ran"),
    ],
)
def test_a_tone_stands_where_the_older_spelling_puts_it(typed: str, normalised: str) -> None:
    assert normalise(typed) == normalised


def test_both_spellings_of_a_tone_are_the_same_name() -> None:
    assert normalise("Phường Bình Hưng Hoà") == normalise("Phường Bình Hưng Hòa")
    assert sort_key("Hoà") == sort_key("Hòa")


def test_invisible_characters_go_and_a_no_break_space_is_a_space() -> None:
    assert normalise("\ufeffXã\u00a0An\u200b\u00adLão") == "Xã AnLão"


def test_decomposed_and_composed_text_are_the_same() -> None:
    assert normalise("Ho\u0300a Thu\u031bo\u031b\u0323ng") == "Hòa Thượng"
    assert normalise("Ha\u0301\u0302u") == "Hấu", "marks in the wrong order"


def test_an_eth_from_an_old_code_page_is_the_letter_it_looks_like() -> None:
    assert normalise("\u00d0ồng Nai") == "Đồng Nai"
    assert fold("\u00d0ồng Nai") == "dong nai"


@given(st.text(max_size=40) | vietnamese_text)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(vietnamese_text)
def test_normalising_moves_tones_and_nothing_else(text: str) -> None:
    assert fold(normalise(text)) == fold(text)
    assert len(normalise(text)) == len(text)


def test_official_names_differ_from_their_normal_form_in_oa_oe_uy_only(unit_names: list[str]) -> None:
    moved = [(a, b) for name in unit_names for a, b in zip(name.split(), normalise(name).split(), strict=True) if a != b]
    assert {fold(a)[-2:] for a, _ in moved} <= {"oa", "oe", "uy"}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("gia lai", "Gia Lai"),
        ("dak doa", "Đăk Đoa"),
        ("dong nai", "Đồng Nai"),
        ("DONG NAI", "đồng nai"),
        ("an tuc", "Ân Túc"),
        ("hoa", "Hoà"),
        ("h drung", "H Drung"),
        ("dran", "D’Ran"),
        ("ba ria vung tau", "Bà Rịa - Vũng Tàu"),
        ("nguoi km2", "người/km²"),
        ("truong sa", "Tru\u031bo\u031b\u0300ng Sa"),
    ],
)
def test_a_name_is_found_without_its_diacritics(typed: str, name: str) -> None:
    assert fold(typed) == fold(name)


@given(st.text(max_size=40))
def test_a_search_key_is_its_own_search_key(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_official_name_folds_to_plain_ascii(unit_names: list[str]) -> None:
    assert [name for name in unit_names if not fold(name).isascii() or not fold(name)] == []


def test_an_account_name_holds_letters_and_digits_only(unit_names: list[str]) -> None:
    assert slug_of_name("Phường Quy Nhơn") == "phuongquynhon"
    assert slug_of_name("Xã Ia H'Drung 2") == "xaiahdrung2"
    assert all(slug_of_name(name).isalnum() and slug_of_name(name).isascii() for name in unit_names)


def in_order(*names: str) -> bool:
    shuffled = list(names)
    random.Random(7).shuffle(shuffled)
    return sorted(shuffled, key=sort_key) == list(names)


def test_tones_come_in_the_order_of_the_dictionary() -> None:
    assert in_order("a", "à", "ả", "ã", "á", "ạ", "ă", "ằ", "ắ", "â", "ấ", "b")


def test_letters_come_in_the_order_of_the_alphabet() -> None:
    assert in_order("da", "dy", "đa", "đy", "e", "ê", "g", "o", "ô", "ơ", "p", "u", "ư", "v")


def test_a_tone_counts_only_where_all_letters_are_equal() -> None:
    assert in_order("Bà Ba", "Ba Tư", "Bà Tư", "Bã Tư", "Bá Ưu")


def test_a_shorter_word_comes_first() -> None:
    assert in_order("An", "An Khê", "An Lão", "Anh Sơn", "Ân Thi")


def test_numbers_in_names_come_by_their_value() -> None:
    assert in_order("Phường 1", "Phường 2", "Phường 10", "Phường 10A", "Phường 100", "Phường 1000000000", "Phường An Bình")


def test_lower_case_comes_before_upper_case() -> None:
    assert in_order("hòa", "Hòa", "HÒA")


@given(vietnamese_text, vietnamese_text)
def test_sort_keys_differ_wherever_names_differ(one: str, other: str) -> None:
    same = " ".join(normalise(one).split()) == " ".join(normalise(other).split())
    assert (sort_key(one) == sort_key(other)) is same


@given(st.lists(st.text(max_size=10) | vietnamese_text, max_size=20))
def test_order_by_bytes_is_order_by_key(names: list[str]) -> None:
    keys = [sort_key(name.replace("\x00", "")) for name in names]
    keys = [key for key in keys if not any(0xD800 <= ord(c) < 0xE000 for c in key)]
    assert sorted(keys) == sorted(keys, key=lambda key: key.encode("utf-8"))


def test_official_names_are_sorted_letter_by_letter(unit_names: list[str]) -> None:
    provinces = [name for name in unit_names if name.startswith("Tỉnh ")]
    ordered = sorted(provinces, key=sort_key)
    assert ordered[0] == "Tỉnh An Giang"
    assert ordered.index("Tỉnh Điện Biên") > ordered.index("Tỉnh Cao Bằng")
    assert ordered.index("Tỉnh Đắk Lắk") < ordered.index("Tỉnh Gia Lai")
