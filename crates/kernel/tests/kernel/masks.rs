//! Masks keep the shape of a value and nothing else of it.

use crate::access::{at, grant, id, subject};
use kernel::masks::{self, HIDDEN, Mask, MaskSet};
use kernel::{Permission, Resource, Scope};
use proptest::prelude::*;

#[test]
fn the_shapes_of_the_document() {
    assert_eq!(masks::phone("+5511987654321"), "+55 11 *****-**21");
    assert_eq!(masks::phone("+551138765421"), "+55 11 ****-**21");
    assert_eq!(masks::phone("+351912345678"), "+**********78");
    assert_eq!(masks::phone("190"), "***");
    assert_eq!(masks::email("maria@dominio.com.br"), "m***@d***");
    assert_eq!(masks::document("123.456.789-09"), "***.***.789-**");
    assert_eq!(masks::document("12345678909"), "***.***.789-**");
    assert_eq!(masks::document("12.ABC.345/01DE-35"), "**.***.***/****-35");
    assert_eq!(masks::date("1990-05-17"), "****-**-**");
    assert_eq!(masks::text("Rua das Flores 12"), "R*** d*** F*** 1***");
}

#[test]
fn a_name_that_is_an_address_is_masked_like_one_and_a_real_name_stays() {
    assert_eq!(masks::name("+55 11 98765-4321").as_deref(), Some("+55 11 *****-**21"));
    assert_eq!(masks::name("ana@dominio.com").as_deref(), Some("a***@d***"));
    assert_eq!(masks::name("Ana 2"), None);
    assert_eq!(masks::name("Clínica 24 horas 1234567"), None);
}

#[test]
fn check_21_what_came_from_a_mask_is_not_written_back() {
    for masked in [masks::phone("+5511987654321"), masks::email("a@b.c"), masks::document("12345678909")] {
        assert_eq!(masks::refuse_masked("phone", &masked).unwrap_err().code(), "FIELD_MASKED");
    }
    masks::refuse_masked("phone", "+5511987654321").unwrap();
    let hidden: MaskSet = [Mask::ContactPii].into_iter().collect();
    assert_eq!(masks::refuse_probing(hidden, Mask::ContactPii, "q").unwrap_err().code(), "FIELD_MASKED");
    masks::refuse_probing(hidden, Mask::Money, "sort").unwrap();
}

#[test]
fn a_group_is_masked_where_its_permission_does_not_reach_and_where_the_key_says_so() {
    let here = Resource::in_unit(id(100), Some(id(1)));
    let there = Resource::in_unit(id(100), Some(id(2)));
    let mut reader = subject(vec![grant(Scope::Units(vec![id(1)]), Permission::CONTACTS_VIEW_PII)], None);
    assert!(!masks::of(&reader, &here, at(0)).contains(Mask::ContactPii));
    assert!(masks::of(&reader, &here, at(0)).contains(Mask::Clinical));
    assert!(masks::of(&reader, &there, at(0)).contains(Mask::ContactPii));
    reader.masks = [Mask::ContactPii].into_iter().collect();
    assert!(masks::of(&reader, &here, at(0)).contains(Mask::ContactPii));
}

#[test]
fn an_archive_is_for_those_who_see_every_group_in_the_whole_organization() {
    let all = [Permission::CONTACTS_VIEW_PII, Permission::CONTACTS_VIEW_CLINICAL, Permission::COSTS_VIEW];
    let everywhere = |hidden: usize| {
        let shown = all.iter().enumerate().filter(|(n, _)| *n != hidden);
        subject(shown.map(|(_, permission)| grant(Scope::Organization, *permission)).collect(), None)
    };
    assert_eq!(masks::hidden_somewhere(&everywhere(9), at(0)), None);
    for (n, mask) in Mask::ALL.into_iter().enumerate() {
        assert_eq!(masks::hidden_somewhere(&everywhere(n), at(0)), Some(mask));
        // In one unit is not everywhere.
        let mut partly = everywhere(n);
        partly.grants.push(grant(Scope::Units(vec![id(1)]), mask.permission()));
        assert_eq!(masks::hidden_somewhere(&partly, at(0)), Some(mask));
        let mut key = everywhere(9);
        key.masks = [mask].into_iter().collect();
        assert_eq!(masks::hidden_somewhere(&key, at(0)), Some(mask));
    }
    // A suspended organization's admin still sees what is his to take along.
    let mut admin = everywhere(9);
    admin.organization = kernel::access::OrganizationStanding::Blocked;
    assert_eq!(masks::hidden_somewhere(&admin, at(0)), None);
}

proptest! {
    /// No run of digits longer than the two that the shape keeps survives, whatever the number.
    #[test]
    fn a_masked_phone_keeps_two_digits(digits in "[0-9]{8,15}") {
        let masked = masks::phone(&format!("+{digits}"));
        prop_assert!(masked.ends_with(&digits[digits.len() - 2..]));
        let brazilian = digits.starts_with("55") && matches!(digits.len(), 12 | 13);
        let shown: usize = masked.chars().filter(char::is_ascii_digit).count();
        prop_assert_eq!(shown, if brazilian { 6 } else { 2 });
        prop_assert!(masked.contains(HIDDEN));
    }

    #[test]
    fn a_masked_email_keeps_first_letters_only(name in "[a-z]{1,20}", domain in "[a-z]{1,10}\\.[a-z]{2,5}") {
        let masked = masks::email(&format!("{name}@{domain}"));
        prop_assert_eq!(masked, format!("{}***@{}***", &name[..1], &domain[..1]));
    }

    #[test]
    fn a_masked_document_has_its_length_and_separators(document in "[0-9A-Z./-]{5,20}") {
        let masked = masks::document(&document);
        let plain: String = document.chars().filter(|c| c.is_alphanumeric()).collect();
        let cpf = plain.len() == 11 && plain.bytes().all(|b| b.is_ascii_digit());
        if !cpf {
            prop_assert_eq!(masked.chars().count(), document.chars().count());
            prop_assert!(masked.chars().filter(|c| c.is_alphanumeric()).count() <= 2);
        }
        prop_assert!(plain.len() <= 4 || masked.contains(HIDDEN));
    }

    /// Masking never fails and never shows more than it got.
    #[test]
    fn any_text_can_be_masked(text in "\\PC{0,60}") {
        for masked in [masks::phone(&text), masks::email(&text), masks::document(&text), masks::text(&text)] {
            prop_assert!(masked.chars().count() <= text.chars().count() + 40);
        }
        let _ = masks::name(&text);
    }
}
