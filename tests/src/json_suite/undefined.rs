//! What a parser may accept or refuse as it likes, as long as it does one of the two.

use super::{Case, case, nested};

/// The `i_` cases.
#[rustfmt::skip]
pub const UNDEFINED: &[Case] = &[
    case("i_number_double_huge_neg_exp", b"[123.456e-789]"),
    case("i_number_huge_exp", b"[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999969999999006]"),
    case("i_number_neg_int_huge_exp", b"[-1e+9999]"),
    case("i_number_pos_double_huge_exp", b"[1.5e+9999]"),
    case("i_number_real_neg_overflow", b"[-123123e100000]"),
    case("i_number_real_pos_overflow", b"[123123e100000]"),
    case("i_number_real_underflow", b"[123e-10000000]"),
    case("i_number_too_big_neg_int", b"[-123123123123123123123123123123]"),
    case("i_number_too_big_pos_int", b"[100000000000000000000]"),
    case("i_number_very_big_negative_int", b"[-237462374673276894279832749832423479823246327846]"),
    case("i_object_key_lone_2nd_surrogate", b"{\"\\uDFAA\":0}"),
    case("i_string_1st_surrogate_but_2nd_missing", b"[\"\\uDADA\"]"),
    case("i_string_1st_valid_surrogate_2nd_invalid", b"[\"\\uD888\\u1234\"]"),
    case("i_string_UTF-16LE_with_BOM", b"\xff\xfe[\0\"\0\xe9\0\"\0]\0"),
    case("i_string_UTF-8_invalid_sequence", b"[\"\xe6\x97\xa5\xd1\x88\xfa\"]"),
    case("i_string_UTF8_surrogate_U+D800", b"[\"\xed\xa0\x80\"]"),
    case("i_string_incomplete_surrogate_and_escape_valid", b"[\"\\uD800\\n\"]"),
    case("i_string_incomplete_surrogate_pair", b"[\"\\uDd1ea\"]"),
    case("i_string_incomplete_surrogates_escape_valid", b"[\"\\uD800\\uD800\\n\"]"),
    case("i_string_invalid_lonely_surrogate", b"[\"\\ud800\"]"),
    case("i_string_invalid_surrogate", b"[\"\\ud800abc\"]"),
    case("i_string_invalid_utf-8", b"[\"\xff\"]"),
    case("i_string_inverted_surrogates_U+1D11E", b"[\"\\uDd1e\\uD834\"]"),
    case("i_string_iso_latin_1", b"[\"\xe9\"]"),
    case("i_string_lone_second_surrogate", b"[\"\\uDFAA\"]"),
    case("i_string_lone_utf8_continuation_byte", b"[\"\x81\"]"),
    case("i_string_not_in_unicode_range", b"[\"\xf4\xbf\xbf\xbf\"]"),
    case("i_string_overlong_sequence_2_bytes", b"[\"\xc0\xaf\"]"),
    case("i_string_overlong_sequence_6_bytes", b"[\"\xfc\x83\xbf\xbf\xbf\xbf\"]"),
    case("i_string_overlong_sequence_6_bytes_null", b"[\"\xfc\x80\x80\x80\x80\x80\"]"),
    case("i_string_truncated-utf-8", b"[\"\xe0\xff\"]"),
    case("i_string_utf16BE_no_BOM", b"\0[\0\"\0\xe9\0\"\0]"),
    case("i_string_utf16LE_no_BOM", b"[\0\"\0\xe9\0\"\0]\0"),
    nested("i_structure_500_nested_arrays", b"[", b"]", 500),
    case("i_structure_UTF-8_BOM_empty_object", b"\xef\xbb\xbf{}"),
];
