//! Types by content.

use files::sniff::{extension_agrees, extension_of, is_active, judge, sniff};
use proptest::prelude::*;
use rstest::rstest;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";
const OGG_OPUS: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

#[rstest]
#[case(PNG, "image/png")]
#[case(JPEG, "image/jpeg")]
#[case(b"GIF89a\x01\0\x01\0", "image/gif")]
#[case(b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp")]
#[case(b"%PDF-1.7\n", "application/pdf")]
#[case(ZIP, "application/zip")]
#[case(OGG_OPUS, "audio/ogg")]
#[case(MP4, "video/mp4")]
#[case(b"ID3\x04\0\0\0\0", "audio/mpeg")]
#[case("Olá, tudo bem?\n".as_bytes(), "text/plain")]
#[case(b"nome;cidade\nJo\xe3o;S\xe3o Paulo\n", "text/plain")]
#[case(b"\xff\xfea\0b\0", "text/plain")]
#[case(b"", "application/octet-stream")]
#[case(b"\0\x01\x02\x03", "application/octet-stream")]
#[case(b"<!DOCTYPE html><html>", "text/html")]
#[case(b" \n\t<ScRiPt>alert(1)</script>", "text/html")]
#[case(b"\xef\xbb\xbf<html>", "text/html")]
#[case(b"\xff\xfe<\0h\0t\0m\0l\0>\0", "text/html")]
#[case(b"<!-- x --><img src=x onerror=alert(1)>", "text/html")]
#[case(b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "text/html")]
#[case(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml")]
#[case(b"<?xml version=\"1.0\"?>\n<!-- logo --><svg onload='alert(1)'>", "image/svg+xml")]
#[case(b"<?xml version=\"1.0\"?><note/>", "text/xml")]
#[case(b"MZ\x90\0\x03", "application/vnd.microsoft.portable-executable")]
fn bytes_say_what_they_are(#[case] bytes: &[u8], #[case] mime: &str) {
    assert_eq!(sniff(bytes).mime, mime);
}

#[rstest]
#[case(PNG, Some("image/png"), "image/png", true)]
#[case(PNG, Some("IMAGE/PNG; x=y"), "image/png", true)]
#[case(PNG, Some("image/jpeg"), "image/png", false)]
#[case(JPEG, Some("image/jpg"), "image/jpeg", true)]
#[case(PNG, None, "image/png", true)]
#[case(PNG, Some("application/octet-stream"), "image/png", true)]
#[case(OGG_OPUS, Some("audio/ogg; codecs=opus"), "audio/ogg", true)]
#[case(OGG_OPUS, Some("audio/opus"), "audio/opus", true)]
#[case(MP4, Some("audio/mp4"), "audio/mp4", true)]
#[case(
    ZIP,
    Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    true
)]
#[case(ZIP, Some("image/png"), "application/zip", false)]
#[case(b"a;b\n", Some("text/csv"), "text/csv", true)]
#[case(b"alert(1)", Some("text/javascript"), "text/plain", false)]
#[case(b"hello", Some("text/html"), "text/plain", false)]
#[case(b"<html><script>", Some("image/png"), "text/html", false)]
#[case(b"<svg onload=x>", Some("image/png"), "image/svg+xml", false)]
fn the_declared_type_refines_but_never_overrules(
    #[case] bytes: &[u8],
    #[case] declared: Option<&str>,
    #[case] mime: &str,
    #[case] agrees: bool,
) {
    let verdict = judge(declared, &sniff(bytes));
    assert_eq!((verdict.mime.as_str(), verdict.agrees), (mime, agrees));
}

#[test]
fn active_types_are_known() {
    for mime in ["text/html", "TEXT/HTML; x", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript"] {
        assert!(is_active(mime), "{mime}");
    }
    assert!(!is_active("image/png") && !is_active("text/plain") && !is_active("application/pdf"));
}

#[test]
fn endings_agree_with_types() {
    assert!(extension_agrees("a.JPG", "image/jpeg") && extension_agrees("a", "image/jpeg"));
    assert!(!extension_agrees("a.html", "image/png") && !extension_agrees("a.png.exe", "image/png"));
    assert!(extension_agrees("a.xyz", "application/x-unknown"));
    assert_eq!((extension_of("audio/ogg"), extension_of("x/y")), (Some("ogg"), None));
}

proptest! {
    /// Whatever is declared: bytes that begin like a page never get a type that is shown inline.
    #[test]
    fn a_page_is_never_anything_else(space in "[ \\t\\r\\n]{0,9}", rest in any::<Vec<u8>>(), declared in "[a-z]{1,9}/[a-z.+-]{1,12}") {
        let bytes = [space.as_bytes(), b"<script>".as_slice(), rest.as_slice()].concat();
        let verdict = judge(Some(&declared), &sniff(&bytes));
        prop_assert!(is_active(&verdict.mime), "{}", verdict.mime);
    }

    #[test]
    fn sniffing_never_panics(bytes in any::<Vec<u8>>(), declared in any::<String>()) {
        judge(Some(&declared), &sniff(&bytes));
    }
}
