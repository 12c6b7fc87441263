//! File names that people give.

use files::name::display_name;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("exame.pdf", "exame.pdf")]
#[case("Ultrassom – João  Silva.PDF", "Ultrassom – João Silva.PDF")]
#[case("../../etc/passwd", "passwd")]
#[case("C:\\Users\\x\\laudo.docx", "laudo.docx")]
#[case("/", "file.pdf")]
#[case("..", "file.pdf")]
#[case("", "file.pdf")]
#[case("   ", "file.pdf")]
#[case(".htaccess", "htaccess")]
#[case("a.pdf.. ", "a.pdf")]
#[case("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf")]
#[case("a\0b\u{7f}c\u{1b}[31m.pdf", "abc[31m.pdf")]
#[case("\u{202e}fdp.exe", "fdp.exe")]
#[case("a\u{200b}\u{feff}\u{2066}b.pdf", "ab.pdf")]
#[case("%2e%2e%2fx.pdf", "%2e%2e%2fx.pdf")]
#[case("a\u{2028}b.pdf", "a b.pdf")]
#[case("日本語.pdf", "日本語.pdf")]
fn names_are_made_fit_to_show(#[case] given: &str, #[case] shown: &str) {
    assert_eq!(display_name(Some(given), "application/pdf"), shown);
}

#[test]
fn without_a_name_the_type_gives_one() {
    assert_eq!(display_name(None, "image/jpeg"), "file.jpg");
    assert_eq!(display_name(None, "application/x-unknown"), "file");
}

#[test]
fn long_names_keep_their_ending() {
    let name = display_name(Some(&format!("{}.pdf", "é".repeat(4096))), "application/pdf");
    assert!(name.len() <= 255 && name.len() > 250 && name.ends_with("é.pdf"), "{}", name.len());
    let no_ending = display_name(Some(&format!("a.{}", "b".repeat(4096))), "application/pdf");
    assert_eq!(no_ending.len(), 255);
}

proptest! {
    #[test]
    fn any_name_becomes_a_short_plain_line(given in any::<String>(), tail in "[./\\\\ \\u{202e}\\r\\n]{0,5}") {
        let name = display_name(Some(&(given + &tail)), "image/png");
        prop_assert!(!name.is_empty() && name.len() <= 255);
        prop_assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control));
        prop_assert!(!name.starts_with('.') && !name.starts_with(' '));
        prop_assert_eq!(display_name(Some(&name), "image/png"), name.clone(), "a second time changes nothing");
    }
}
