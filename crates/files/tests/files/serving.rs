//! Headers and ranges of answers with blobs.

use files::disposition::{content_disposition, is_inline_safe, serving_headers};
use files::range::{Wanted, content_range, wanted};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("image/png", "a b.png", "inline; filename=\"a b.png\"")]
#[case("text/html", "x.html", "attachment; filename=\"x.html\"")]
#[case("image/svg+xml", "x.svg", "attachment; filename=\"x.svg\"")]
#[case("application/pdf", "exame é.pdf", "inline; filename=\"exame _.pdf\"; filename*=UTF-8''exame%20%C3%A9.pdf")]
#[case("x/y", "a\"b\\c%d.txt", "attachment; filename=\"a_b_c_d.txt\"; filename*=UTF-8''a%22b%5Cc%25d.txt")]
#[case("x/y", "a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab")]
#[case("x/y", "", "attachment; filename=\"\"")]
fn the_disposition_follows_the_standard(#[case] mime: &str, #[case] name: &str, #[case] expected: &str) {
    assert_eq!(content_disposition(mime, name), expected);
}

#[test]
fn nothing_that_can_act_is_inline() {
    for mime in ["text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "text/plain", "application/zip", ""]
    {
        assert!(!is_inline_safe(mime), "{mime}");
        assert!(content_disposition(mime, "x").starts_with("attachment;"));
    }
}

#[test]
fn an_active_type_is_served_as_bytes_in_a_sandbox() {
    let headers = serving_headers("text/html", "x.html");
    let of = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(of("content-type"), Some("application/octet-stream"));
    assert_eq!(of("x-content-type-options"), Some("nosniff"));
    assert_eq!(of("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(serving_headers("image/png", "x.png")[0].1, "image/png");
    assert_eq!(serving_headers("image/png\r\nx: y", "x.png")[0].1, "application/octet-stream");
}

#[rstest]
#[case(None, Wanted::Whole)]
#[case(Some("bytes=0-"), Wanted::Part(0..100))]
#[case(Some("bytes=0-0"), Wanted::Part(0..1))]
#[case(Some("bytes=10-19"), Wanted::Part(10..20))]
#[case(Some("bytes=90-1000"), Wanted::Part(90..100))]
#[case(Some("bytes=-10"), Wanted::Part(90..100))]
#[case(Some("bytes=-1000"), Wanted::Part(0..100))]
#[case(Some("bytes=100-"), Wanted::Unsatisfiable)]
#[case(Some("bytes=-0"), Wanted::Unsatisfiable)]
#[case(Some("bytes=20-10"), Wanted::Whole)]
#[case(Some("bytes=0-1,5-6"), Wanted::Whole)]
#[case(Some("bytes=a-b"), Wanted::Whole)]
#[case(Some("bytes=+1-2"), Wanted::Whole)]
#[case(Some("bytes=-"), Wanted::Whole)]
#[case(Some("lines=1-2"), Wanted::Whole)]
#[case(Some("bytes=0-18446744073709551615"), Wanted::Part(0..100))]
fn ranges_are_read_strictly(#[case] header: Option<&str>, #[case] expected: Wanted) {
    assert_eq!(wanted(header, 100), expected);
}

#[test]
fn a_part_is_announced() {
    assert_eq!(content_range(&(10..20), 100), "bytes 10-19/100");
}

proptest! {
    #[test]
    fn a_disposition_is_one_line_of_ascii(mime in any::<String>(), name in any::<String>()) {
        let value = content_disposition(&mime, &name);
        prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{value:?}");
        prop_assert_eq!(value.matches('"').count(), 2);
    }

    #[test]
    fn a_part_lies_inside_the_blob(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", size in any::<u64>()) {
        if let Wanted::Part(part) = wanted(Some(&header), size) {
            prop_assert!(part.start < part.end && part.end <= size);
        }
    }
}
