//! The signature over the raw bytes of a webhook.

use channels::whatsapp::signature::{SignatureError, appsecret_proof, sign, verify};
use proptest::prelude::*;
use serde_json::Value;

use crate::fixtures;

#[test]
fn every_vector_gets_its_verdict() {
    let file = fixtures::value("signature_vectors.json");
    let secret = file["app_secret"].as_str().unwrap().as_bytes();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let header = vector["value"].as_str().map(str::as_bytes);
        let verdict = verify(header, vector["raw_body"].as_str().unwrap().as_bytes(), &[secret]);
        // Upper case digits are our choice: they are accepted.
        let wanted = vector["valid"].as_bool().unwrap_or(true);
        assert_eq!(verdict.is_ok(), wanted, "{}: {verdict:?}", vector["name"]);
    }
}

#[test]
fn each_defect_has_its_name() {
    let good = sign(b"secret", b"body");
    let check = |header: Option<&str>| verify(header.map(str::as_bytes), b"body", &[b"secret"]);
    assert_eq!(check(None), Err(SignatureError::Missing));
    for bad in ["", "sha256=", "sha256", &good[7..], &format!(" {good}"), &format!("{good}00"), &good[..70]] {
        assert_eq!(check(Some(bad)), Err(SignatureError::Malformed), "{bad}");
    }
    assert_eq!(check(Some(&sign(b"other", b"body"))), Err(SignatureError::Mismatch));
    assert_eq!(check(Some(&good)), Ok(()));
}

#[test]
fn the_previous_secret_is_good_as_long_as_it_is_given() {
    let header = sign(b"old", b"body");
    assert_eq!(verify(Some(header.as_bytes()), b"body", &[b"new", b"old"]), Ok(()));
    assert_eq!(verify(Some(header.as_bytes()), b"body", &[b"new"]), Err(SignatureError::Mismatch));
}

#[test]
fn without_a_secret_nothing_is_genuine() {
    let header = sign(b"", b"body");
    assert_eq!(verify(Some(header.as_bytes()), b"body", &[b""]), Err(SignatureError::Mismatch));
    assert_eq!(verify(Some(header.as_bytes()), b"body", &[]), Err(SignatureError::Mismatch));
}

#[test]
fn the_proof_of_a_token_is_its_hmac() {
    // RFC 4231, test case 2.
    assert_eq!(
        appsecret_proof(b"Jefe", "what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn reserialising_a_fixture_breaks_its_signature() {
    let raw = fixtures::bytes("in_text.json");
    let header = sign(b"secret", &raw);
    let again = serde_json::to_vec(&serde_json::from_slice::<Value>(&raw).unwrap()).unwrap();
    assert_eq!(verify(Some(header.as_bytes()), &again, &[b"secret"]), Err(SignatureError::Mismatch));
}

proptest! {
    #[test]
    fn what_we_sign_is_genuine_and_one_flipped_bit_is_not(
        secret in prop::collection::vec(any::<u8>(), 1..200),
        body in prop::collection::vec(any::<u8>(), 1..200),
        bit in any::<prop::sample::Index>(),
    ) {
        let header = sign(&secret, &body);
        prop_assert_eq!(verify(Some(header.as_bytes()), &body, &[&secret]), Ok(()));
        let mut forged = body.clone();
        let bit = bit.index(body.len() * 8);
        forged[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(verify(Some(header.as_bytes()), &forged, &[&secret]), Err(SignatureError::Mismatch));
    }

    #[test]
    fn any_header_gets_a_verdict(header in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(verify(Some(&header), b"body", &[b"secret"]).is_err());
    }
}
