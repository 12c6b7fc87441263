//! Standard Webhooks signatures.

use chrono::{DateTime, Utc};
use outbound::signing::{IdError, SecretError, SignedHeaders, Signer, TOLERANCE, VerifyError, WebhookSecret};
use proptest::prelude::*;
use rstest::rstest;
use secrecy::ExposeSecret;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

fn signer() -> Signer {
    Signer::new(secret(SECRET), None)
}

fn signed() -> SignedHeaders {
    signer().sign(ID, at(), BODY).unwrap()
}

/// The published example of the reference libraries.
#[test]
fn the_reference_vector_holds() {
    let headers = signed();
    assert_eq!(headers.timestamp, "1614265330");
    assert_eq!(headers.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(signer().verify(&headers, BODY, at(), TOLERANCE), Ok(()));
}

#[test]
fn during_a_change_of_secrets_both_fit() {
    let changing = Signer::new(secret(OTHER), Some(secret(SECRET)));
    let both = changing.sign(ID, at(), BODY).unwrap();
    assert_eq!(both.signature.split(' ').count(), 2);
    for receiver in [signer(), Signer::new(secret(OTHER), None), changing.clone()] {
        assert_eq!(receiver.verify(&both, BODY, at(), TOLERANCE), Ok(()));
    }
    assert_eq!(changing.verify(&signed(), BODY, at(), TOLERANCE), Ok(()));
    let done = Signer::new(secret(OTHER), None);
    assert_eq!(done.verify(&signed(), BODY, at(), TOLERANCE), Err(VerifyError::Mismatch));
}

#[rstest]
#[case(SignedHeaders { id: "msg_other".into(), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { id: "a.b".into(), ..signed() }, VerifyError::Malformed)]
#[case(SignedHeaders { id: String::new(), ..signed() }, VerifyError::Malformed)]
#[case(SignedHeaders { timestamp: "1614265331".into(), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { timestamp: "+1614265330".into(), ..signed() }, VerifyError::Malformed)]
#[case(SignedHeaders { timestamp: "soon".into(), ..signed() }, VerifyError::Malformed)]
#[case(SignedHeaders { timestamp: "0".into(), ..signed() }, VerifyError::Timestamp)]
#[case(SignedHeaders { signature: String::new(), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { signature: signed().signature.replace("v1,", ""), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { signature: signed().signature.replace("v1,", "v1a,"), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { signature: "v1,".into(), ..signed() }, VerifyError::Mismatch)]
#[case(SignedHeaders { signature: "v1,g0hM9SsE".into(), ..signed() }, VerifyError::Mismatch)]
fn a_changed_header_is_not_believed(#[case] headers: SignedHeaders, #[case] expected: VerifyError) {
    assert_eq!(signer().verify(&headers, BODY, at(), TOLERANCE), Err(expected));
}

#[test]
fn unknown_versions_are_skipped() {
    let headers = SignedHeaders { signature: format!("v1a,x v2,y {}", signed().signature), ..signed() };
    assert_eq!(signer().verify(&headers, BODY, at(), TOLERANCE), Ok(()));
}

#[test]
fn the_window_is_five_minutes_to_either_side() {
    let verify = |seconds| signer().verify(&signed(), BODY, at() + chrono::Duration::seconds(seconds), TOLERANCE);
    assert_eq!((verify(300), verify(-300)), (Ok(()), Ok(())));
    assert_eq!((verify(301), verify(-301)), (Err(VerifyError::Timestamp), Err(VerifyError::Timestamp)));
}

#[test]
fn secrets_are_read_strictly() {
    let read = |text: &str| WebhookSecret::parse(text).map(|_| ()).unwrap_err();
    assert_eq!(read("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretError::Prefix);
    assert_eq!(read("whsec_not base64"), SecretError::Encoding);
    assert_eq!(read("whsec_AAAA"), SecretError::Length);
    assert_eq!(WebhookSecret::from_bytes(&[0; 65]).map(|_| ()).unwrap_err(), SecretError::Length);
    assert_eq!(secret(SECRET).to_text().expose_secret(), SECRET);
}

#[test]
fn ids_with_a_dot_are_not_signed() {
    for id in ["", "a.b", "a b", "a\nb", "é"] {
        assert_eq!(signer().sign(id, at(), BODY), Err(IdError), "{id:?}");
    }
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_a_flipped_bit_does_not(
        key in prop::collection::vec(any::<u8>(), 24..=64),
        id in "[!-\\-/-~]{1,40}",
        seconds in 0_i64..4_000_000_000,
        body in prop::collection::vec(any::<u8>(), 1..200),
        flip in any::<prop::sample::Index>(),
    ) {
        let signer = Signer::new(WebhookSecret::from_bytes(&key).unwrap(), None);
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let headers = signer.sign(&id, at, &body).unwrap();
        prop_assert_eq!(signer.verify(&headers, &body, at, TOLERANCE), Ok(()));
        let mut changed = body.clone();
        changed[flip.index(body.len())] ^= 1;
        prop_assert_eq!(signer.verify(&headers, &changed, at, TOLERANCE), Err(VerifyError::Mismatch));
    }
}
