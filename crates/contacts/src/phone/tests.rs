use super::*;
use proptest::prelude::*;

const AREAS: [u8; 67] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 51, 53, 54, 55, 61, 62, 63, 64, 65, 66, 67, 68, 69, 71, 73, 74, 75, 77, 79, 81, 82, 83, 84, 85, 86, 87, 88, 89,
    91, 92, 93, 94, 95, 96, 97, 98, 99,
];

fn provider(raw: &str) -> Option<Phone> {
    Phone::parse(raw, None)
}

#[test]
fn every_case_of_the_shared_table() {
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../../../fixtures/whatsapp/phone_normalisation_cases.json")).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let phone = Phone::parse(case["in"].as_str().unwrap(), case["default_country"].as_str());
        assert_eq!(phone.as_ref().map(Phone::canonical), case["canonical_e164"].as_str(), "{case}");
        // The table gives a landline the key that a mobile with the same last digits would have. The specification says
        // that landlines have none, so that they never meet a mobile, and it wins.
        if case["kind"].as_str().unwrap().starts_with("landline") {
            assert_eq!(phone.unwrap().match_key(), None, "{case}");
        } else if let Some(key) = case["match_key"].as_str() {
            assert_eq!(phone.unwrap().match_key(), Some(key), "{case}");
        }
    }
}

#[test]
fn all_area_codes_and_no_others() {
    for area in 10..=99u8 {
        let phone = provider(&format!("55{area}990000017"));
        assert_eq!(phone.is_some(), AREAS.contains(&area), "area {area}");
    }
}

#[test]
fn both_ways_to_write_a_mobile_are_one_person_and_swap() {
    for area in AREAS {
        for first in 6..=9u8 {
            let (short, long) = (format!("55{area}{first}0000017"), format!("55{area}9{first}0000017"));
            let (a, b) = (provider(&short).unwrap(), provider(&long).unwrap());
            assert_eq!(a, b);
            assert_eq!(other_form(&short).as_deref(), Some(long.as_str()));
            assert_eq!(other_form(&long).as_deref(), Some(short.as_str()));
        }
    }
    assert_eq!(other_form("5511930000017"), None, "without its 9 it would be a landline");
    assert_eq!(other_form("551130000017"), None);
    assert_eq!(other_form("12025550123"), None);
}

#[test]
fn what_is_no_phone_is_refused() {
    for raw in
        ["", "+", "BR.13491208655302741918", "55119900000171", "5511990000", "551199000001x", "11 0000-0000", "911"]
    {
        assert_eq!(provider(raw), None, "{raw}");
    }
    assert_eq!(Phone::parse("98000-0017", Some("BR")), None, "no area code");
}

#[test]
fn other_countries() {
    assert_eq!(provider("351912345678").unwrap().canonical(), "+351912345678");
    assert_eq!(provider("351912345678").unwrap().match_key(), Some("351:912345678"));
    assert_eq!(Phone::parse("912 345 678", Some("PT")).unwrap().canonical(), "+351912345678");
    assert_eq!(Phone::parse("+55 11 9000-0017", Some("PT")).unwrap().canonical(), "+5511990000017");
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(raw in "[+]?(55)?[0-9]{8,13}") {
        for country in [None, Some("BR")] {
            if let Some(phone) = Phone::parse(&raw, country) {
                prop_assert_eq!(Phone::parse(phone.canonical(), None), Some(phone.clone()));
                prop_assert_eq!(Phone::parse(phone.canonical(), Some("BR")), Some(phone));
            }
        }
    }

    #[test]
    fn a_landline_never_meets_a_mobile(area in prop::sample::select(AREAS.to_vec()), tail in 0..10_000_000u32, first in 2..=5u8) {
        let landline = provider(&format!("55{area}{first}{tail:07}")).unwrap();
        prop_assert_eq!(landline.match_key(), None);
        prop_assert_eq!(landline.canonical().len(), 13);
        for other in 1..=9u8 {
            let mobile = provider(&format!("55{area}9{other}{tail:07}")).unwrap();
            prop_assert_ne!(landline.identity_key(), mobile.identity_key());
            prop_assert_ne!(landline.canonical(), mobile.canonical());
        }
    }

    #[test]
    fn punctuation_and_trunk_say_nothing(area in prop::sample::select(AREAS.to_vec()), tail in 0..100_000_000u32) {
        let plain = provider(&format!("55{area}9{tail:08}")).unwrap();
        let (a, b) = (tail / 10_000, tail % 10_000);
        for typed in [format!("({area}) 9{a:04}-{b:04}"), format!("0{area}9{a:04}{b:04}"), format!("0 15 {area} 9{a:04}.{b:04}"),
            format!("+55 0{area} 9{a:04}-{b:04}")] {
            prop_assert_eq!(Phone::parse(&typed, Some("BR")), Some(plain.clone()), "{}", typed);
        }
    }

    #[test]
    fn nothing_makes_it_fall_over(raw in ".{0,40}", country in prop::option::of("[A-Z]{2}")) {
        let _ = Phone::parse(&raw, country.as_deref());
        let _ = other_form(&raw);
    }
}
